"""Describe a mapping in words and tables that a consultant can read, check and sign.

The same text is shown in Airflow as the documentation of the DAG, so what is signed is what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Words

from fs_integration.spec.inert import inert
from fs_integration.spec.mapping import Mapping, MappingTask, Remark
from fs_integration.spec.wording import (
    SYSTEMS,
    code,
    condition,
    enrichment,
    expectation,
    listed,
    origin,
    pairs,
    preparation,
    steps,
    target_column,
    value,
)

STAGES = {"raw": "as read", "shaped": "as written"}
SIGNATURE = [
    "## Agreed",
    "",
    *["| Role | Name | Date | Signature |", "|---|---|---|---|"],
    *[f"| {role} | | | |" for role in ("Functional consultant", "Owner of the source", "Owner of the target")],
]


def describe_markdown(mapping: Mapping, *, functions: Words[str, str] | None = None, signature: bool = False) -> str:
    """Return the description of a mapping as Markdown.

    :param functions: what each named function does, by name; they live beyond this room.
    :param signature: end with a table to sign.
    """
    mapping = inert(mapping)
    lines = [f"# {mapping.title}", ""]
    lines += [mapping.description, ""] if mapping.description else []
    if mapping.extends:
        lines += [f"Extends the standard mapping {code(mapping.extends)}, version {mapping.version}.", ""]
    if mapping.requires:
        lines += [f"Runs after: {', '.join(mapping.requires)}.", ""]
    if mapping.settings:
        lines += ["## Settings of each company", ""]
        lines += _table(("Setting", "Decides", "Value when none is given", "Allowed", "Basis"), _settings(mapping))
    for task in mapping.tasks:
        lines += _task(task, functions or {})
    if mapping.value_maps:
        lines += ["## Value maps", ""]
        lines += _table(("Name", "Entries"), ((code(name), pairs(map_)) for name, map_ in mapping.value_maps.items()))
    lines += SIGNATURE if signature else []
    return "\n".join(lines).rstrip() + "\n"


def _task(task: MappingTask, functions: Words[str, str]) -> list[str]:
    key = task.target.key
    fields = (
        (target_column(rule, key), origin(rule), steps(rule, task, functions), rule.basis) for rule in task.fields
    )
    quality = ((STAGES[rule.stage], expectation(rule), rule.reason, rule.basis) for rule in task.quality)
    return [
        f"## {task.title}", "",
        *(["This task is switched off; it does not run.", ""] if not task.enabled else []),
        *(["### Before the run", "", *_bullets(_prepared(task)), ""] if task.preflight else []),
        "### What is read", "",
        *_bullets(_reads(task)), "",
        "### Columns", "",
        *_table(("Column written", "Comes from", "On the way", "Basis"), fields),
        "### Checks", "",
        *_table(("Rows", "Expected", "Why", "Basis"), quality),
        "### What is written", "",
        *_bullets(_writes(task)), "",
    ]  # fmt: skip


def _settings(mapping: Mapping) -> Iterable[Sequence[str]]:
    for name, setting in mapping.settings.items():
        given = "none: each company must give it" if setting.required else value(setting.default)
        allowed = ", ".join(map(value, setting.one_of)) or "any"
        note = f" ({setting.note.rstrip('.')})" if setting.note else ""
        yield code(name), f"{setting.description}{note}", given, allowed, setting.basis


def _prepared(task: MappingTask) -> Iterable[str]:
    for check in task.preflight:
        yield preparation(check, task) + _remark(check)


def _reads(task: MappingTask) -> Iterable[str]:
    source = task.source
    company = f", company by company ({code(source.company_field)})" if source.company_field else ""
    yield f"Reads {code(source.entity)} of {SYSTEMS[source.system]}{company}, one row per {listed(source.key)}."
    if source.route == "package" and source.package is not None:
        package = source.package
        yield f"Route: the data package {code(package.project)} with the data entity {code(package.data_entity)}."
    if source.changed_since is not None:
        since = source.changed_since
        overlap = f"with {since.overlap_minutes} minutes of overlap"
        yield f"Only rows whose {code(since.field)} changed, {overlap}.{_remark(since)}"
    else:
        yield "Reads all rows every time; only those that differ from what was last written are written."
    for rule in source.where:
        yield f"Only rows where {condition(rule)}; the others are not read.{_remark(rule)}"
    for step in source.enrich:
        yield enrichment(step, task) + _remark(step)
    if source.group is not None:
        group = source.group
        yield f"Rows with the same {listed(group.by)} become one; {listed(group.sum)} are added up.{_remark(group)}"
    if source.document is not None:
        yield (
            f"Rows with the same {code(source.document)} are one document: when one of its rows is held back, none "
            "travels."
        )
    for keep in source.keep:
        ends = {"skip": "skipped", "reject": "quarantined", "block": "blocked"}[keep.otherwise]
        yield f"Rows go on where {condition(keep)}; the others are {ends}: {keep.reason}{_remark(keep)}"


def _writes(task: MappingTask) -> Iterable[str]:
    target = task.target
    found = "updated" if target.when_found == "update" else "left as they are"
    where = f"{code(target.table)} of {SYSTEMS[target.system]}"
    yield f"Writes {where} by {listed(target.key)}; rows found there are {found}."
    yield from _route(task)
    for wanted in target.create_when:
        yield f"A row that is not there yet is created only where {condition(wanted)}; else skipped.{_remark(wanted)}"
    for rule in target.protect:
        yield f"Never touches a row where {condition(rule)}: {rule.reason}{_remark(rule)}"
    if target.vanished is not None:
        zeros = ", ".join(f"{code(name)} = {value(constant)}" for name, constant in target.vanished.set.items())
        limit = target.vanished.max_percent
        yield (
            f"A row that is no longer in the source is written once more with {zeros}; when more than {limit} % of all "
            f"rows are gone, nothing is loaded.{_remark(target.vanished)}"
        )
    limits = task.thresholds
    yield (
        f"Nothing is loaded when more than {limits.max_percent} % of the rows and more than {limits.min_rows} rows are "
        "quarantined."
    )
    yield (
        f"Nor when a read of everything brings more than {limits.max_drop_percent} % and more than {limits.min_rows} "
        "rows fewer than before."
    )
    yield from _kept(task)
    if target.compare == "none":
        yield "Afterwards nothing is read back."
        return
    compared = {"written": "the rows written in the run", "all": "all rows"}[target.compare]
    yield f"Afterwards {compared} are read back and compared with what was sent; {target.max_drift} may differ."


def _kept(task: MappingTask) -> Iterable[str]:
    rule = task.quarantine
    if rule.mask:
        yield f"The quarantine and the Data Docs show `***` in place of {listed(rule.mask)}.{_remark(rule)}"
    if rule.keep_days is not None:
        yield f"What the quarantine holds of a row is removed {rule.keep_days} days after it was last reported."


def _route(task: MappingTask) -> Iterable[str]:
    target = task.target
    if target.header is not None:
        yield (
            f"Each document has a header in {code(target.header.table)}, found by {listed(target.header.key)}; header "
            "and rows are written together or not at all."
        )
    package = target.package
    if package is None:
        return
    sent = ", ".join(code(name) if name == file else f"{code(name)} as {code(file)}"
                     for name, file in package.columns.items())  # fmt: skip
    written = "Written" if target.route == "package" else "Written by OData. `route: package` would write"
    yield f"{written} by the data package {code(package.project)}, entity {code(package.data_entity)}, with {sent}."


def _remark(line: Remark) -> str:
    said = [line.note.rstrip(".")] if line.note else []
    said += [line.basis.value] if line.basis.value != "documented" else []
    return f" ({'; '.join(said)})" if said else ""


def _bullets(sentences: Iterable[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *lines, ""] if lines else ["None.", ""]


def _cell(text: str) -> str:
    """Return text that does not break out of its cell."""
    return text.replace("|", "\\|").replace("\n", " ")
