"""What the five operators share: the mapping they work for, the stores they use and the run they belong to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowRescheduleException

from fs_integration.errors import AreaPaused, LeaseHeld
from fs_integration.operators.parameters import refuse_unknown
from fs_integration.operators.retry import FamilyRetryPolicy
from fs_integration.records import Interval, Scope
from fs_integration.spec.connection_set import ConnectionSet
from fs_integration.spec.loader import load_connection_set, load_mapping
from fs_integration.spec.mapping import Mapping, MappingTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from fs_integration.ledger import Ledger
    from fs_integration.pipeline.clients import Clients
    from fs_integration.pipeline.run import Run
    from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)

TURN_SECONDS = 10  # between two looks whether the area is free


class AreaOperator(BaseOperator):
    """Base of the operators of one mapping task.

    :param mapping: mapping name; :param mapping_task: task inside it.
    :param connection_set: which connections and which legal entities.
    """

    def __init__(self, *, mapping: str, mapping_task: str, connection_set: str, **kwargs: Any) -> None:
        if kwargs.get("retry_policy") is None:  # Airflow hands None, not nothing, to each instance of a mapped task
            kwargs["retry_policy"] = FamilyRetryPolicy()
        super().__init__(**kwargs)
        self.mapping, self.mapping_task, self.connection_set = mapping, mapping_task, connection_set

    @cached_property
    def area(self) -> Mapping:
        return load_mapping(self.mapping)

    @property
    def area_task(self) -> MappingTask:
        return self.area.task(self.mapping_task)

    @cached_property
    def connections(self) -> ConnectionSet:
        return load_connection_set(self.connection_set)

    @property
    def scopes(self) -> list[Scope]:
        from fs_integration.pipeline.run import scopes_of

        companies = [organization.legal_entity for organization in self.connections.organizations]
        return scopes_of(self.mapping, self.mapping_task, companies)

    @cached_property
    def ledger(self) -> Ledger:
        from fs_integration.hooks.ledger import LedgerHook

        return LedgerHook(self.connections.ledger).get_ledger()

    @cached_property
    def staging(self) -> StagingArea:
        from fs_integration.hooks.staging import StagingHook

        return StagingHook().get_area()

    @cached_property
    def clients(self) -> Clients:
        from fs_integration.hooks.dataverse import DataverseHook
        from fs_integration.hooks.finance_operations import FinanceOperationsHook
        from fs_integration.pipeline.clients import Clients

        return Clients(
            finance_operations=FinanceOperationsHook(self.connections.finance_operations).get_conn(),
            dataverse=DataverseHook(self.connections.dataverse).get_conn(),
        )

    def counted(self, run: Run, step: str) -> AbstractContextManager[None]:
        """Return what the step's work is done inside: it waits while the area pauses, and failures are counted."""
        from fs_integration.ledger.breakers import Breaker, Work
        from fs_integration.pipeline.breaker import counted

        breaker, work = Breaker(self.mapping, self.connection_set), Work(run.run_key, self.mapping_task, step)
        return counted(self.ledger, breaker, work, self.connections.circuit_breaker)

    def run_of(self, context: Context) -> Run:
        """Return the run this task instance belongs to. :raises ConfigurationError: its parameters make no sense."""
        from fs_integration.pipeline.run import run_of
        from fs_integration.staging import run_key

        refuse_unknown(context)
        dag_run = context["dag_run"]
        start, end = context.get("data_interval_start"), context.get("data_interval_end")
        return run_of(
            run_key=run_key(dag_run.run_id),
            dag_id=dag_run.dag_id,
            run_id=dag_run.run_id,
            run_type=str(getattr(dag_run.run_type, "value", dag_run.run_type)),
            run_after=plain(dag_run.run_after),
            data_interval=Interval(plain(start), plain(end)) if start is not None and end is not None else None,
            params=context["params"],
        )


@contextmanager
def waiting_for_its_turn() -> Iterator[None]:
    """Put the task to sleep while another run writes one of its companies, or the area pauses.

    That is no failed try, and keeps no worker busy.
    """
    try:
        yield
    except AreaPaused as paused:
        log.warning("%s", paused)
        raise AirflowRescheduleException(paused.until) from paused
    except LeaseHeld as held:
        log.info("%s This task looks again in %d seconds.", held, TURN_SECONDS)
        raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=TURN_SECONDS)) from held


def plain(moment: datetime) -> datetime:
    """Return a moment as a plain datetime in UTC: Airflow's are pendulum's, whose differences cannot be divided."""
    return datetime.fromisoformat(moment.isoformat()).astimezone(UTC)
