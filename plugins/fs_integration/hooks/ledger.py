"""How an Airflow connection becomes the ledger."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from sqlalchemy.engine import URL

from fs_integration.errors import ConnectionSetupError

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from fs_integration.ledger import Ledger

POSTGRESQL = ("postgres", "postgresql")


class LedgerHook:
    """Opens the ledger's database and brings its tables up to date.

    :param conn_id: connection of type ``sqlite`` (host: absolute path of the file) or ``postgres``.
    """

    def __init__(self, conn_id: str = "fs_integration_ledger") -> None:
        self.conn_id = conn_id

    def get_ledger(self) -> Ledger:
        """Return the ledger. :raises ConnectionSetupError: when the connection is missing or names no database."""
        try:
            connection = BaseHook.get_connection(self.conn_id)
        except AirflowNotFoundException as exc:
            raise ConnectionSetupError(
                f"Airflow connection `{self.conn_id}` does not exist. Create it with type `postgres`, or on one "
                "machine with type `sqlite` and the absolute path of a file as host (docs/ledger.md)."
            ) from exc
        return _opened(ledger_url(connection), os.getpid())


def ledger_url(connection: Connection) -> URL:
    """Return the SQLAlchemy address of a connection. :raises ConnectionSetupError: when it has none."""
    if connection.conn_type == "sqlite":
        return _sqlite_url(connection)
    if connection.conn_type in POSTGRESQL:
        options = {name: str(value) for name, value in connection.extra_dejson.items() if name.startswith("ssl")}
        return URL.create(
            "postgresql+psycopg", username=connection.login or None, password=connection.password or None,
            host=connection.host or None, port=connection.port, database=connection.schema or None, query=options,
        )  # fmt: skip
    raise ConnectionSetupError(
        f"Airflow connection `{connection.conn_id}` has type `{connection.conn_type}`; the ledger needs `postgres` or "
        "`sqlite` (docs/ledger.md)."
    )


def _sqlite_url(connection: Connection) -> URL:
    path = Path(connection.host or "")
    if not path.is_absolute():
        raise ConnectionSetupError(
            f"Airflow connection `{connection.conn_id}` has the host `{connection.host or ''}`; for SQLite it must be "
            "the absolute path of the ledger's file, on a disk that all workers and the API server share."
        )
    return URL.create("sqlite", database=str(path))


@lru_cache(maxsize=8)
def _opened(url: URL, process: int) -> Ledger:  # noqa: ARG001
    """Open each database once per process; a forked process must not use its parent's connections."""
    from fs_integration.ledger import Ledger, open_engine

    ledger = Ledger(open_engine(url))
    ledger.migrate()
    return ledger
