"""How the ledger's database is opened, and the two kinds of transactions it is used with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL

BUSY_SECONDS = 30  # how long a SQLite writer waits for another one
WRITE = "fs_integration_write"


def open_engine(url: str | URL) -> Engine:
    """Return an engine for the ledger.

    :param url: ``sqlite:////absolute/path.db`` or ``postgresql+psycopg://user:password@host/database``.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads; on SQLite it neither waits for writers nor holds them up."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes. On SQLite it takes the write lock at its start, so that what it read stays true."""
    with engine.connect() as connection:
        marked = connection.execution_options(**{WRITE: True})
        with marked.begin():
            yield marked


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ARG001
    connection.isolation_level = None  # transactions are begun below, not by the driver
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")  # safe with a write-ahead log; the log is synced at checkpoints
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        # Needs the file for itself for a moment. Who cannot have it works on without; a later connection does it.
        with contextlib.suppress(connection.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
