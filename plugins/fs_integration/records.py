"""Value objects that travel between the rooms. Standard library and our errors only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from fs_integration.errors import StagingDamaged


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
    def lease(self) -> str:
        """Name of the right to write; Finance & Operations does not tell `usmf` from `USMF`."""
        return f"{self.mapping}/{self.task}/{self.legal_entity.lower()}"


@dataclass(frozen=True)
class Environment:
    """One environment of one service, as far as it can be told from a copy of it.

    :param system: ``finance_operations`` or ``dataverse``; :param tenant: directory id, empty when it is not known.
    :param identity: id that the environment gives itself, empty where it gives none.
    """

    system: str
    address: str
    tenant: str = ""
    identity: str = ""

    def is_same(self, other: Environment) -> bool:
        """Tell whether both are one. Where both say an id it decides, also over an address that was changed."""
        if self.tenant and other.tenant and self.tenant != other.tenant:
            return False
        if self.identity and other.identity:
            return self.identity == other.identity
        return self.address == other.address

    def filled_from(self, other: Environment | None) -> Environment:
        """Return this with what only the other says."""
        if other is None:
            return self
        return replace(self, tenant=self.tenant or other.tenant, identity=self.identity or other.identity)

    def __str__(self) -> str:
        known = (("id", self.identity), ("tenant", self.tenant))
        details = ", ".join(f"{name} {value}" for name, value in known if value)
        return f"{self.address} ({details})" if details else self.address


@dataclass(frozen=True)
class Selection:
    """Rows held back that a person chose to offer again; an empty word means any.

    :param rule: why they are held back; :param key: one row; :param run: run id, in Airflow, of the run that reported
        them last; :param task: task of the mapping; :param company: legal entity.
    """

    rule: str = ""
    key: str = ""
    run: str = ""
    task: str = ""
    company: str = ""

    def __str__(self) -> str:
        return ", ".join(f"{name} `{value}`" for name, value in self.words().items()) or "everything"

    def words(self) -> dict[str, str]:
        """Return the words that are given, by name."""
        return {name: value for name, value in asdict(self).items() if value}


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
    def from_dict(cls, value: Any) -> BatchRef:
        """Return the reference that crossed XCom, where other tasks can write.

        :raises StagingDamaged: what came is no reference.
        """
        kinds = {field.name: {"str": str, "int": int}[str(field.type)] for field in fields(cls)}
        if not isinstance(value, dict) or {name: type(part) for name, part in value.items()} != kinds:
            raise StagingDamaged(
                f"XCom holds `{str(value)[:200]}` where a reference to a staged batch was expected, with the words "
                f"{', '.join(kinds)}. Clear the extract task of this run with all tasks after it."
            )
        return cls(**value)
