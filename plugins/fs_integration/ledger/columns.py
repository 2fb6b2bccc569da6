"""How moments and text are kept so that every database gives back exactly what it was given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

from fs_integration.frames import in_one_piece

# PostgreSQL cannot hold the character NUL, which stands for a missing part in keys (frames.NULL_TEXT). It is written as
# ESCAPE + NUL_MARK, and ESCAPE itself as ESCAPE + ESCAPE_MARK, so that any text comes back unchanged.
ESCAPE, NUL = "\x01", "\x00"
NUL_MARK, ESCAPE_MARK = "\x02", "\x03"


def escape(text: str) -> str:
    """Return text as it is stored."""
    return text.replace(ESCAPE, ESCAPE + ESCAPE_MARK).replace(NUL, ESCAPE + NUL_MARK)


def unescape(text: str) -> str:
    """Return stored text as it was given."""
    return text.replace(ESCAPE + NUL_MARK, NUL).replace(ESCAPE + ESCAPE_MARK, ESCAPE)


def escape_all(values: Any) -> list[str]:
    """Return a text column as a list of stored texts."""
    array = in_one_piece(pa.array(values, type=pa.string()))
    array = pc.replace_substring(array, ESCAPE, ESCAPE + ESCAPE_MARK)
    stored: list[str] = pc.replace_substring(array, NUL, ESCAPE + NUL_MARK).to_pylist()
    return stored


def unescape_all(values: list[str]) -> pa.Array:
    """Return stored texts as an Arrow array of the texts that were given."""
    array = pc.replace_substring(pa.array(values, type=pa.string()), ESCAPE + NUL_MARK, NUL)
    return pc.replace_substring(array, ESCAPE + ESCAPE_MARK, ESCAPE)


class ExactText(TypeDecorator[str]):
    """Text of any characters, NUL included."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else unescape(value)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime in microseconds. SQLite, which knows no time zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"The moment {value} has no time zone; the ledger takes aware datetimes only.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
