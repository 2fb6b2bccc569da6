"""Bring the texts of a delimited file into stored forms: the step from the source into staging.

Values are in the fixed en-US form and in UTC, as the source data format of an integration has to say. A row that does
not fit its columns stays behind here, before any business rule sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.finops.packages.intake import BadPackage, DataFile
from sandbox.finops.packages.targets import Target
from sandbox.finops.schema import Property
from sandbox.finops.store import fold
from sandbox.finops.values import utc_text

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WHOLE = re.compile(r"-?\d{1,18}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?Z?)?")


@dataclass(frozen=True)
class Refusal:
    """A line that did not get into staging. :param record: its first key value, empty where it cannot be told."""

    line: tuple[str, ...]
    reason: str
    record: str


@dataclass
class Staged:
    """The rows of one file in staging.

    :param rows: texts of the key, and stored forms by property; :param refused: lines that did not get here.
    """

    file: DataFile
    target: Target
    rows: list[tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def stage(file: DataFile, target: Target) -> Staged:
    """Bring a file into staging. :raises BadPackage: a column that the entity does not have, or a key not mapped."""
    unknown = [name for name in file.fields.values() if name not in target.columns]
    if unknown:
        raise BadPackage(f"{file.label}: the entity has no field '{unknown[0]}'.")
    absent = [name for name in target.key if name not in file.fields.values()]
    if absent:
        raise BadPackage(f"{file.label}: the key field '{absent[0]}' is not mapped.")
    staged = Staged(file, target)
    known: set[tuple[Any, ...]] = set()
    for line in file.lines:
        try:
            texts = _by_field(file, line)
            values = {name: _stored(target.columns[name], text) for name, text in texts.items()}
            key = tuple(fold(values[name]) for name in target.key)
            if key in known:
                raise ValueError("A row with the same key is already in staging.")
        except ValueError as error:
            staged.refused.append(Refusal(line, str(error), _record(file, target, line)))
            continue
        known.add(key)
        row = {target.columns[name].name: value for name, value in values.items()}
        staged.rows.append((tuple(texts[name] for name in target.key), row))
    return staged


def _by_field(file: DataFile, line: tuple[str, ...]) -> dict[str, str]:
    """Give the texts of a line by column of the entity. :raises ValueError: too many or too few."""
    if len(line) != len(file.heading):
        raise ValueError(f"The row has {len(line)} values for {len(file.heading)} columns.")
    texts = dict(zip(file.heading, line, strict=True))
    return {name: texts[column] for column, name in file.fields.items()}


def _record(file: DataFile, target: Target, line: tuple[str, ...]) -> str:
    texts = dict(zip(file.heading, line, strict=False))
    by_field = {name: texts.get(column, "") for column, name in file.fields.items()}
    return by_field[target.key[0]]


def _stored(item: Property, text: str) -> Any:
    if text == "":
        return item.default
    try:
        return _CONVERTERS[item.kind](item, text)
    except ValueError as error:
        raise ValueError(f"The value '{text}' of field '{item.name}' {error}") from None


def _text(item: Property, text: str) -> str:
    if item.max_length is not None and len(text) > item.max_length:
        raise ValueError(f"is longer than {item.max_length} characters.")
    return text


def _member(item: Property, text: str) -> str:
    """Take a member by name in any case, or by number."""
    members: Mapping[str, int] = item.enum.members if item.enum is not None else {}
    for name, number in members.items():
        if text.lower() == name.lower() or text == str(number):
            return name
    raise ValueError("is no member of the enumeration.")


def _real(_item: Property, text: str) -> Decimal:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("is no number.")
    return Decimal(text)


def _whole(_item: Property, text: str) -> int:
    if _WHOLE.fullmatch(text) is None:
        raise ValueError("is no whole number.")
    return int(text)


def _moment(_item: Property, text: str) -> str:
    if _MOMENT.fullmatch(text) is None:
        raise ValueError("is no date and time.")
    try:
        return utc_text(text)
    except ValueError:
        raise ValueError("is no date and time.") from None


def _day(item: Property, text: str) -> str:
    return f"{_moment(item, text)[:10]}T12:00:00Z"


_CONVERTERS: dict[str, Callable[[Property, str], Any]] = {
    "String": _text,
    "Enum": _member,
    "Int32": _whole,
    "Int64": _whole,
    "Real": _real,
    "Date": _day,
    "UtcDateTime": _moment,
}
