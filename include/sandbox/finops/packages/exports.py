"""Exports: the package at the end, and what each project has exported before.

An incremental project exports the rows changed since its last successful export for the same company; that success
consumes the changes, whether or not anybody downloads the package. The company is part of what is remembered
[inferred: the documentation speaks of the project only].
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sandbox.finops.packages.blobs import BlobStore
from sandbox.finops.packages.entities import ExportEntity
from sandbox.finops.packages.files import build_package
from sandbox.finops.packages.jobs import SUCCEEDED, Job, Jobs
from sandbox.finops.store import Database, Row, fold
from sandbox.finops.switches import Switches


class Exports:
    """Run exports.

    :param jobs: the job history, shared with imports.
    """

    def __init__(self, database: Database, blobs: BlobStore, jobs: Jobs) -> None:
        self._database = database
        self._blobs = blobs
        self._jobs = jobs
        self._exported: dict[tuple[str, str], int] = {}

    def start(self, execution_id: str, project: Row, entity: ExportEntity, company: str, switches: Switches) -> Job:
        """Schedule an export; an earlier job of the same id is replaced."""
        name = execution_id or f"{project['Name']}-{uuid.uuid4()}"
        job = Job.scheduled(name, project["Name"], company, self._jobs.now(), switches)
        self._jobs.add(job, lambda: self._finish(job, project, entity))
        return job

    def address(self, job: Job, base_url: str, switches: Switches) -> str:
        """Give the download address of a job's package, empty while there is none."""
        ready = job.finished + timedelta(seconds=switches.package_url_delay_seconds)
        if not job.package or self._jobs.now() < ready:
            return ""
        return self._blobs.address(base_url, job.package, seconds=switches.signed_url_seconds)

    def _finish(self, job: Job, project: Row, entity: ExportEntity) -> None:
        """Write the package and remember what it covers."""
        if job.states[-1] != SUCCEEDED:
            return
        scope = (fold(project["Name"]), fold(job.company))
        incremental = project["RefreshType"] == "IncrementalPush" and entity.change_tracking
        since = self._exported.get(scope) if incremental else None
        rows = entity.rows(self._database, job.company, since)
        content, count = build_package(project["Name"], project["Description"], entity, rows)
        job.package = f"dmf/{uuid.uuid4()}.zip"
        self._blobs.put(job.package, content, rows=count)
        job.files.append(job.package)
        self._exported[scope] = self._database.sequence
