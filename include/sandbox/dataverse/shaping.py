"""Turn stored rows into response rows: selected columns, annotations, expanded relations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from sandbox.dataverse.schema import Column, Table
from sandbox.dataverse.store import Database, Row

FORMATTED = "OData.Community.Display.V1.FormattedValue"
LOOKUP_TABLE = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"
TOTAL = "Microsoft.Dynamics.CRM.totalrecordcount"
TOTAL_EXCEEDED = "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"

Shape = Callable[[Row], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Annotations:
    """Which annotations the client asked for, as patterns (`*`, `Microsoft.Dynamics.CRM.*`, or full names)."""

    patterns: tuple[str, ...] = ()

    @classmethod
    def read(cls, preference: str) -> Annotations:
        """Read the value of `odata.include-annotations`."""
        return cls(tuple(pattern.strip() for pattern in preference.split(",") if pattern.strip()))

    def wants(self, name: str) -> bool:
        """Tell whether an annotation is asked for; a leading `-` excludes."""
        excluded = any(fnmatchcase(name, p[1:]) for p in self.patterns if p.startswith("-"))
        return not excluded and any(fnmatchcase(name, p) for p in self.patterns)


def etag(row: Row) -> str:
    """Give the weak ETag of a row version."""
    return f'W/"{row["versionnumber"]}"'


def every_column(row: Row, table: Table) -> dict[str, Any]:
    """Give all columns by logical name, lookups too: the form of dumps and of state transfers."""
    return {name: row.get(name) for name in table.columns}


def row_shape(
    database: Database, table: Table, columns: Iterable[Column], annotations: Annotations, *, with_secured: bool
) -> Shape:
    """Compile how rows of a table look in a response.

    :param columns: selected columns; the primary key, and the currency of a selected amount, come along unasked.
    :param with_secured: give the values of secured columns; otherwise they look empty.
    """
    chosen = {column.name: column for column in columns}
    if any(column.kind == "Money" for column in chosen.values()) and "transactioncurrencyid" in table.columns:
        chosen.setdefault("transactioncurrencyid", table.columns["transactioncurrencyid"])
    chosen.setdefault(table.primary_id, table.columns[table.primary_id])
    hidden = [column.name for column in chosen.values() if column.secured and not with_secured]
    pairs = [(column.wire_name, column.name) for column in chosen.values()]

    def plain(row: Row) -> dict[str, Any]:
        shaped: dict[str, Any] = {"@odata.etag": etag(row)}
        get = row.get
        for wire, name in pairs:
            shaped[wire] = get(name)
        for name in hidden:
            shaped[name] = None
        return shaped

    if not any(annotations.wants(name) for name in (FORMATTED, LOOKUP_TABLE, NAVIGATION)):
        return plain

    visible = [column for column in chosen.values() if column.name not in hidden]

    def annotated(row: Row) -> dict[str, Any]:
        shaped = plain(row)
        for column in visible:
            shaped.update(_column_annotations(database, column, row, annotations))
        return shaped

    return annotated


def _column_annotations(
    database: Database, column: Column, row: Row, annotations: Annotations
) -> Iterable[tuple[str, str]]:
    value = row.get(column.name)
    if value is None:
        return
    wire = column.wire_name
    if annotations.wants(FORMATTED):
        text = _formatted(database, column, row, value)
        if text is not None:
            yield f"{wire}@{FORMATTED}", text
    if column.is_lookup:
        target = column.target_of(row)
        if annotations.wants(LOOKUP_TABLE):
            yield f"{wire}@{LOOKUP_TABLE}", target
        if annotations.wants(NAVIGATION):
            # The owner has one navigation property for users and teams.
            navigation = next((nav for nav, table in column.navigations().items() if table == target), column.name)
            yield f"{wire}@{NAVIGATION}", navigation


def _formatted(database: Database, column: Column, row: Row, value: Any) -> str | None:
    """Write a value for people, in the organisation's English format; plain text has no formatted value."""
    if column.options is not None:
        return column.options.labels.get(int(value))
    if column.is_lookup:
        target = database.schema.tables.get(column.target_of(row))
        related = database.row(target.name, value) if target is not None else None
        return (related or {}).get(target.primary_name) if target is not None and target.primary_name else None
    if column.kind in ("Integer", "BigInt", "Double", "Decimal", "Money"):
        return _formatted_number(column, value)
    if column.kind == "DateTime":
        return _formatted_moment(value)
    return None


def _formatted_number(column: Column, value: int | float | Decimal) -> str:
    digits = 2 if column.kind == "Money" else column.precision or 0
    return f"{value:,.{digits}f}"


def _formatted_moment(value: str) -> str:
    year, month, day = value[:10].split("-")
    shown = f"{int(month)}/{int(day)}/{year}"
    if len(value) == len("2026-01-31"):
        return shown
    hour, minute = int(value[11:13]), value[14:16]
    return f"{shown} {hour % 12 or 12}:{minute} {'AM' if hour < 12 else 'PM'}"
