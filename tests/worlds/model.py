"""What a random world is, and what a plain reference says must become of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]

WRITTEN, QUARANTINED, SKIPPED, BLOCKED = "written", "quarantined", "skipped", "blocked"


@dataclass
class Company:
    """One company of a world, as its connection set describes it.

    :param maps: entries over the mapping's value maps, by name of the map.
    """

    name: str
    prefix: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    maps: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """Name of its business unit."""
        return self.name.upper()


@dataclass
class World:
    """Rows of both systems by entity set, and the companies served.

    :param secured_columns: whether the integration may read the secured columns of work order lines.
    """

    companies: list[Company]
    secured_columns: bool = False
    finops: Tables = field(default_factory=dict)
    dataverse: Tables = field(default_factory=dict)

    def tables(self, system: str) -> Tables:
        return self.finops if system == "finops" else self.dataverse


@dataclass
class Target:
    """A table of the target: its key, and what must stand in the written rows."""

    system: str
    entity_set: str
    key: tuple[str, ...]
    rows: dict[tuple[str, ...], Row] = field(default_factory=dict)

    def put(self, row: Row) -> None:
        self.rows[self.key_of(row)] = row

    def key_of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the key of a row as the services compare it."""
        return tuple(plain_text(row[name]).lower() for name in self.key)


@dataclass
class Verdict:
    """What the reference says of one mapping task.

    :param fates: company and source key -> outcome of that row; a row that is not read does not occur.
    :param groups: source key -> name of the group it is added up in, for rows that are added up.
    """

    task: str
    targets: list[Target]
    fates: dict[tuple[str, str], str] = field(default_factory=dict)
    groups: dict[tuple[str, str], str] = field(default_factory=dict)

    def settle(self, company: str, key: str, outcome: str) -> None:
        """Note the outcome of a source row."""
        assert (company, key) not in self.fates, f"the reference met {company} {key} twice"
        self.fates[company, key] = outcome


def plain_text(value: Any) -> str:
    """Return a key value as text; whole numbers lose their zeros after the point."""
    if isinstance(value, str):
        return value
    return f"{float(value):g}"


def trimmed(value: Any) -> Any:
    """Return text without spaces around it; empty text counts as missing."""
    if isinstance(value, str):
        return value.strip() or None
    return value


def same(first: Any, second: Any) -> bool:
    """Compare two texts as both services do."""
    left, right = trimmed(first), trimmed(second)
    return left is not None and right is not None and str(left).lower() == str(right).lower()


def repeated(values: Iterable[Any]) -> set[str]:
    """Return the texts, in lower case, that occur more than once; missing ones never do."""
    seen: set[str] = set()
    twice: set[str] = set()
    for value in values:
        text = trimmed(value)
        if text is not None:
            folded = str(text).lower()
            (twice if folded in seen else seen).add(folded)
    return twice
