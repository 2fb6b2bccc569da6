"""Read the source rows of one company: its window, the rows held back earlier, in batches of bounded size."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd

from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.packages import rows_of
from fs_integration.frames import joined_text
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.held_back import key_frame
from fs_integration.pipeline.references import own_rows
from fs_integration.pipeline.run import Run
from fs_integration.records import Interval, Scope
from fs_integration.spec.columns import grouping_columns, source_columns
from fs_integration.spec.company import CompanyView
from fs_integration.spec.mapping import ChangedSince, Condition, MappingTask, PackageExport
from fs_integration.staging import StagingArea

KEYS_AT_ONCE = 50  # documents asked for in one request
PACKAGE = "package.zip"
MOST_BATCHES = 1024  # that Airflow maps a task over, unless `[core] max_map_length` says otherwise
GROWTH_STEPS = 8


def source_pages(
    view: CompanyView, run: Run, *, scope: Scope, clients: Clients, staging: StagingArea, held: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """Read the source rows of one company by the route the mapping names, each once.

    :param held: keys of rows that are held back since an earlier run and to be read whatever the run reads besides; a
        replay reads nothing else.
    :raises ServiceError: the service gives no complete answer.
    """
    task, source = view.task, view.task.source
    client = clients.of(source.system)
    window = _window(source.changed_since, run) if source.changed_since else None
    order = list(dict.fromkeys([*grouping_columns(task), *source.key]))
    if isinstance(client, FinanceOperationsClient):
        if source.route == "package" and source.package is not None:
            yield from _package_pages(source.package, client, run, scope=scope, staging=staging, order_by=order)
            return
        read: Callable[..., Any] = partial(client.read, source.entity, company=scope.legal_entity, order_by=order)
        find = partial(client.read_keys, source.entity, company=scope.legal_entity)
        own: tuple[Condition, ...] = ()
    else:
        read = partial(client.read, source.entity, order_by=grouping_columns(task))
        find = partial(client.read_keys, source.entity)
        own = own_rows(source.company_field, view.organization.business_unit)
    read = partial(read, columns=source_columns(task))
    where = (*own, *source.where)
    again: set[str] = set()  # a line that changed may stand in a document that is read again, too
    for page in _held_back(task, held, find=find, read=lambda also: read(where=(also, *where))):
        again.update(joined_text(page, source.key).tolist())
        yield page
    if run.replay is not None:
        return
    for page in read(where=where, changed_since=window):
        yield page[~joined_text(page, source.key).isin(again).to_numpy(dtype=bool)] if again else page


def export_id(scope: Scope, run: Run) -> str:
    """Return the name of a company's export in a run: the same in every try, so that a retry finds what it began."""
    return f"{scope}/{run.run_key}"


def _package_pages(
    package: PackageExport, client: FinanceOperationsClient, run: Run, *, scope: Scope, staging: StagingArea,
    order_by: Sequence[str],
) -> Iterator[pd.DataFrame]:  # fmt: skip
    """Read an exported package; the one that an earlier try of the run has kept, because reading it consumed it.

    It is kept before anything else is done with it (R8 in docs/reliability.md).
    """
    if staging.has_bytes(scope, run.run_key, PACKAGE):
        kept = staging.read_bytes(scope, run.run_key, PACKAGE)
        yield rows_of(kept, package, company=scope.legal_entity, order_by=order_by)
        return
    yield from client.export_package(
        package, company=scope.legal_entity, keep=partial(staging.write_bytes, scope, run.run_key, PACKAGE),
        order_by=order_by, execution_id=export_id(scope, run),
    )  # fmt: skip


def _held_back(
    task: MappingTask, keys: Sequence[str], *, find: Callable[..., pd.DataFrame], read: Callable[..., Any]
) -> Iterator[pd.DataFrame]:
    """Read the rows held back; of documents, and of groups whose rows are added up, all rows.

    :param find: reads rows by their key; :param read: reads the rows of the company that fulfil a condition.
    """
    if not keys:
        return
    source, together = task.source, grouping_columns(task)
    column = (*together, *source.key)[0]
    wanted = key_frame(keys, source)
    found = find(columns=list(dict.fromkeys([*source.key, column])), key=source.key, rows=wanted)
    alone = found[column].isna()  # of a document that is not known
    for name, part in ((column, found[~alone]), (source.key[0], found[alone])):
        values = part[name].drop_duplicates().tolist()
        for start in range(0, len(values), KEYS_AT_ONCE):
            condition = Condition.model_validate({"field": name, "in": values[start : start + KEYS_AT_ONCE]})
            for page in read(condition):
                whole = together and name == column
                yield page if whole else page[joined_text(page, source.key).isin(keys).to_numpy(dtype=bool)]


def _window(changed: ChangedSince, run: Run) -> tuple[str, Interval]:
    """Return column and window to read; it begins earlier than the run's: clocks differ and writes take time."""
    start = run.interval.start
    earlier = start - timedelta(minutes=changed.overlap_minutes) if start is not None else None
    return changed.field, Interval(earlier, run.interval.end)


def batches_of(
    pages: Iterator[pd.DataFrame],
    *,
    rows: int,
    together: Sequence[str],
    most: int = MOST_BATCHES,
    numbers: Iterator[int] | None = None,
) -> Iterator[pd.DataFrame]:
    """Cut pages into batches of about ``rows`` rows; rows that are equal in ``together`` stay in one batch.

    The pages must be ordered by ``together``; a batch may then grow by at most one group.

    :param most: batches that can be handled, at least 8. After each eighth of them batches become twice as large, so
        that this number is not reached: it holds thirty times as many rows as batches of one size would.
    :param numbers: gives each batch its number, from 1 on, where several streams share ``most``.
    """
    held: list[pd.DataFrame] = []
    count = number = 0
    numbers = numbers or itertools.count(1)
    for page in pages:
        held.append(page)
        count += len(page)
        while count >= (wanted := rows << (number * GROWTH_STEPS // most)):
            frame = pd.concat(held, ignore_index=True)
            cut = _cut(frame, wanted, together)
            if cut == len(frame) and together:
                held = [frame]  # the last group may go on in the next page
                break
            yield frame.iloc[:cut].reset_index(drop=True)
            number = next(numbers)
            rest = frame.iloc[cut:].reset_index(drop=True)
            held, count = [rest], len(rest)
    if count:
        yield pd.concat(held, ignore_index=True)


def _cut(frame: pd.DataFrame, rows: int, together: Sequence[str]) -> int:
    """Return how many rows the first batch takes: at least ``rows``, then up to the end of the group that row is in."""
    if not together:
        return min(rows, len(frame))
    tail = joined_text(frame.iloc[rows - 1 :], together)
    different = (tail != tail.iloc[0]).to_numpy(dtype=bool)
    return rows - 1 + int(different.argmax()) if different.any() else len(frame)
