"""How the ledger's database is opened, and the two kinds of transactions it is used with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from fs_integration.errors import ServiceUnavailable
from fs_integration.points import point

BUSY_SECONDS = 30  # how long a SQLite writer waits for another one
WRITE = "fs_integration_write"
WRONG_STATEMENT = "SQLITE_ERROR"  # SQLite's answer to what no other try will mend, for example an unknown table


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
    """A transaction that only reads; on SQLite it neither waits for writers nor holds them up.

    :raises ServiceUnavailable: the database cannot answer now.
    """
    with _explained(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def writing(engine: Engine, action: str) -> Iterator[Connection]:
    """A transaction that writes. On SQLite it takes the write lock at its start, so that what it read stays true.

    :param action: what it does, for the point before its commit.
    :raises ServiceUnavailable: the database cannot take it, for example because the disk is full; nothing is kept then.
    """
    with _explained(engine), engine.connect() as connection:
        marked = connection.execution_options(**{WRITE: True})
        with marked.begin():
            yield marked
            point(f"ledger.commit {action}")


@contextlib.contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """Turn what the database says of itself (full, locked, not reached) into an error that is tried again."""
    try:
        yield
    except OperationalError as exc:
        if getattr(exc.orig, "sqlite_errorname", "") == WRONG_STATEMENT:
            raise
        raise ServiceUnavailable(
            f"Ledger: its database `{engine.url.render_as_string()}` failed: {exc.orig}. Nothing of this step was "
            "entered. Free space or mend the database; the next try of this task enters it anew."
        ) from exc


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
