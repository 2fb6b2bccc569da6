"""How the ledger's tables come to be what this release expects, however many tasks start at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from fs_integration.errors import ConfigurationError
from fs_integration.ledger.engine import reading, writing

HEAD = "0003"  # newest file in migrations/versions
VERSION_TABLE = "fs_alembic_version"
FOLDER = Path(__file__).parent / "migrations"
POSTGRESQL_LOCK = 4_705_318_062  # any number, as long as it stays the same in every release


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables; cheap when there is nothing to do.

    The first caller does it under a lock, the others wait and find it done.

    :raises ConfigurationError: when a newer release has already upgraded the ledger.
    """
    with reading(engine) as connection:
        if _version(connection) == HEAD:
            return
    with writing(engine, "migrate") as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRESQL_LOCK})
        if _version(connection) != HEAD:
            _upgrade(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()


def _upgrade(connection: Connection) -> None:
    # Imported here: most calls find nothing to do, and Alembic takes longer to import than they take.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as exc:
        raise ConfigurationError(
            f"The ledger's tables have version {_version(connection)}, which this release (version {HEAD}) does not "
            "know. A newer release has upgraded them: deploy that release on every worker."
        ) from exc
