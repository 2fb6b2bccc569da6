"""Exports as jobs: states over the clock, the package at the end, and what each project has exported before.

An incremental project exports the rows changed since its last successful export for the same company; that success
consumes the changes, whether or not anybody downloads the package. The company is part of what is remembered
[inferred: the documentation speaks of the project only].
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.finops.packages.blobs import BlobStore
from sandbox.finops.packages.entities import ExportEntity
from sandbox.finops.packages.files import build_package
from sandbox.finops.store import Database, Row, fold
from sandbox.finops.switches import Switches

UNKNOWN = "Unknown"
SUCCEEDED = "Succeeded"


@dataclass(eq=False)
class Export:
    """One execution of an export.

    :param states: what the job says one after the other; :param errors: messages of failed rows.
    :param file: name of the package in the storage, empty until the job is done or when it failed.
    """

    execution_id: str
    project: Row
    entity: ExportEntity
    company: str
    started: datetime
    states: tuple[str, ...]
    state_seconds: float
    errors: tuple[str, ...]
    file: str = ""
    finished: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.finished = self.started + timedelta(seconds=self.state_seconds * (len(self.states) - 1))

    def state(self, moment: datetime) -> str:
        """Give the state at a moment."""
        if moment >= self.finished:
            return self.states[-1]
        passed = (moment - self.started).total_seconds() / self.state_seconds
        return self.states[min(max(int(passed), 0), len(self.states) - 1)]


class Exports:
    """Run exports. A job has no thread of its own: it finishes at the first request or change after its time.

    :param now: gives the current moment.
    """

    def __init__(self, database: Database, blobs: BlobStore, now: Callable[[], datetime]) -> None:
        self._database = database
        self._blobs = blobs
        self._now = now
        self._jobs: dict[str, Export] = {}
        self._running: list[Export] = []
        self._exported: dict[tuple[str, str], int] = {}

    def start(self, execution_id: str, project: Row, entity: ExportEntity, company: str, switches: Switches) -> Export:
        """Schedule an export; an earlier job of the same id is replaced."""
        job = Export(
            execution_id or f"{project['Name']}-{uuid.uuid4()}",
            project,
            entity,
            company,
            self._now(),
            switches.package_states,
            switches.package_state_seconds,
            switches.package_errors,
        )
        self._jobs[job.execution_id] = job
        self._running.append(job)
        return job

    def find(self, execution_id: str) -> Export | None:
        """Find a job."""
        return self._jobs.get(execution_id)

    def state(self, execution_id: str) -> str:
        """Give the state of a job, `Unknown` for one that does not exist."""
        job = self.find(execution_id)
        return UNKNOWN if job is None else job.state(self._now())

    def address(self, job: Export, base_url: str, switches: Switches) -> str:
        """Give the download address of a job's package, empty while there is none."""
        ready = job.finished + timedelta(seconds=switches.package_url_delay_seconds)
        if not job.file or self._now() < ready:
            return ""
        return self._blobs.address(base_url, job.file, seconds=switches.signed_url_seconds)

    def forget(self, execution_id: str) -> None:
        """Delete a job from the history, with its package."""
        job = self._jobs.pop(execution_id, None)
        if job is not None:
            self._blobs.remove(job.file)

    def advance(self) -> None:
        """Finish the jobs whose time has come, in the order of their ends."""
        moment = self._now()
        due = sorted((job for job in self._running if moment >= job.finished), key=lambda job: job.finished)
        for job in due:
            self._running.remove(job)
            if job.states[-1] == SUCCEEDED:
                self._finish(job)

    def _finish(self, job: Export) -> None:
        """Write the package and remember what it covers."""
        scope = (fold(job.project["Name"]), fold(job.company))
        incremental = job.project["RefreshType"] == "IncrementalPush" and job.entity.change_tracking
        since = self._exported.get(scope) if incremental else None
        rows = job.entity.rows(self._database, job.company, since)
        content, count = build_package(job.project["Name"], job.project["Description"], job.entity, rows)
        job.file = f"dmf/{uuid.uuid4()}.zip"
        self._blobs.put(job.file, content, rows=count)
        self._exported[scope] = self._database.sequence
