"""Make a DAG of a mapping: a group of five tasks per mapping task (docs/architecture.md, "One area, one DAG").

Called at every parse of a DAG file, so it reads two small YAML files and nothing else: no connection, no variable, no
network, no pandas.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from airflow.sdk import DAG, Asset, AssetAll, CronDataIntervalTimetable, Param, TaskGroup, TriggerRule, XComArg

from fs_integration.errors import MappingError
from fs_integration.operators import (
    ExtractEntityOperator,
    LoadEntityOperator,
    OutcomeOperator,
    QualityGateOperator,
    ReconcileLoadOperator,
    TransformBatchOperator,
)
from fs_integration.spec.explain import describe_markdown
from fs_integration.spec.loader import load_mapping, mapping_hash
from fs_integration.spec.mapping import Mapping, MappingTask

if TYPE_CHECKING:
    from airflow.sdk.bases.timetable import BaseTimetable
    from airflow.sdk.definitions.asset import BaseAsset


Schedule: TypeAlias = "str | BaseTimetable | BaseAsset | None"
POOLS = {"finance_operations": "finance_operations_api", "dataverse": "dataverse_api"}
PACKAGE_POOL = "finance_operations_packages"  # one slot: F&O imports one package at a time
FIRST_DAY = datetime(2026, 1, 1)  # noqa: DTZ001  Airflow takes it in the DAG's time zone; catchup is off
REPLAY = "Read only rows that are held back, and offer them again; moves no watermark:"
WORD = {"minLength": 1, "maxLength": 500}
MARK = {"pattern": "^[0-9a-f]{12}$"}
PARAMS = {
    "window_start": Param(
        None, type=["null", "string"], format="date-time",
        description="Read exactly from here, without moving the watermark. Needs `window_end`.",
    ),
    "full": Param(
        False, type="boolean",
        description="Read everything and write every row again, also those that have not changed since they were last "
        "written. Aligns a target that somebody else has changed.",
    ),
    "window_end": Param(None, type=["null", "string"], format="date-time", description="Read up to here, exclusive."),
    **{
        f"replay_{name}": Param(None, type=["null", "string"], **limits, description=f"{REPLAY} {chosen}")
        for name, chosen, limits in (
            ("rule", "all that are held back by this rule.", WORD),
            ("key", "this row, its key as the quarantine shows it.", WORD),
            ("run", "those that the run of this id reported last.", WORD),
            ("task", "those of this task of the mapping.", WORD),
            ("company", "those of this legal entity.", WORD),
            ("seen", "only if they still are what `quarantine replay --dry-run` showed under this mark.", MARK),
        )
    },
}  # fmt: skip
DEFAULT_ARGS = {
    "owner": "fs-integration",
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=2),
}


def integration_dag(
    mapping: str, *, schedule: Schedule, connection_set: str = "default", timezone: str = "UTC",
    default_args: dict[str, Any] | None = None, **dag_options: Any,
) -> DAG:  # fmt: skip
    """Build the DAG ``fs_<mapping>`` of one integration area.

    :param schedule: cron text, whose runs get the interval between two of its moments as data interval; or what
        ``assets_of`` gives, to run after other areas; or a timetable; or None, to run only when started.
    :param connection_set: name of a file under ``include/mappings/connection_sets``.
    :param default_args: put over ours, for example another owner or an e-mail address.
    :param dag_options: handed to ``DAG`` as they are.
    :raises MappingError: when the mapping file is wrong; Airflow shows the message as import error of this DAG only.
    """
    area = load_mapping(mapping)
    if not area.enabled_tasks:
        raise MappingError(f"Every task of the mapping `{mapping}` is disabled; a DAG of it would do nothing.",
                           suggestion="Enable a task, or remove the DAG file.")  # fmt: skip
    dag = DAG(
        dag_id=f"fs_{area.mapping}",
        dag_display_name=area.title,
        description=area.description or area.title,
        schedule=timetable_of(schedule, timezone=timezone),
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        tags={"fs-integration", *(end.system for task in area.enabled_tasks for end in (task.source, task.target))},
        params=PARAMS,
        doc_md=f"{describe_markdown(area)}\n\nMapping version {area.version}, content {mapping_hash(area)}.",
        default_args={**DEFAULT_ARGS, **(default_args or {})},
        **dag_options,
    )
    with dag:
        groups = [_task_group(area, task, connection_set=connection_set) for task in area.enabled_tasks]
        _in_order(groups)
    return dag


def _in_order(groups: list[TaskGroup]) -> None:
    """Let the mapping's tasks run one after the other.

    When the gate stops some companies of a task, its reconcile fails, and the next task runs all the same for the sake
    of the others: rows whose header was not written are held back by the mapping. The next task does not run when the
    gate itself failed, because then nothing was written for any company.
    """
    if len(groups) == 1:
        return
    for before, after in pairwise(groups):
        extract = after.children[f"{after.group_id}.extract"]
        extract.trigger_rule = TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
        [before.children[f"{before.group_id}.{step}"] for step in ("quality_gate", "reconcile")] >> extract
    outcome = OutcomeOperator(task_id="outcome", advice=ADVICE, doc_md=DOCS["outcome"])
    [group.children[f"{group.group_id}.reconcile"] for group in groups] >> outcome


def timetable_of(schedule: Schedule, *, timezone: str = "UTC") -> Schedule:
    """Return what Airflow takes: of cron text a timetable, as Airflow's own reading of it has empty data intervals."""
    return CronDataIntervalTimetable(schedule, timezone=timezone) if isinstance(schedule, str) else schedule


def target_asset(task: MappingTask) -> Asset:
    """Return the asset that stands for a target table; areas that need it may be scheduled on it."""
    return Asset(
        name=f"{task.target.system}/{task.target.table}",
        uri=f"{task.target.system.replace('_', '-')}://fs-integration/{task.target.table}",
        group="fs-integration",
    )


def assets_of(*mappings: str) -> AssetAll:
    """Return a schedule: run once every target table of these areas has been published since the last such run.

    :raises MappingError: when there is no such mapping.
    """
    assets = {asset.name: asset for name in mappings for asset in map(target_asset, load_mapping(name).enabled_tasks)}
    return AssetAll(*assets.values())


def _task_group(area: Mapping, task: MappingTask, *, connection_set: str) -> TaskGroup:
    common = {"mapping": area.mapping, "mapping_task": task.name, "connection_set": connection_set}
    source_pool, target_pool = POOLS[task.source.system], POOLS[task.target.system]
    load_pool = PACKAGE_POOL if task.target.route == "package" else target_pool
    batch_name = "{{ task.batch['legal_entity'] }} {{ task.batch['number'] }}"
    with TaskGroup(task.name, tooltip=task.title) as group:
        extract = ExtractEntityOperator(task_id="extract", pool=source_pool, doc_md=DOCS["extract"], **common)
        transform = TransformBatchOperator.partial(
            task_id="transform", map_index_template=batch_name, doc_md=DOCS["transform"], **common
        ).expand(batch=extract.output)
        gate = QualityGateOperator(
            task_id="quality_gate", results=transform.output, trigger_rule=TriggerRule.NONE_FAILED,
            doc_md=DOCS["quality_gate"], **common,
        )  # fmt: skip
        load = LoadEntityOperator.partial(
            task_id="load", pool=load_pool, map_index_template=batch_name, doc_md=DOCS["load"], **common
        ).expand(batch=gate.output)
        ReconcileLoadOperator(
            task_id="reconcile", pool=target_pool, results=load.output, stopped=XComArg(gate, key="stopped"),
            asset=target_asset(task), trigger_rule=TriggerRule.NONE_FAILED, doc_md=DOCS["reconcile"], **common,
        )  # fmt: skip
    return group


ADVICE = "`upstream_failed` means: not run, because a step before it failed. See the failed steps for what to do."
DOCS = {
    "extract": "Reads the source of every company in bounded batches and stages them with the reference tables they "
    "need. **Fails** when a service cannot be reached or refuses; nothing has been written then.",
    "transform": "Checks a raw batch, shapes it by the mapping and checks the result. Bad rows are set aside with a "
    "reason. Does not use the network, so clearing it is always safe.",
    "quality_gate": "Looks at all batches together and decides per company whether they may be loaded. Buttons "
    "**Quarantine** and **Data Docs** lead to the rows held back and to every check. **Fails** when no company passed.",
    "load": "Writes the rows that changed since they were last written, under a lease. Clearing it repeats nothing: "
    "rows already written end as unchanged.",
    "reconcile": "Reads written rows back, balances the books, moves the watermark, publishes the asset. **Fails** "
    "when the books do not balance or when the gate stopped a company.",
    "outcome": "**Fails** when the books of any task of the mapping did not close cleanly, and names them. Without it "
    "Airflow would judge the run by its last task alone, and that one runs also for companies that were not stopped.",
}
