"""Extract: stage everything the later steps need, so that they never have to ask the source again.

Staged are, per run: what both services say about their tables, the reference tables, the index of the target, and the
source rows in bounded batches. Only the last are per legal entity; references that every company shares are read once.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from threading import Event

from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.parallel import side_by_side, until
from fs_integration.errors import ConfigurationError
from fs_integration.ledger import Ledger
from fs_integration.pipeline.agreement import demand_agreement
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.environment import check_environment
from fs_integration.pipeline.held_back import keys_to_ask, stage_selection
from fs_integration.pipeline.places import SOURCE, TARGET, stage_description
from fs_integration.pipeline.references import stage_references, stage_target_index
from fs_integration.pipeline.run import Run, scopes_of
from fs_integration.pipeline.source import MOST_BATCHES, batches_of, source_pages
from fs_integration.pipeline.target import target_metadata
from fs_integration.records import BatchRef, Scope
from fs_integration.spec.columns import grouping_columns, source_columns
from fs_integration.spec.company import CompanyView, company_view
from fs_integration.spec.connection_set import Organization
from fs_integration.spec.loader import mapping_hash
from fs_integration.spec.mapping import Mapping, MappingTask, Source
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)


def extract(
    area: Mapping, task: MappingTask, run: Run, *, organizations: Sequence[Organization], clients: Clients,
    staging: StagingArea, ledger: Ledger, most_batches: int = MOST_BATCHES,
) -> list[BatchRef]:  # fmt: skip
    """Stage one run of a mapping task for every company and return its raw batches.

    :param most_batches: batches that the later steps can be mapped over; half of them are left to the gate.
    :raises MappingError: when the mapping does not agree with the tables of the services.
    :raises ConfigurationError: when a company lacks a setting, something that must be set up in a service is not, a
        connection leads to another environment than before, or the rows to replay are no longer what was seen.
    :raises ServiceError: when a service cannot be read; nothing of the run is usable then and the task is tried again.
    """
    views = [company_view(area, task, organization) for organization in organizations]
    _demand_units(views)
    companies = [view.organization.legal_entity for view in views]
    scopes = scopes_of(area.mapping, task.name, companies)
    check_environment(scopes, clients, ledger)
    demand_agreement(area, task, clients)
    stage_selection(area, run, companies=companies, staging=staging, ledger=ledger)
    target = target_metadata(task, clients)
    stage_description(_source_metadata(views, clients), SOURCE, scopes[0], run.run_key, staging)
    stage_description(target, TARGET, scopes[0], run.run_key, staging)
    stage_references(task, run, organizations=dict(zip(scopes, organizations, strict=True)), clients=clients,
                     staging=staging, ledger=ledger)  # fmt: skip
    stage_target_index(task, run, scopes=scopes, metadata=target, clients=clients, staging=staging, ledger=ledger)
    content, stop, numbers = mapping_hash(area), Event(), itertools.count(1)

    def extract_scope(one: tuple[CompanyView, Scope]) -> list[BatchRef]:
        view, scope = one
        return _extract_scope(view, run, scope=scope, clients=clients, staging=staging, ledger=ledger, content=content,
                              most=most_batches // 2, numbers=numbers, stop=stop)  # fmt: skip

    found = side_by_side(extract_scope, list(zip(views, scopes, strict=True)), at_once=_at_once(task.source),
                         name="extract", stop=stop)  # fmt: skip
    return [ref for refs in found for ref in refs]


def _at_once(source: Source) -> int:
    """Return how many companies are read at once; packages are exported one after the other."""
    return 1 if source.route == "package" else source.parallel_reads


def _demand_units(views: Sequence[CompanyView]) -> None:
    """Refuse to read one Dataverse table for several companies without knowing whose its rows are."""
    source = views[0].task.source
    nameless = [view.organization.legal_entity for view in views if not view.organization.business_unit]
    if source.system == "dataverse" and source.company_field and len(views) > 1 and nameless:
        raise ConfigurationError(
            f"The connection set serves {len(views)} companies, but names no `business_unit` for "
            f"{', '.join(nameless)}; rows of {source.entity} would be sent to several companies. Add it there."
        )


def _source_metadata(views: Sequence[CompanyView], clients: Clients) -> EntityMetadata:
    source = views[0].task.source
    client = clients.of(source.system)
    if isinstance(client, FinanceOperationsClient):
        return client.entity_metadata(source.entity)
    columns = {name for view in views for name in source_columns(view.task)}
    return client.resolve(source.entity, sorted(columns))


def _extract_scope(
    view: CompanyView, run: Run, *, scope: Scope, clients: Clients, staging: StagingArea, ledger: Ledger, content: str,
    most: int, numbers: Iterator[int], stop: Event,
) -> list[BatchRef]:  # fmt: skip
    task = view.task
    run = run.for_scope(ledger.watermark(scope))
    ledger.begin_run(scope, run_key=run.run_key, dag_id=run.dag_id, run_id=run.run_id, mode=run.mode.value,
                     interval=run.interval, mapping_hash=content)  # fmt: skip
    held = keys_to_ask(task, run, scope=scope, staging=staging, ledger=ledger)
    pages = source_pages(view, run, scope=scope, clients=clients, staging=staging, held=held)
    frames = batches_of(until(stop, pages), rows=task.source.batch_rows, together=grouping_columns(task), most=most,
                        numbers=numbers)  # fmt: skip
    refs = [ref for ref in staging.write_batches(scope, run.run_key, "01_raw", frames) if ref.rows]
    for ref in refs:
        ledger.record_batch(ref)
    log.info("Extracted %s: %d rows in %d batches", scope, sum(ref.rows for ref in refs), len(refs))
    return refs
