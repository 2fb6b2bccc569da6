"""Imports: from the package through staging into the entities, row by row, and the files about what failed.

Each row is a transaction of its own, so that a bad one leaves the others imported. A package is opened when the
import is started; what cannot be read is an exception of the action [inferred].
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sandbox.finops.errors import FinanceError
from sandbox.finops.packages.blobs import BlobStore
from sandbox.finops.packages.intake import BadPackage, open_package
from sandbox.finops.packages.jobs import FAILED, PARTLY, SUCCEEDED, Job, Jobs, Message
from sandbox.finops.packages.staging import Staged, stage
from sandbox.finops.packages.targets import TARGETS, Scope
from sandbox.finops.store import Database
from sandbox.finops.switches import Switches
from sandbox.finops.values import moment_text

_INFOLOG = "Infolog: "


@dataclass
class Outcome:
    """What became of one entity of a package.

    :param keys: texts of the keys of the rows that the entity refused; :param keys_file: name of the file of them in
        the storage, empty before it is written; :param staging_file: the same of the rows that staging refused.
    """

    staged: Staged
    keys: list[tuple[str, ...]] = field(default_factory=list)
    keys_file: str = ""
    staging_file: str = ""


class Imports:
    """Run imports.

    :param jobs: the job history, shared with exports.
    """

    def __init__(self, database: Database, blobs: BlobStore, jobs: Jobs) -> None:
        self._database = database
        self._blobs = blobs
        self._jobs = jobs
        self._outcomes: dict[str, dict[str, Outcome]] = {}

    def start(
        self, execution_id: str, project: str, company: str, content: bytes, switches: Switches, *, execute: bool
    ) -> Job:
        """Schedule an import.

        :param execute: go on from staging into the entities. :raises BadPackage: the content is no package.
        """
        staged = []
        for file in open_package(content):
            target = TARGETS.get(file.label)
            if target is None:
                raise BadPackage(f"There is no data entity '{file.label}' that can be imported.")
            staged.append(stage(file, target))
        name = execution_id or f"{project}-{uuid.uuid4()}"
        job = Job.scheduled(name, project, company, self._jobs.now(), switches)
        outcomes = {item.file.label: Outcome(item) for item in staged}
        self._outcomes[name] = outcomes
        self._jobs.add(job, lambda: self._finish(job, list(outcomes.values()), execute=execute))
        return job

    def holds(self, job: Job, label: str) -> bool:
        """Tell whether an entity is in the package of a job."""
        return label in self._outcomes.get(job.execution_id, {})

    def outcome(self, job: Job, label: str) -> Outcome | None:
        """Give what became of an entity of a job, None while the job runs."""
        return self._outcomes[job.execution_id][label] if self._jobs.now() >= job.finished else None

    def generate_keys_file(self, job: Job, outcome: Outcome) -> bool:
        """Write the file of refused keys. :return: whether there are any."""
        if outcome.keys and not outcome.keys_file:
            outcome.keys_file = self._file(job, outcome.staged.target.key, outcome.keys)
        return bool(outcome.keys)

    def keys_address(self, job: Job, outcome: Outcome, base_url: str, switches: Switches) -> str:
        """Give the address of the file of refused keys, empty before it was generated and while that takes its time."""
        ready = job.finished + timedelta(seconds=switches.package_url_delay_seconds)
        return self._address(outcome.keys_file, base_url, switches) if self._jobs.now() >= ready else ""

    def staging_address(self, job: Job, outcome: Outcome, base_url: str, switches: Switches) -> str:
        """Give the address of the file of rows that did not get into staging, empty when there are none."""
        refused = outcome.staged.refused
        if refused and not outcome.staging_file:
            outcome.staging_file = self._file(job, outcome.staged.file.heading, [refusal.line for refusal in refused])
        return self._address(outcome.staging_file, base_url, switches)

    def forget(self, execution_id: str) -> None:
        """Delete what is known of an import."""
        self._outcomes.pop(execution_id, None)

    def _finish(self, job: Job, outcomes: Sequence[Outcome], *, execute: bool) -> None:
        """Import every row that got into staging, and say how it went."""
        job.errors.clear()
        for outcome in outcomes:
            job.errors.extend(Message(refusal.reason, refusal.record) for refusal in outcome.staged.refused)
            if execute:
                self._import(job, outcome)
        refused = sum(len(outcome.staged.refused) + len(outcome.keys) for outcome in outcomes)
        total = sum(len(outcome.staged.file.lines) for outcome in outcomes)
        job.end_as(SUCCEEDED if not refused else FAILED if refused == total else PARTLY)

    def _import(self, job: Job, outcome: Outcome) -> None:
        today = f"{moment_text(job.finished)[:10]}T12:00:00Z"
        for key, values in outcome.staged.rows:
            try:
                with self._database.transaction() as transaction:
                    outcome.staged.target.write(Scope(self._database, transaction, job.company, today), values)
            except FinanceError as error:
                outcome.keys.append(key)
                job.errors.append(Message(_infolog(error), key[0]))

    def _file(self, job: Job, heading: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(heading)
        writer.writerows(lines)
        name = f"dmf/{uuid.uuid4()}.csv"
        self._blobs.put(name, text.getvalue().encode())
        job.files.append(name)
        return name

    def _address(self, name: str, base_url: str, switches: Switches) -> str:
        return self._blobs.address(base_url, name, seconds=switches.signed_url_seconds) if name else ""


def _infolog(error: FinanceError) -> str:
    """Give what business rules said, without the sentence that requests put around it."""
    said = error.message.partition(_INFOLOG)[2]
    return said.removesuffix(".") or error.message
