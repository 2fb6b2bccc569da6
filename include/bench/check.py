"""Is the target exactly as it must be? Rows missing, extra, wrong, twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KEY = ("msdynce_productnumber", "msdynce_warehouseid")
LEVELS = ("msdynce_onhandquantity", "msdynce_onorderquantity", "msdynce_orderedquantity")
LOOKUPS = ("msdynce_product", "msdynce_warehouse")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How many keys are not there, not wanted, there with other content, and there more than once."""

    missing: int
    extra: int
    wrong: int
    twice: int

    @property
    def exact(self) -> bool:
        """Whether the target holds what it must and nothing else."""
        return self == Verdict(0, 0, 0, 0)


def verdict(expected: Iterable[Row], found: Iterable[Row]) -> Verdict:
    """Compare two states of the stock table; case of keys and ids does not count, as it does not in Dataverse."""
    wanted = {_key(row): _content(row) for row in expected}
    counts: Counter[tuple[str, ...]] = Counter()
    wrong = set()
    for row in found:
        key = _key(row)
        counts[key] += 1
        if key in wanted and _content(row) != wanted[key]:
            wrong.add(key)
    return Verdict(
        missing=len(wanted.keys() - counts.keys()),
        extra=len(counts.keys() - wanted.keys()),
        wrong=len(wrong),
        twice=sum(count > 1 for count in counts.values()),
    )


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]).casefold() for name in KEY)


def _content(row: Row) -> tuple[Any, ...]:
    levels = [None if row.get(name) is None else float(row[name]) for name in LEVELS]
    return *levels, *(str(row.get(name)).lower() for name in LOOKUPS)
