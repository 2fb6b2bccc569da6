"""What was last written, for millions of rows: few statements, one round trip each, no row loop in Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Text

from fs_integration.frames import KEY, SOURCE_KEY, to_frame
from fs_integration.ledger.columns import escape_all, unescape_all
from fs_integration.ledger.tables import FingerprintRow

GIVEN = "_fingerprint"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_REPLACE = (
    " ON CONFLICT (scope_id, key) DO UPDATE SET source_key = excluded.source_key, fingerprint = excluded.fingerprint, "
    "as_of = excluded.as_of, run = excluded.run"
)
_INTO = "INSERT INTO fs_fingerprint (scope_id, key, source_key, fingerprint, as_of, run) "
SAVE_SQLITE = _INTO + "VALUES (?, ?, ?, ?, ?, ?)" + _REPLACE
SAVE_POSTGRESQL = text(
    _INTO + "SELECT :scope, given.*, CAST(:as_of AS bigint), CAST(:run AS bigint) "
    "FROM unnest(:keys, :source_keys, :prints) AS given (key, source_key, fingerprint)" + _REPLACE
).bindparams(
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("source_keys", type_=ARRAY(Text)),
    bindparam("prints", type_=ARRAY(BigInteger)),
)
# CROSS JOIN keeps SQLite from reading the whole table once per key: the wanted keys drive the search.
FIND_SQLITE = text(
    "SELECT known.key, known.fingerprint, known.as_of "
    "FROM json_each(:keys) AS wanted CROSS JOIN fs_fingerprint AS known "
    "WHERE known.scope_id = :scope AND known.key = wanted.value"
)
FIND_POSTGRESQL = text(
    "SELECT known.key, known.fingerprint, known.as_of FROM fs_fingerprint AS known "
    "JOIN unnest(:keys) AS wanted (key) ON known.key = wanted.key WHERE known.scope_id = :scope"
).bindparams(bindparam("keys", type_=ARRAY(Text)))
_SCAN = "SELECT key, source_key, fingerprint, as_of FROM fs_fingerprint WHERE scope_id = :scope "
SCAN_FIRST = text(_SCAN + "ORDER BY key LIMIT :rows")
SCAN_NEXT = text(_SCAN + "AND key > :after ORDER BY key LIMIT :rows")


def save(connection: Connection, scope: int, frame: pd.DataFrame, *, as_of: datetime, run: int | None) -> None:
    """Enter what was written, over what was entered before.

    :param frame: key, source key and ``_fingerprint``; of rows with the same key the last one counts.
    """
    frame = frame.drop_duplicates(KEY, keep="last")
    keys, source_keys = escape_all(frame[KEY]), escape_all(frame[SOURCE_KEY])
    prints: list[int] = pa.array(frame[GIVEN]).to_pylist()
    moment = (as_of - EPOCH) // MICROSECOND
    if not keys:
        return
    if connection.dialect.name == "postgresql":
        values = {
            "scope": scope,
            "keys": keys,
            "source_keys": source_keys,
            "prints": prints,
            "as_of": moment,
            "run": run,
        }
        connection.execute(SAVE_POSTGRESQL, values)
        return
    size = len(keys)
    rows = list(zip([scope] * size, keys, source_keys, prints, [moment] * size, [run] * size, strict=True))
    connection.exec_driver_sql(SAVE_SQLITE, rows)


def find(connection: Connection, scope: int, keys: pd.Series) -> pd.DataFrame:
    """Return key, ``fingerprint`` and ``as_of`` of the keys that are known, each once, in no particular order."""
    wanted = list(dict.fromkeys(escape_all(keys)))
    if connection.dialect.name == "postgresql":
        rows = connection.execute(FIND_POSTGRESQL, {"scope": scope, "keys": wanted}).all()
    else:
        rows = connection.execute(FIND_SQLITE, {"scope": scope, "keys": json.dumps(wanted, ensure_ascii=False)}).all()
    return _frame(rows, (KEY, "fingerprint", "as_of"))


def scan(connection: Connection, scope: int, *, after: str | None, rows: int) -> tuple[pd.DataFrame, str | None]:
    """Return the next fingerprints in the order of their stored keys.

    :param after: stored key to go on after, None for the first ones.
    :returns: the rows, and the stored key to go on after; None when these were the last.
    """
    values = {"scope": scope, "rows": rows} | ({} if after is None else {"after": after})
    found = connection.execute(SCAN_FIRST if after is None else SCAN_NEXT, values).all()
    return _frame(found, (KEY, SOURCE_KEY, "fingerprint", "as_of")), found[-1][0] if len(found) == rows else None


def count(connection: Connection, scope: int | None, *, run: int | None = None) -> int:
    """Return how many rows are known. :param run: only those that this run was the last to write."""
    wanted = [FingerprintRow.scope_id == scope, *([FingerprintRow.run == run] if run is not None else [])]
    return connection.execute(select(func.count()).where(*wanted)).scalar_one()


def any_known(connection: Connection, scope: int) -> bool:
    """Tell whether anything is known of a scope."""
    found = select(FingerprintRow.key).where(FingerprintRow.scope_id == scope).limit(1)
    return connection.execute(found).first() is not None


def forget_keys(connection: Connection, scope: int, keys: pd.Series) -> None:
    """Remove the fingerprints of these keys; the next run compares the rows with the target again."""
    values = [{"given": key} for key in escape_all(keys)]
    if values:
        mine = (FingerprintRow.scope_id == scope) & (FingerprintRow.key == bindparam("given"))
        connection.execute(delete(FingerprintRow).where(mine), values)


def forget(connection: Connection, scopes: Sequence[int]) -> int:
    """Remove all fingerprints of these scopes. :returns: how many."""
    return connection.execute(delete(FingerprintRow).where(FingerprintRow.scope_id.in_(scopes))).rowcount


def _frame(rows: Sequence[Any], names: tuple[str, ...]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = {}
    for name, values in zip(names, columns, strict=True):
        if name in (KEY, SOURCE_KEY):
            arrays[name] = unescape_all(list(values))
        elif name == "as_of":
            arrays[name] = pa.array(values, type=pa.int64()).cast(pa.timestamp("us", tz="UTC"))
        else:
            arrays[name] = pa.array(values, type=pa.int64())
    return to_frame(pa.table(arrays))
