"""Waiting until Supply Chain Management has posted the journals we sent, before its stock levels are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import TaskDeferred

from fs_integration.errors import ConfigurationError, DataQualityError, TransientServiceError
from fs_integration.operators.parameters import refuse_unknown
from fs_integration.operators.retry import FamilyRetryPolicy
from fs_integration.records import Scope
from fs_integration.spec.loader import load_connection_set, load_mapping
from fs_integration.spec.mapping import MappingTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from fs_integration.pipeline.posting import UnpostedJournal

GO_ON, FAIL = AT_TIMEOUT = ("go_on", "fail")
JOURNALS = frozenset({"InventoryAdjustmentJournalHeaders", "InventoryTransferJournalHeaders"})
SHOWN = 20  # journals named in a message


def journal_headers(task: MappingTask) -> str:
    """Return the header entity of the inventory journals that a task writes, empty when it writes none."""
    header = task.target.header
    return header.table if header is not None and header.table in JOURNALS else ""


class JournalsPostedSensor(BaseOperator):
    """Wait until none of the journals that we wrote is unposted, in any company.

    A worker looks, for a second or so; the time between two looks is spent in the triggerer. Returns the journals that
    were still unposted when the time was over and the run went on; an empty list when all are posted.

    :param areas: mappings whose enabled tasks write inventory journals; other tasks do not matter.
    :param minutes: how long to wait at most, counted from the first look; a number or a template that gives one.
    :param at_timeout: ``go_on`` or ``fail``, or a template that gives one of them.
    :param look_every: time between two looks.
    """

    template_fields = ("minutes", "at_timeout")

    def __init__(
        self, *, areas: Sequence[str], connection_set: str, minutes: int | str = 60, at_timeout: str = FAIL,
        look_every: timedelta = timedelta(minutes=1), **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(retry_policy=FamilyRetryPolicy(), **kwargs)
        self.areas, self.connection_set = list(areas), connection_set
        self.minutes, self.at_timeout, self.look_every = minutes, at_timeout, look_every

    def execute(self, context: Context) -> list[dict[str, str]]:
        refuse_unknown(context)
        if self.at_timeout not in AT_TIMEOUT:
            raise ConfigurationError(f"at_posting_timeout is `{self.at_timeout}`; it must be one of {AT_TIMEOUT}.")
        return self.look(context)

    def look(self, context: Context, event: Any = None, *, until: str = "") -> list[dict[str, str]]:  # noqa: ARG002
        """Look once; sleep again when journals are unposted or the service cannot answer now.

        :param until: when the waiting ends, ISO 8601. Without it the waiting begins anew: ``dag.test`` of Airflow 3.3
            was once seen to wake a task without the arguments it had asked for.
        """
        until = until or (datetime.now(UTC) + timedelta(minutes=int(self.minutes))).isoformat()
        left = datetime.fromisoformat(until) - datetime.now(UTC)
        try:
            waiting = self._unposted()
        except TransientServiceError as exc:
            if left <= timedelta(0):
                raise
            raise self._sleep(f"{exc}", left, until) from exc
        if not waiting:
            self.log.info("Every journal we wrote is posted.")
        elif left > timedelta(0):
            raise self._sleep(_waiting_for(waiting), left, until)
        else:
            self._time_is_over(waiting)
        return [journal.to_dict() for journal in waiting]

    def _sleep(self, why: str, left: timedelta, until: str) -> TaskDeferred:
        self.log.info("%s Looking again until %s.", why, until)
        pause = TimeDeltaTrigger(min(self.look_every, left))
        return TaskDeferred(trigger=pause, method_name="look", kwargs={"until": until})

    def _time_is_over(self, waiting: list[UnpostedJournal]) -> None:
        text = f"{_waiting_for(waiting)} Waited {self.minutes} minutes."
        if self.at_timeout == FAIL:
            raise DataQualityError(
                f"{text} Stock levels are not read, because Field Service would take back what its technicians did. "
                "Post the journals in Supply Chain Management (Post integration inventory journals); clear this task."
            )
        self.log.warning("%s Going on; stock of these products may be set back until they are posted.", text)

    def _unposted(self) -> list[UnpostedJournal]:
        from fs_integration.hooks.finance_operations import FinanceOperationsHook
        from fs_integration.hooks.ledger import LedgerHook
        from fs_integration.pipeline.posting import unposted_journals

        connections = load_connection_set(self.connection_set)
        client = FinanceOperationsHook(connections.finance_operations).get_conn()
        ledger = LedgerHook(connections.ledger).get_ledger()
        found: list[UnpostedJournal] = []
        for area in map(load_mapping, self.areas):
            for task in filter(journal_headers, area.enabled_tasks):
                entity, key = journal_headers(task), task.target.key
                for organization in connections.organizations:
                    scope = Scope(area.mapping, task.name, organization.legal_entity)
                    found += unposted_journals(entity, key, scope, client=client, ledger=ledger)
        return found


def _waiting_for(waiting: list[UnpostedJournal]) -> str:
    names = [f"{journal.number} ({journal.legal_entity})" for journal in waiting[:SHOWN]]
    more = f" and {len(waiting) - SHOWN} more" if len(waiting) > SHOWN else ""
    return f"{len(waiting)} of our journals not posted yet: {', '.join(names)}{more}."
