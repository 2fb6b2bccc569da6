"""What rests between two steps gets lost or damaged, S7 to S9: it is noticed, and made anew from the source."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from tests.reliability.plugin import cases
from tests.reliability.site import Site, Sites, assert_as_in_peace
from tests.reliability.steps import Killed, tasks_of

from fs_integration.errors import ServiceUnavailable, StagingDamaged
from fs_integration.staging.store import MANIFEST, Store


def missing(file: Path) -> None:
    file.unlink()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def of_another_run(file: Path) -> None:
    """Put whole files in place that another run staged: they fit each other, but not the reference."""
    other = Store(file.parent.parent / "elsewhere")
    other.put("batch", file.name, b"what another run read", rows=1)
    for part in (file.name, MANIFEST):
        (file.parent / part).write_bytes((other.root / "batch" / part).read_bytes())
    other.remove("batch")
    other.root.rmdir()


DAMAGES = (missing, cut, flipped, of_another_run)


@pytest.mark.parametrize("area", cases("S7"))
def test_a_damaged_staged_file_is_noticed_and_staged_anew(area, sites, outcome):
    site = sites.make(area)
    tried = 0
    for task in tasks_of(site, "damaged"):
        task.extract()
        for damage in DAMAGES if task.refs and not tried else ():
            damage(site.home / "staging" / task.refs[0].uri)
            with pytest.raises(StagingDamaged, match="Clear the extract task"):
                task.transform()
            task.extract()
        task.go(1, 3)
        if task.gate.accepted and not tried:
            flipped(site.home / "staging" / task.gate.accepted[0].uri)
            with pytest.raises(StagingDamaged, match="Clear the extract task"):
                task.load()
            tried += 1
            task.go(0, 3)
        task.go(3)
        assert task.balance()
    assert tried
    assert_as_in_peace(site, sites, {})
    outcome("RES")


def failing(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException) -> list[Path]:
    """Let the write of this number to the staging area stop half way. :returns: what is written, so far and later."""
    original, files = Store._write, []

    def write(self: Store, path: Path, content: bytes) -> None:
        files.append(path)
        if len(files) == number:
            path.with_name(f"{path.name}.1.part").write_bytes(content[: len(content) // 2])
            raise error
        original(self, path, content)

    monkeypatch.setattr(Store, "_write", write)
    return files


def full_database(site: Site, number: int, error: BaseException) -> contextlib.AbstractContextManager[list[str]]:
    """Let the ledger fail at the statement of this number that writes."""
    written: list[str] = []

    def execute(_cursor: object, statement: str, _parameters: object, _context: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement)
            if len(written) == number:
                raise error

    @contextlib.contextmanager
    def listening() -> Iterator[list[str]]:
        for name in ("do_execute", "do_executemany"):
            event.listen(site.pipeline.ledger.engine, name, execute)
        try:
            yield written
        finally:
            for name in ("do_execute", "do_executemany"):
                event.remove(site.pipeline.ledger.engine, name, execute)

    return listening()


def no_space() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def no_pages() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"
    return error


def go_on(site: Site, name: str) -> None:
    """Run the area until its end, and make sure that its books balance."""
    for task in tasks_of(site, name):
        task.go()
        assert task.balance()


COUNTED: dict[str, tuple[int, int]] = {}


def count_of_writes(area: str, sites: Sites) -> tuple[int, int]:
    """Return how many files a run stages and how many statements write the ledger."""
    if area not in COUNTED:
        site = sites.make(area)
        with pytest.MonkeyPatch.context() as patch, full_database(site, 0, Killed()) as statements:
            files = failing(patch, 0, Killed())
            go_on(site, "counted")
        COUNTED[area] = len(files), len(statements)
    return COUNTED[area]


@pytest.mark.parametrize("area", cases("S8"))
def test_a_full_disk_is_said_and_leaves_what_was_there(area, sites, monkeypatch, outcome):
    files, statements = count_of_writes(area, sites)
    site = sites.make(area)
    for number in (files, 1):  # the last file first: a run that goes on stages fewer
        with monkeypatch.context() as patch:
            failing(patch, number, no_space())
            with pytest.raises(ServiceUnavailable, match=r"No space left on device\. Free space"):
                go_on(site, "full")
    for number in (statements // 3, 1):
        with (
            full_database(site, number, no_pages()),
            pytest.raises(ServiceUnavailable, match="database or disk is full"),
        ):
            go_on(site, "full")
    go_on(site, "full")
    assert_as_in_peace(site, sites, {})
    outcome("RES")


@pytest.mark.parametrize("area", cases("S9"))
def test_a_worker_killed_in_the_middle_of_writing_leaves_nothing_that_looks_whole(area, sites, monkeypatch, outcome):
    files, statements = count_of_writes(area, sites)
    site = sites.make(area)
    for number in (files, 1, 2):  # file and manifest
        with monkeypatch.context() as patch:
            failing(patch, number, Killed())
            with pytest.raises(Killed):
                go_on(site, "killed")
    with full_database(site, statements // 3, Killed()), pytest.raises(Killed):
        go_on(site, "killed")
    go_on(site, "killed")
    assert_as_in_peace(site, sites, {})
    outcome("RES")
