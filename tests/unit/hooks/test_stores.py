"""Which Airflow connections and variables lead to which ledger and staging area, and what is said when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk import Connection

from fs_integration.errors import ConfigurationError, ConnectionSetupError
from fs_integration.frames import frame_of
from fs_integration.hooks.ledger import LedgerHook, ledger_url
from fs_integration.hooks.staging import StagingHook, data_docs_root
from fs_integration.records import Scope
from fs_integration.spec.metadata import ColumnKind


def test_a_sqlite_connection_opens_a_ledger_that_is_ready_for_use(monkeypatch, tmp_path):
    file = tmp_path / "ledger.db"
    monkeypatch.setenv("AIRFLOW_CONN_FS_TEST_LEDGER", f'{{"conn_type": "sqlite", "host": "{file}"}}')
    ledger = LedgerHook("fs_test_ledger").get_ledger()
    assert ledger.runs() == []
    assert file.is_file()
    assert LedgerHook("fs_test_ledger").get_ledger() is ledger, "opened once per process"
    ledger.engine.dispose()


@pytest.mark.parametrize("conn_type", ["postgres", "postgresql"])
def test_a_postgresql_connection_becomes_an_address_with_its_tls_settings(conn_type):
    connection = Connection(
        conn_id="fs_integration_ledger", conn_type=conn_type, host="db.example", port=5433, login="fs",
        password="p@ss/w", schema="ledger", extra='{"sslmode": "verify-full", "cursor": "dictcursor"}',
    )  # fmt: skip
    url = ledger_url(connection)
    expected = "postgresql+psycopg://fs:p%40ss%2Fw@db.example:5433/ledger?sslmode=verify-full"
    assert url.render_as_string(hide_password=False) == expected
    assert "p@ss" not in str(url)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        pytest.param({"conn_type": "mysql", "host": "db"}, "type `mysql`", id="another kind of database"),
        pytest.param({"conn_type": "sqlite", "host": "ledger.db"}, "absolute path", id="a relative SQLite path"),
        pytest.param({"conn_type": "sqlite"}, "absolute path", id="SQLite without a path"),
    ],
)
def test_an_unusable_connection_is_refused_with_what_is_needed(facts, words):
    with pytest.raises(ConnectionSetupError, match=words):
        ledger_url(Connection(conn_id="fs_integration_ledger", **facts))


def test_a_missing_ledger_connection_is_named_with_what_to_create():
    with pytest.raises(ConnectionSetupError, match=r"`no_such_ledger` does not exist.*postgres"):
        LedgerHook("no_such_ledger").get_ledger()


def test_the_staging_area_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_VAR_FS_INTEGRATION_STAGING_ROOT", f"file://{tmp_path}/staging")
    frame = frame_of({"a": ["x"]}, {"a": ColumnKind.TEXT})
    ref = StagingHook().get_area().write_batch(Scope("m", "t", "usmf"), "r", "01_raw", 0, frame)
    assert (tmp_path / "staging" / ref.uri).is_file()
    assert StagingHook().get_area().read(ref).equals(frame)


@pytest.mark.parametrize("value", ["/shared/data_docs", "file:///shared/data_docs"])
def test_data_docs_are_where_the_variable_says(monkeypatch, value):
    monkeypatch.setenv("AIRFLOW_VAR_FS_INTEGRATION_DATA_DOCS_ROOT", value)
    assert data_docs_root() == Path("/shared/data_docs")


@pytest.mark.parametrize(
    ("use", "name"),
    [
        (lambda: StagingHook().get_area(), "fs_integration_staging_root"),
        (data_docs_root, "fs_integration_data_docs_root"),
    ],
)
def test_a_missing_variable_is_named_with_an_example(use, name):
    with pytest.raises(ConfigurationError, match=rf"`{name}` is not set.*for example"):
        use()
