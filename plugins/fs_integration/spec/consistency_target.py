"""Find contradictions in what a task writes: key, vanished rows, header, package, and words of the other system."""

from __future__ import annotations

from collections.abc import Iterator

from fs_integration.spec.advice import nearest, nearest_or_all
from fs_integration.spec.columns import HEADER
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Contradiction
from fs_integration.spec.mapping import FieldRule, MappingTask, Target

ROUTES = ("odata", "package")
COMPANY = "dataAreaId"  # names the company in every row of F&O; a package file does not carry it
OF_FINANCE_OPERATIONS = ("route", "package", "header")
OF_DATAVERSE = ("addressed_by", "write")


def target_contradictions(task: MappingTask) -> Iterator[Contradiction]:
    """Yield what contradicts itself in ``target``, and in the field rules as far as they depend on it."""
    yield from _doubled_rules(task)
    yield from _words_of_the_other_system(task)
    yield from _key(task)
    yield from _vanished(task)
    yield from _create_when(task)
    yield from _header(task)
    yield from _package(task)


def written(task: MappingTask) -> list[str]:
    """Return the columns that field rules write, those of the document's header left out."""
    return [rule.to for rule in task.fields if not rule.to.startswith(HEADER)]


def _doubled_rules(task: MappingTask) -> Iterator[Contradiction]:
    seen: set[tuple[str, str]] = set()
    for number, rule in enumerate(task.fields):
        own = {(rule.to, route) for route in ROUTES if rule.route in (None, route)}
        if own & seen:
            yield ("fields", number, "to"), f"The target column `{rule.to}` is given twice.", "Remove one of the two."
        seen |= own


def _words_of_the_other_system(task: MappingTask) -> Iterator[Contradiction]:
    target = task.target
    is_dataverse = target.system == "dataverse"
    for word in OF_FINANCE_OPERATIONS if is_dataverse else OF_DATAVERSE:
        if word in target.model_fields_set and getattr(target, word) is not None:
            other = "Finance & Operations" if is_dataverse else "Dataverse"
            yield ("target", word), f"`{word}` is for targets in {other}.", f"Remove `{word}`."
    for number, rule in enumerate(task.fields):
        if is_dataverse and rule.route is not None:
            yield ("fields", number, "route"), "Dataverse is written to by one route only.", "Remove `route`."


def _key(task: MappingTask) -> Iterator[Contradiction]:
    columns = written(task)
    for position, name in enumerate(task.target.key):
        if name not in columns:
            advice = nearest(name, columns) or f"Add a field rule with `to: {name}`."
            yield ("target", "key", position), f"No field rule writes the key column `{name}`.", advice


def _vanished(task: MappingTask) -> Iterator[Contradiction]:
    if task.target.vanished is None:
        return
    columns = written(task)
    for name in task.target.vanished.set:
        if name not in columns or name in task.target.key:
            yield (
                ("target", "vanished", "set", name),
                f"`{name}` is not a column the mapping writes beside the key.",
                nearest_or_all(name, columns),
            )
    if task.source.changed_since is not None:
        yield (
            ("target", "vanished"),
            "With `changed_since` only changed rows are read, so no row can be seen to vanish.",
            "Remove one of the two.",
        )


def _create_when(task: MappingTask) -> Iterator[Contradiction]:
    columns = [rule.to for rule in task.fields]
    for number, rule in enumerate(task.target.create_when):
        for name in rule.fields:
            if name not in columns:
                yield (
                    ("target", "create_when", number),
                    f"`{name}` is not a column the mapping writes.",
                    nearest(name, columns) or "Conditions here look at the row as it would be written.",
                )


def _header(task: MappingTask) -> Iterator[Contradiction]:
    header, lines = task.target.header, written(task)
    for number, rule in enumerate(task.fields):
        if not rule.to.startswith(HEADER):
            continue
        path: KeyPath = ("fields", number, "to")
        if header is None:
            yield path, f"`{rule.to}` belongs to a header, but the target has none.", "Add `header:` to the target."
        elif rule.to.removeprefix(HEADER) in header.key:
            yield path, "A key column of the header takes the value of the line.", "Remove this rule."
    if header is None:
        return
    for position, name in enumerate(header.key):
        if name not in lines:
            yield (
                ("target", "header", "key", position),
                f"No field rule for the lines writes `{name}`, so lines and header cannot be put together.",
                nearest(name, lines) or f"Add a field rule with `to: {name}`.",
            )
    if task.source.document is None:
        message = "A document is written as a whole, but nothing says which source rows are one document."
        yield ("target", "header"), message, "Add `document:` to the source."


def _package(task: MappingTask) -> Iterator[Contradiction]:
    target = task.target
    if target.package is None:
        yield from _package_rules_without_package(task)
        return
    sent = {rule.to: rule for rule in task.fields if rule.route in (None, "package")}
    for name in target.package.columns:
        if name not in sent:
            advice = nearest(name, sent) or "Add a field rule for it, or remove it."
            yield ("target", "package", "columns", name), f"No field rule writes `{name}` for the package.", advice
    yield from _not_in_package(task, target)
    columns = list(target.package.columns.values())
    for name, column in target.package.columns.items():
        if columns.count(column) > 1:
            message = f"The column `{column}` of the file is filled twice."
            yield ("target", "package", "columns", name), message, "Remove one of the two."


def _not_in_package(task: MappingTask, target: Target) -> Iterator[Contradiction]:
    sent = target.package.columns if target.package else {}
    for position, name in enumerate(target.key):
        if name not in sent and name != COMPANY:
            message = f"The package does not carry the key column `{name}`."
            yield ("target", "key", position), message, "Add it to `columns` of the package."
    for number, rule in enumerate(task.fields):
        if rule.route == "package" and rule.to not in sent:
            message = f"`{rule.to}` is for the package only, but the package does not carry it."
            yield ("fields", number, "to"), message, nearest(rule.to, sent) or "Add it to `columns` of the package."


def _package_rules_without_package(task: MappingTask) -> Iterator[Contradiction]:
    for number, rule in enumerate(task.fields):
        if rule.route == "package" and task.target.system == "finance_operations":
            message = "The target has no package, so this rule never holds."
            yield ("fields", number, "route"), message, "Add `package:` to the target, or remove the rule."


def misplaced_prefix(rule: FieldRule) -> bool:
    """Tell whether a company prefix is to be put before a constant that is no text."""
    return (
        rule.company_prefix is not None and rule.from_ is None and rule.fn is None and not isinstance(rule.value, str)
    )
