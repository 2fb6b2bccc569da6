"""Value objects that travel between the rooms. Standard library only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Where a row read from the source ends: in exactly one of these (docs/concepts.md, "Every row accounted for")."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    QUARANTINED = "quarantined"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Scope:
    """One mapping task for one legal entity: the unit of watermarks, fingerprints and books."""

    mapping: str
    task: str
    legal_entity: str

    def __str__(self) -> str:
        return f"{self.mapping}/{self.task}/{self.legal_entity}"

    @property
    def area(self) -> str:
        """Name of the lease that a run holds while it writes, for all its companies at once."""
        return f"{self.mapping}/{self.task}"


@dataclass(frozen=True)
class Interval:
    """The window a run reads: closed start, open end, aware UTC datetimes. ``start`` None means from the beginning."""

    start: datetime | None
    end: datetime


@dataclass(frozen=True)
class BatchRef:
    """A reference to one staged batch. Only this crosses XCom, as ``to_dict()``; rows never do.

    :param stage: ``01_raw``, ``02_rejected``, ``03_shaped`` or ``05_outcome``; references live under ``00_reference``.
    :param number: 0-based number of the batch inside its run and stage.
    :param uri: place of the Parquet file below the staging root, with forward slashes.
    :param rows: number of rows in the file.
    :param checksum: SHA-256 of the file, hexadecimal.
    """

    mapping: str
    task: str
    legal_entity: str
    run_key: str
    stage: str
    number: int
    uri: str
    rows: int
    checksum: str

    @property
    def scope(self) -> Scope:
        return Scope(self.mapping, self.task, self.legal_entity)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> BatchRef:
        return cls(**value)
