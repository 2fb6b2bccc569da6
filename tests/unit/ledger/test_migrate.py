"""The tables are made once, by whoever comes first, and never by a release that is too old."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from fs_integration.errors import ConfigurationError
from fs_integration.ledger import Ledger, migrate, open_engine
from fs_integration.ledger.tables import Base

OPEN_AND_MIGRATE = (
    "import sys; from fs_integration.ledger import Ledger, open_engine; Ledger(open_engine(sys.argv[1])).migrate()"
)

MOMENT = "'2026-11-20 08:00:00+00:00'"
ENDS_OF_THE_FIRST_RELEASE = {
    "open": "NULL, NULL",
    "again": f"{MOMENT}, 'reported again by run manual__2'",
    "obsolete": f"{MOMENT}, 'obsolete since run manual__2'",
    "by hand": f"{MOMENT}, 'corrected in F&O'",
}
LINES_OF_THE_FIRST_RELEASE = (
    "INSERT INTO fs_scope (id, mapping, task, legal_entity) VALUES (1, 'products', 'products', 'usmf')",
    "INSERT INTO fs_run (id, scope_id, run_key, dag_id, run_id, mode, interval_end, mapping_hash, status, message, "
    "generated, drift, started_at) VALUES (1, 1, 'r', 'fs_products', 'manual__1', 'scheduled', "
    f"{MOMENT}, '', 'succeeded', '', 0, 0, {MOMENT})",
    *(
        "INSERT INTO fs_quarantine (scope_id, run, line, row_key, field, rule, reason, value, outcome, source_rows, "
        f"payload, created_at, resolved_at, resolution) VALUES (1, 1, '{key}', '{key}', '', 'required', '', '', "
        f"'quarantined', 1, '{{}}', {MOMENT}, {end})"
        for key, end in ENDS_OF_THE_FIRST_RELEASE.items()
    ),
)


def test_the_migrations_make_the_tables_the_code_expects(ledger):
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": migrate.VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []
        names = set(inspect(connection).get_table_names())
    assert names == {*Base.metadata.tables, migrate.VERSION_TABLE}


def test_the_newest_migration_is_the_one_the_code_asks_for():
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_migrating_again_changes_nothing(ledger):
    ledger.acquire_lease("a", "b", 300)
    ledger.migrate()
    with ledger.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM fs_lease")).scalar() == 1


def test_lines_of_the_first_release_say_how_they_ended(url):
    engine = open_engine(url)
    with engine.begin() as connection:
        upgrade(connection, "0001")
        for statement in LINES_OF_THE_FIRST_RELEASE:
            connection.execute(text(statement))
    ledger = Ledger(engine)
    ledger.migrate()
    lines = ledger.whole_quarantine().set_index("row_key")
    assert lines["state"].to_dict() == {
        "open": "open", "again": "replayed", "obsolete": "replayed", "by hand": "discarded",
    }  # fmt: skip
    assert (lines["tries"] == 1).all()
    assert (lines["first_seen_at"] == lines["last_seen_at"]).all()
    assert (lines["last_seen_at"].dt.strftime("%Y-%m-%d") == "2026-11-20").all()
    engine.dispose()


def upgrade(connection, revision):
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_threads_that_start_at_once_all_find_the_tables(url):
    ledgers = [Ledger(open_engine(url)) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda ledger: ledger.migrate(), ledgers))
    assert all(ledger.runs() == [] for ledger in ledgers)
    for ledger in ledgers:
        ledger.engine.dispose()


def test_processes_that_start_at_once_all_find_the_tables(url):
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN_AND_MIGRATE, url], stderr=subprocess.PIPE) for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in started] == [(b"", 0)] * 3


def test_a_ledger_of_a_newer_release_is_left_alone_with_advice(ledger):
    with ledger.engine.begin() as connection:
        connection.execute(text(f"UPDATE {migrate.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=r"9999.*deploy that release"):
        ledger.migrate()


def test_a_migration_that_is_cut_off_leaves_no_half_made_tables(url, monkeypatch):
    engine = open_engine(url)
    upgrade = migrate._upgrade

    def dying(connection):
        upgrade(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "_upgrade", dying)
    with pytest.raises(KeyboardInterrupt):
        Ledger(engine).migrate()
    monkeypatch.undo()
    assert inspect(engine).get_table_names() == []
    Ledger(engine).migrate()
    assert Ledger(engine).runs() == []
    engine.dispose()


def test_sqlite_keeps_a_write_ahead_log_so_that_readers_and_writers_do_not_wait_for_each_other(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/new folder/ledger.db")
    Ledger(engine).migrate()
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000
    engine.dispose()
