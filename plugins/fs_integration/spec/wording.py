"""Say each word of a mapping as a sentence or half a sentence that a consultant can check."""

from __future__ import annotations

import re
from collections.abc import Mapping as Words
from collections.abc import Sequence

from fs_integration.spec.columns import HEADER, SETTINGS
from fs_integration.spec.mapping import (
    Condition,
    Enrich,
    FieldRule,
    Lookup,
    MappingTask,
    Otherwise,
    Preflight,
    QualityRule,
    Reference,
    Scalar,
)

SYSTEMS = {"finance_operations": "Finance & Operations", "dataverse": "Dataverse"}
OTHERWISE = {
    Otherwise.REJECT: "quarantine the row",
    Otherwise.BLOCK: "hold the row until its parent arrives",
    Otherwise.SKIP: "leave the row out",
    Otherwise.NULL: "leave the column empty",
    Otherwise.KEEP: "take the value as it is",
}
PREFIX = {
    "add": "the company's key prefix is put before it",
    "remove": "the company's key prefix is taken away where it is there",
}
ROUTES = {"odata": "only when written by OData", "package": "only in the package file"}
FAILING = {"reject_row": "the row is quarantined", "stop_batch": "nothing is loaded", "warn": "a warning is shown"}


def code(text: object) -> str:
    """Return a name or value as the file spells it; more backticks stand around it than it holds in a row."""
    spelled = str(text).replace("\n", " ")
    if "`" not in spelled:
        return f"`{spelled}`"
    around = "`" * (max(map(len, re.findall("`+", spelled))) + 1)
    return f"{around} {spelled} {around}"


def value(constant: Scalar) -> str:
    """Return a constant as the file spells it."""
    if constant is None:
        return "empty"
    return code(str(constant).lower() if isinstance(constant, bool) else constant)


def listed(names: Sequence[str]) -> str:
    """Return names as code, separated by commas."""
    return ", ".join(map(code, names))


def column(name: str) -> str:
    """Return a source column; a setting is said as what it is."""
    if name.startswith(SETTINGS):
        return f"the company's setting {code(name.removeprefix(SETTINGS))}"
    return code(name)


def columns(names: Sequence[str]) -> str:
    """Return source columns, separated by commas."""
    return ", ".join(map(column, names))


def condition(rule: Condition) -> str:
    """Say a condition, for example ``WarehouseType is Standard``."""
    if rule.any_of:
        return "either " + " or ".join(map(condition, rule.any_of))
    given, name = rule.model_fields_set, column(rule.field)
    if "is_" in given:
        return f"{name} is {value(rule.is_)}"
    if "is_not" in given:
        return f"{name} is not {value(rule.is_not)}"
    if "in_" in given:
        return f"{name} is one of {', '.join(map(value, rule.in_))}"
    if rule.same_as is not None:
        return f"{name} is the same as {column(rule.same_as)}"
    if rule.differs_from is not None:
        return f"{name} is not the same as {column(rule.differs_from)}"
    bounds = ((rule.at_least, "at least"), (rule.at_most, "at most"))
    return f"{name} is " + " and ".join(f"{word} {value(bound)}" for bound, word in bounds if bound is not None)


def place(reference: Reference) -> str:
    """Say where a reference looks."""
    name = code(reference.entity)
    if reference.system == "ledger":
        return f"the keys that {name} has written"
    if reference.system == "value_map":
        return f"the value map {name}"
    return f"{name} of the company" if reference.same_company else name


def only_where(reference: Reference) -> str:
    """Say which rows of a reference count; nothing when all do."""
    return f", only where {' and '.join(map(condition, reference.where))}" if reference.where else ""


def enrichment(step: Enrich, task: MappingTask) -> str:
    """Say what a step adds to the source rows."""
    reference = task.references[step.reference]
    added = ", ".join(
        code(name) if name == taken else f"{code(name)} (there {code(taken)})" for name, taken in step.add.items()
    )
    prefix = f"; {PREFIX[step.company_prefix]}" if step.company_prefix else ""
    missing = OTHERWISE[step.otherwise] + (f": {step.reason.rstrip('.')}" if step.reason else "")
    return (
        f"Add {added} from {place(reference)}{only_where(reference)}, matched by {columns(step.by)}{prefix}. "
        f"Without a match: {missing}."
    )


def preparation(check: Preflight, task: MappingTask) -> str:
    """Say what must be set up before anything is read."""
    reference = task.references[check.reference]
    rows = "1 row" if check.min_rows == 1 else f"{check.min_rows} rows"
    number = f"exactly {rows}" if check.min_rows == check.max_rows else f"at least {rows}"
    if check.max_rows is not None and check.max_rows != check.min_rows:
        number += f" and at most {check.max_rows}"
    return f"{place(reference)} must have {number}{only_where(reference)}. Else nothing is read: {check.reason}"


def origin(rule: FieldRule) -> str:
    """Say where a value comes from."""
    if rule.from_ is not None:
        return column(rule.from_)
    if rule.fn is not None:
        return f"function {code(rule.fn)} of {columns(rule.args)}"
    return f"always {value(rule.value)}"


def steps(rule: FieldRule, task: MappingTask, functions: Words[str, str]) -> str:
    """Say what happens to a value on its way, step by step."""
    said = [functions.get(rule.fn or "", "").rstrip(".")]
    said += [PREFIX[rule.company_prefix]] if rule.company_prefix else []
    said += [f"empty becomes {value(rule.default)}"] if rule.default is not None else []
    said += [_mapped(rule)] if rule.value_map is not None else []
    said += [_looked_up(rule.lookup, task)] if rule.lookup is not None else []
    if rule.value_map is not None or rule.lookup is not None:
        said.append(f"without an answer: {OTHERWISE[rule.otherwise]}{f' ({_reason(rule)})' if rule.reason else ''}")
    elif rule.reason:
        said.append(f"a row that is refused is told: {_reason(rule)}")
    said += [f"rounded half to even to {rule.round} decimals"] if rule.round is not None else []
    said += _clamped(rule)
    if rule.max_length is not None or rule.too_long == "truncate":
        limit = f"{rule.max_length} characters" if rule.max_length else "the length of the column"
        said.append(f"longer than {limit}: {'cut' if rule.too_long == 'truncate' else 'quarantine the row'}")
    said += ["written on create only"] if rule.only_on_create else []
    said += [ROUTES[rule.route]] if rule.route else []
    said += ["not compared afterwards, because the target changes it by its own rules"] if not rule.compare else []
    said += [rule.note.rstrip(".")] if rule.note else []
    return "; ".join(part for part in said if part) or "taken as it is"


def _reason(rule: FieldRule) -> str:
    return rule.reason.rstrip(".")


def _mapped(rule: FieldRule) -> str:
    passing = ", other values go on as they are" if rule.unmapped == "keep" else ""
    if isinstance(rule.value_map, str):
        return f"value map {code(rule.value_map)}{passing}"
    return f"value map {pairs(rule.value_map or {})}{passing}"


def pairs(value_map: Words[str, Scalar]) -> str:
    """Say a value map."""
    return ", ".join(f"{code(key)} → {value(answer)}" for key, answer in value_map.items()) or "no entries"


def _looked_up(lookup: Lookup, task: MappingTask) -> str:
    reference = task.references[lookup.reference]
    own = [name for name in reference.key if name not in lookup.within]
    within = "".join(f", within {code(column)}" for column in lookup.within.values())
    found = f"row of {place(reference)} whose {listed(own)} is this{within}{only_where(reference)}"
    return f"{found}, of which {code(lookup.take)}"


def _clamped(rule: FieldRule) -> list[str]:
    if rule.clamp is None:
        return []
    bounds = ((rule.clamp.min, "not below"), (rule.clamp.max, "not above"))
    return [f"{word} {bound}" for bound, word in bounds if bound is not None]


def target_column(rule: FieldRule, key: Sequence[str]) -> str:
    """Return a target column with its marks."""
    name, is_header = rule.to.removeprefix(HEADER), rule.to.startswith(HEADER)
    marks = ["key"] if rule.to in key else ["required"] if rule.required else []
    marks += ["of the header"] if is_header else []
    return code(name) + (f" ({', '.join(marks)})" if marks else "")


def expectation(rule: QualityRule) -> str:
    """Say what a quality rule expects."""
    name = listed([rule.field] if rule.field else rule.fields)
    between = " and ".join(
        f"{word} {bound:,}" for bound, word in ((rule.min, "at least"), (rule.max, "at most")) if bound is not None
    )
    said = {
        "not_null": f"{name} has a value",
        "unique": f"{name} occurs once",
        "max_length": f"{name} has at most {rule.max} characters",
        "between": f"{name} is {between}",
        "one_of": f"{name} is one of {', '.join(map(value, rule.values))}",
        "matches": f"{name} looks like {code(rule.pattern)}",
        "decimals_at_most": f"{name} has at most {rule.max} decimals",
        "row_count_between": f"the number of rows is {between}",
        "row_count_change": f"at most {rule.max_drop_percent} % fewer rows than in the last successful run",
    }
    return f"{said[rule.expect]}, else {FAILING[rule.failing]}"
