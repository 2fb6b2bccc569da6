"""Make the DAG that runs all areas in order (docs/operating.md, "Order and dependencies").

It triggers the areas' own DAGs and waits for them. The stages say what comes first; `requires:` of the mappings says
whose failure stops whom. Like ``assembly`` it reads the mapping files at parse time and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping as Stages
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, TaskGroup, TriggerRule

from fs_integration.assembly import DEFAULT_ARGS, FIRST_DAY, POOLS, Schedule, timetable_of
from fs_integration.errors import MappingError
from fs_integration.operators import AreaRunOperator, JournalsPostedSensor, OutcomeOperator
from fs_integration.operators.posting_sensor import AT_TIMEOUT, FAIL, journal_headers
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

MOST_MINUTES = 7 * 24 * 60
STAGES = {
    "master_data": ("accounts", "warehouses", "products", "projects"),
    "service": ("inventory_adjustments", "inventory_transfers", "work_orders"),
    "stock": ("product_inventory",),
    "invoicing": ("agreement_invoices",),
}


def cycle_dag(
    *, schedule: Schedule, stages: Stages[str, Sequence[str]] = STAGES, connection_set: str = "default",
    posting_minutes: int = 60, at_posting_timeout: str = FAIL, look_every: timedelta = timedelta(minutes=1),
    timezone: str = "UTC", **dag_options: Any,
) -> DAG:  # fmt: skip
    """Build the DAG ``fs_cycle``.

    :param stages: name of a stage -> its areas. A stage begins when every area of the one before has ended; after the
        last stage with areas that write inventory journals the cycle also waits until these are posted.
    :param posting_minutes: how long to wait for that at most; a run may be started with another number.
    :param at_posting_timeout: ``fail``, then the next stage does not run, or ``go_on``.
    :param look_every: time between two looks whether the journals are posted.
    :raises MappingError: when an area has no mapping, or comes before one that it requires.
    """
    areas = {name: load_mapping(name) for names in stages.values() for name in names}
    _check_order(areas)
    dag = DAG(
        dag_id="fs_cycle",
        dag_display_name="Cycle of all areas",
        description="Runs every area in order and waits in between until Supply Chain Management has posted.",
        schedule=timetable_of(schedule, timezone=timezone),
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=True,
        tags={"fs-integration", *POOLS},
        params=_params(posting_minutes, at_posting_timeout),
        doc_md=_described(areas, stages),
        default_args=DEFAULT_ARGS,
        **dag_options,
    )
    with dag:
        outcome = OutcomeOperator(task_id="outcome", advice=ADVICE, doc_md=DOCS["outcome"])
        _stages(areas, stages, connection_set, look_every) >> outcome
    return dag


def _stages(
    areas: dict[str, Mapping], stages: Stages[str, Sequence[str]], connection_set: str, look_every: timedelta
) -> list[BaseOperator]:
    """Build the tasks of all stages and return those whose success makes the cycle's."""
    runs: dict[str, BaseOperator] = {}
    counted: list[BaseOperator] = []
    passage: BaseOperator | None = None
    journals = [name for name, area in areas.items() if any(map(journal_headers, area.enabled_tasks))]
    for number, (stage, names) in enumerate(stages.items(), 1):
        with TaskGroup(stage, prefix_group_id=False):
            own = {name: _area_run(areas[name]) for name in names}
        runs.update(own)
        for name, run in own.items():
            [runs[required] for required in areas[name].requires if required in runs] >> run
            if passage is not None:
                passage >> run
        counted += own.values()
        if number == len(stages):
            break
        last = journals and journals[-1] in names  # one wait, for the journals of all stages up to this one
        passage = _passage(stage, journals if last else [], connection_set, look_every)
        list(own.values()) >> passage
        if isinstance(passage, JournalsPostedSensor):
            counted.append(passage)
    return counted


def _area_run(area: Mapping) -> BaseOperator:
    return AreaRunOperator(task_id=area.mapping, task_display_name=area.title, area=area.mapping, doc_md=DOCS["area"])


def _passage(stage: str, journals: list[str], connection_set: str, look_every: timedelta) -> BaseOperator:
    """Return what stands between two stages: it passes when the first has ended, however its areas ended.

    :param journals: areas whose inventory journals must be posted before the next stage.
    """
    if not journals:
        return EmptyOperator(task_id=f"{stage}_ended", trigger_rule=TriggerRule.ALL_DONE, doc_md=DOCS["ended"])
    return JournalsPostedSensor(
        task_id="journals_posted", areas=journals, connection_set=connection_set, look_every=look_every,
        minutes="{{ params.posting_minutes }}", at_timeout="{{ params.at_posting_timeout }}",
        pool=POOLS["finance_operations"], trigger_rule=TriggerRule.ALL_DONE, doc_md=DOCS["journals_posted"],
    )  # fmt: skip


def _check_order(areas: dict[str, Mapping]) -> None:
    before: set[str] = set()
    for name, area in areas.items():
        late = sorted({*area.requires} & {*areas} - before)
        if late:
            raise MappingError(
                f"The cycle runs `{name}` before `{late[0]}`, which `{name}` requires.",
                suggestion="Change the order in the stages of the cycle, or `requires:` of the mapping.",
            )
        before.add(name)


def _params(posting_minutes: int, at_posting_timeout: str) -> dict[str, Param]:
    return {
        "posting_minutes": Param(
            posting_minutes, type="integer", minimum=0, maximum=MOST_MINUTES,
            description="How long to wait, at most, until the inventory journals we sent are posted.",
        ),
        "at_posting_timeout": Param(
            at_posting_timeout, enum=list(AT_TIMEOUT),
            description="When they are not: `fail` leaves stock levels as they are, `go_on` reads them all the same.",
        ),
    }  # fmt: skip


def _described(areas: dict[str, Mapping], stages: Stages[str, Sequence[str]]) -> str:
    lines = [
        f"| {stage} | fs_{name} | {areas[name].title} | {', '.join(areas[name].requires) or '-'} |"
        for stage, names in stages.items()
        for name in names
    ]
    return "\n".join(["# Cycle of all areas", "", INTRODUCTION, "", "| stage | DAG | area | requires |",
                      "|---|---|---|---|", *lines])  # fmt: skip


INTRODUCTION = (
    "Triggers the DAGs of the areas stage by stage. An area that failed stops only the areas that require it; one "
    "whose gate stopped some companies stops none. "
    "The DAGs of the areas must be active, that is not paused."
)
ADVICE = (
    "`upstream_failed` means: not started, because something it requires failed. The button Triggered DAG of a failed "
    "task leads to the run of its area; mend the cause there, then clear the failed task here, downstream included."
)
DOCS = {
    "area": "Starts the DAG of the area and waits for its run without keeping a worker busy. **Fails** when that run "
    "failed or its DAG is paused, but not when only the gate stopped some companies. The button **Triggered DAG** "
    "leads to the run.",
    "ended": "Passes as soon as every area of the stage has ended, also when some failed; those that require a failed "
    "area are stopped by it directly.",
    "journals_posted": "Waits until Supply Chain Management has posted the inventory journals we sent, because stock "
    "levels read earlier would take back what technicians did. **Fails**, or goes on, when the time is over.",
    "outcome": "**Fails** when any area of the cycle did not succeed for every company, and names them. Without it "
    "Airflow would judge the run by its last area alone.",
}
