"""A fresh ledger per test, on SQLite and on a PostgreSQL server of our own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from fs_integration.ledger import Ledger, open_engine

PROGRAMS = Path("/usr/lib/postgresql")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def find_program(name: str) -> str | None:
    """Return a PostgreSQL server program from the path or from where Debian keeps it, the newest version."""
    kept = sorted(PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return shutil.which(name) or (str(kept[-1]) if kept else None)


def run(program: str, *arguments: str) -> None:
    """Run a server program; PostgreSQL refuses to run as root, so root hands over to the user ``postgres``."""
    switch = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*switch, program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str | None]:
    """Address of a server that lives as long as the tests; None where PostgreSQL is not installed."""
    initdb, pg_ctl = find_program("initdb"), find_program("pg_ctl")
    if initdb is None or pg_ctl is None:
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="fs-integration-pg-"))
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(home / "data")
    run(initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-p {port} -h 127.0.0.1 -k {home} -F"
    run(pg_ctl, "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
    yield f"postgresql+psycopg://tester@127.0.0.1:{port}"
    run(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> Iterator[str]:
    """Address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    request.getfixturevalue("require")(server is not None, "PostgreSQL's server programs are not installed")
    name = f"ledger_{os.urandom(6).hex()}"
    admin = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    yield f"{server}/{name}"


@pytest.fixture
def ledger(url, clock) -> Iterator[Ledger]:
    """A migrated ledger whose clock the test moves."""
    engine = open_engine(url)
    made = Ledger(engine, clock=clock)
    made.migrate()
    yield made
    engine.dispose()
