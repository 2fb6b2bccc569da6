"""The code changes between a crash and the next try, W9: an older ledger is upgraded, a newer one is left alone.

Every task opens the ledger by its hook, and that is where tables are compared with the release.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text
from tests.reliability.crash import SMALLEST, killed_at, points_of, recover
from tests.reliability.site import Site, assert_one_run_as_in_peace
from tests.reliability.test_order_of_runs import writing_requests
from tests.reliability.tried import Tried

from fs_integration.errors import ConfigurationError
from fs_integration.hooks.ledger import LedgerHook
from fs_integration.ledger import Ledger, migrate, open_engine

BEFORE = "0001"  # the release before this one
SAVED = "ledger.commit save_fingerprints"
# Where the first release died: rows held back, a write begun, a write confirmed.
AREAS_KILLED = ("accounts", "inventory_adjustments", "product_inventory")


def put_back(site: Site, revision: str) -> None:
    """Give the ledger of a site the tables of an earlier release, with what is in them."""
    engine = site.pipeline.ledger.engine
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()


def open_by_hook(site: Site, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Open the ledger of a site as a task does."""
    connection = {"conn_type": "sqlite", "host": str(site.home / "ledger.db")}
    monkeypatch.setenv("AIRFLOW_CONN_FS_INTEGRATION_LEDGER", json.dumps(connection))
    return Ledger(LedgerHook().get_ledger().engine, clock=site.clock.moment)


def columns_of_quarantine(ledger: Ledger) -> set[str]:
    return {column["name"] for column in inspect(ledger.engine).get_columns("fs_quarantine")}


@pytest.mark.fault("W9")
@pytest.mark.parametrize("area", AREAS_KILLED)
@pytest.mark.parametrize("again", [True, False], ids=["next try", "next run"])
def test_what_an_older_release_left_behind_is_upgraded_and_completed(area, again, sites, monkeypatch, outcome):
    names = points_of(area, sites)
    assert SAVED in names
    site = sites.make(area, SMALLEST[area], name="upgraded")
    site.pipeline = Tried.of(site.pipeline)
    assert killed_at(site, len(names) - names[::-1].index(SAVED))
    put_back(site, BEFORE)
    assert "state" not in columns_of_quarantine(site.pipeline.ledger)
    site.pipeline.ledger = open_by_hook(site, monkeypatch)
    assert "state" in columns_of_quarantine(site.pipeline.ledger)
    assert_one_run_as_in_peace(site, sites, recover(site, sites, again=again), SMALLEST[area])
    site.pipeline.ledger.engine.dispose()
    outcome("OK")


@pytest.mark.fault("W9")
def test_an_older_release_does_not_touch_a_ledger_of_a_newer_one(sites, monkeypatch, outcome):
    site = sites.make("accounts")
    before = site.state()
    with site.pipeline.ledger.engine.begin() as connection:
        connection.execute(text(f"UPDATE {migrate.VERSION_TABLE} SET version_num = '9999'"))
    site.pipeline.ledger.engine.dispose()
    with pytest.raises(ConfigurationError, match=r"version 9999.*deploy that release on every worker"):
        open_by_hook(site, monkeypatch)
    assert version_in(site.home / "ledger.db") == "9999"
    assert (site.state(), writing_requests(site)) == (before, 0)
    outcome("STOP")


def version_in(file: Path) -> str:
    engine = open_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        found = str(connection.execute(text(f"SELECT version_num FROM {migrate.VERSION_TABLE}")).scalar())
    engine.dispose()
    return found
