"""The pages inside Airflow's real web server app, on a ledger in SQLite with a few runs in it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fs_integration.frames import REJECTION_COLUMNS, frame_of
from fs_integration.ledger import Ledger, breakers, open_engine
from fs_integration.records import BatchRef, Interval, Scope
from fs_integration.spec.connection_set import CircuitBreaker

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN_ID = "scheduled__2026-11-20T12:00:00+00:00"
RUN_KEY = "scheduled-2026-11-20"
HOSTILE = "<script>alert('row')</script>"


@dataclass
class Books:
    """Writes runs into a ledger as the pipeline does."""

    ledger: Ledger

    def run(
        self, mapping: str, company: str, *, read: int = 10, quarantined: int = 0, status: str = "succeeded",
        message: str = "", value: str = "VERY LONG NAME", dag_id: str = "", task: str = "",
    ) -> Scope:  # fmt: skip
        """Enter one closed run: ``quarantined`` rows are held back, the others created."""
        scope = Scope(mapping, task or mapping, company)
        self.ledger.begin_run(
            scope, run_key=RUN_KEY, dag_id=dag_id or f"fs_{mapping}", run_id=RUN_ID, mode="scheduled",
            interval=Interval(END - timedelta(hours=1), END), mapping_hash="abc",
        )  # fmt: skip
        self.ledger.record_batch(BatchRef(mapping, scope.task, company, RUN_KEY, "01_raw", 0, "uri", read, "sum"))
        self.ledger.record_outcomes(scope, RUN_KEY, 0, {("created", ""): read - quarantined})
        if quarantined:
            self.ledger.quarantine(scope, RUN_KEY, rejections(company, quarantined, value=value))
            self.ledger.record_outcomes(scope, RUN_KEY, -1, {("quarantined", "max_length"): quarantined})
        watermark = END if status == "succeeded" else None
        self.ledger.close_run(scope, RUN_KEY, status=status, message=message, watermark=watermark)
        return scope


def rejections(company: str, rows: int, *, value: str) -> Any:
    columns = {
        "row_key": [f"{company}-{number:04d}" for number in range(rows)],
        "field": ["Name"] * rows,
        "rule": ["max_length"] * rows,
        "reason": ["The name is longer than the 100 characters that Field Service takes."] * rows,
        "value": [value] * rows,
        "outcome": ["quarantined"] * rows,
        "source_rows": [1] * rows,
        "payload": ["{}"] * rows,
    }
    return frame_of(columns, REJECTION_COLUMNS)


def books_at(file: Path) -> Books:
    ledger = Ledger(open_engine(f"sqlite:///{file}"))
    ledger.migrate()
    return Books(ledger)


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """An empty ledger to write runs into."""
    return books_at(tmp_path / "ledger.db")


@dataclass
class Site:
    """Airflow's web server with the plugin, seen by one caller after the other."""

    app: Any
    docs: Path
    tokens: dict[str, str]

    def client(self, user: str = "") -> TestClient:
        """Return a browser that is signed in as ``user``, or not at all."""
        client = TestClient(self.app, follow_redirects=False, headers={"Accept": "text/html"})
        if user:
            client.cookies.set("_token", self.tokens[user])
        return client


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Airflow's own app with its database, users, DAGs and our plugin; ledger and Data Docs named as in production."""
    folder = tmp_path_factory.mktemp("pages")
    _fill(books_at(folder / "ledger.db"))
    docs = folder / "data_docs"
    _write_docs(docs)
    with pytest.MonkeyPatch.context() as patch:
        ledger = {"conn_type": "sqlite", "host": str(folder / "ledger.db")}
        patch.setenv("AIRFLOW_CONN_FS_INTEGRATION_LEDGER", json.dumps(ledger))
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "0123456789abcdef" * 4)
        patch.setenv("AIRFLOW_VAR_FS_INTEGRATION_DATA_DOCS_ROOT", str(docs))
        yield Site(_web_server(), docs, {name: _token(name) for name in ("admin", "viewer")})


def _fill(books: Books) -> None:
    books.run("warehouses", "usmf")
    books.run("warehouses", "demf", read=500, quarantined=250, value=HOSTILE)
    books.run(
        "products", "usmf", quarantined=2, status="stopped", message="usmf: 2 of 10 rows are bad, allowed is 5 %."
    )
    books.run("secrets", "usmf", quarantined=1, dag_id="fs_secrets", value="not for everyone")
    for area in ("warehouses", "secrets"):
        place, work = breakers.Breaker(area, "default"), breakers.Work("r1", area, "load")
        breakers.failed(books.ledger, place, work, limits=CircuitBreaker(failures=1), message=HOSTILE)


def _write_docs(docs: Path) -> None:
    for mapping in ("warehouses", "secrets"):
        page = (
            docs
            / "validations"
            / mapping
            / mapping
            / "demf"
            / "00000"
            / "raw"
            / RUN_KEY
            / "20261120T120000Z"
            / "page.html"
        )
        page.parent.mkdir(parents=True)
        page.write_text(f"<h1>Checked {mapping}</h1><script>alert(1)</script>", encoding="utf-8")
    (docs.parent / "outside.html").write_text("outside", encoding="utf-8")
    (docs / "validations" / "warehouses" / "link.html").symlink_to(docs.parent / "outside.html")


def _web_server() -> Any:
    from airflow.api_fastapi.app import create_app
    from airflow.cli.commands.db_command import migratedb

    migratedb(Namespace(to_revision=None, to_version=None, from_revision=None, from_version=None, show_sql_only=False))
    _register_dags("fs_warehouses", "fs_products")
    return create_app(apps="core")


def _register_dags(*dag_ids: str) -> None:
    """Make Airflow know DAGs; its simple auth manager lets every user read those that exist."""
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
        session.flush()
        for dag_id in dag_ids:
            session.merge(DagModel(dag_id=dag_id, bundle_name="dags-folder"))


def _token(name: str) -> str:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=name)))


@pytest.fixture
def admin(site: Site) -> TestClient:
    """A browser signed in as administrator."""
    return site.client("admin")


@pytest.fixture
def page(admin: TestClient) -> Callable[[str], str]:
    """Return what fetches one page below the prefix and expects it to be there."""

    def fetch(path: str) -> str:
        answer = admin.get(f"/fs-integration{path}")
        assert answer.status_code == 200, answer.text
        return answer.text

    return fetch
