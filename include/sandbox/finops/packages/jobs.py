"""Executions of data projects: states over the clock, and what they leave behind.

A job has no thread of its own: it does its work at the first request or change after its time. Imports and exports
share one history, as their execution ids do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.finops.switches import Switches

UNKNOWN, SUCCEEDED, PARTLY, FAILED = "Unknown", "Succeeded", "PartiallySucceeded", "Failed"


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the error list. :param record: first key value of the row it is about, empty for the job itself."""

    text: str
    record: str = ""


@dataclass(eq=False)
class Job:
    """One execution.

    :param project: name of the data project; :param states: what the job says one after the other.
    :param errors: messages of failed rows; :param files: names of its files in the storage; :param package: the one
        of an export, empty until it is done or when it failed.
    """

    execution_id: str
    project: str
    company: str
    started: datetime
    states: tuple[str, ...]
    state_seconds: float
    errors: list[Message]
    files: list[str] = field(default_factory=list, init=False)
    package: str = field(default="", init=False)
    finished: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.finished = self.started + timedelta(seconds=self.state_seconds * (len(self.states) - 1))

    @classmethod
    def scheduled(cls, execution_id: str, project: str, company: str, now: datetime, switches: Switches) -> Job:
        """Schedule a job that behaves as the switches say."""
        errors = [Message(text) for text in switches.package_errors]
        return cls(execution_id, project, company, now, switches.package_states, switches.package_state_seconds, errors)

    def state(self, moment: datetime) -> str:
        """Give the state at a moment."""
        if moment >= self.finished:
            return self.states[-1]
        passed = (moment - self.started).total_seconds() / self.state_seconds
        return self.states[min(max(int(passed), 0), len(self.states) - 1)]

    def end_as(self, state: str) -> None:
        """Replace the last state by the one that came out."""
        self.states = (*self.states[:-1], state)


class Jobs:
    """The job history.

    :param now: gives the current moment.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self._jobs: dict[str, Job] = {}
        self._running: list[tuple[Job, Callable[[], None]]] = []

    def add(self, job: Job, work: Callable[[], None]) -> None:
        """Take a job in; an earlier one of the same id is replaced. :param work: run when its time has come."""
        self._jobs[job.execution_id] = job
        self._running.append((job, work))

    def find(self, execution_id: str) -> Job | None:
        """Find a job."""
        return self._jobs.get(execution_id)

    def state(self, execution_id: str) -> str:
        """Give the state of a job, `Unknown` for one that does not exist."""
        job = self.find(execution_id)
        return UNKNOWN if job is None else job.state(self.now())

    def forget(self, execution_id: str) -> Job | None:
        """Delete a job from the history and give it."""
        return self._jobs.pop(execution_id, None)

    @property
    def busy(self) -> bool:
        """Tell whether the work of a job is still to be done."""
        return bool(self._running)

    def advance(self) -> None:
        """Finish the jobs whose time has come, in the order of their ends."""
        moment = self.now()
        due = sorted((entry for entry in self._running if moment >= entry[0].finished), key=lambda e: e[0].finished)
        for entry in due:
            self._running.remove(entry)
            job, work = entry
            if job.states[-1] in (SUCCEEDED, PARTLY):
                work()
