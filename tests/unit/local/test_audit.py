"""The audit of dependencies against a database of advisories in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.clients.stub import Reply, Seen, Service, reply, running

from local import audit

ADVISORY = {
    "id": "GHSA-1", "summary": "Bad.", "details": "Bad.", "aliases": [],
    "affected": [{
        "package": {"name": "requests", "ecosystem": "PyPI"}, "versions": ["2.0.0"],
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1.0"}]}],
    }],
}  # fmt: skip


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for service in running(None, None):
        monkeypatch.setenv(audit.URL, service.url)
        monkeypatch.delenv(audit.REQUIRED, raising=False)
        service.answer = lambda _: reply({})
        yield service


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.lock"
    file.write_text("requests==2.0.0\npandas==3.0.0 ; python_version >= '3.11'\n", encoding="utf-8")
    return file


def test_packages_without_advisories_pass(database: Service, lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(lock) == 0
    assert "No advisory is known about the 2 packages" in capsys.readouterr().out
    assert {seen.json["package"]["name"] for seen in database.seen} == {"requests", "pandas"}


def test_an_advisory_fails_and_names_what_mends_it(
    database: Service, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(seen: Seen) -> Reply:
        return reply({"vulns": [ADVISORY]} if seen.json["package"]["name"] == "requests" else {})

    database.answer = answer
    assert audit.main(lock) == 1
    assert "requests 2.0.0: GHSA-1, mended by 2.1.0" in capsys.readouterr().out


@pytest.mark.parametrize("broken", [reply({}, 500), Reply(body=b"<html>")], ids=["down", "no JSON"])
@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)], ids=["seen", "required"])
def test_a_database_that_cannot_be_asked_is_said(
    broken: Reply, required: str, code: int, database: Service, lock: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    database.answer = lambda _: broken
    monkeypatch.setenv(audit.REQUIRED, required)
    assert audit.main(lock) == code
    said = capsys.readouterr().out
    assert said.startswith("NOT AUDITED")
    assert audit.REQUIRED in said
