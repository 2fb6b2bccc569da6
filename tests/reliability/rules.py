"""The fourteen rules of docs/reliability.md: where each stands in the code, and how it is switched off.

``pytest --without R4`` runs the suite with one rule switched off; ``python -m tests.reliability.removal`` does it with
each and expects the suite to turn red (`make rules`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

import numpy as np
import pytest

from fs_integration.clients import bulk, dataverse, package_export, package_import, payload
from fs_integration.clients.change_sets import ChangeSetBuilder
from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.origin import Origin
from fs_integration.clients.patience import Patience, Time
from fs_integration.clients.row_writer import operation_of
from fs_integration.ledger import Ledger, leases, runs
from fs_integration.ledger.engine import writing
from fs_integration.ledger.scopes import scope_number
from fs_integration.pipeline import load, reconcile, source

Switch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Rule:
    """:param place: module and name of the code that keeps the rule; :param off: takes the rule out of it."""

    place: str
    off: Switch


def _writes_by_plain_create(patch: pytest.MonkeyPatch) -> None:
    def addressed(self, metadata, rows, *, key, columns):
        yield "CreateMultiple", rows.index, payload.json_rows(rows, metadata, list(dict.fromkeys([*key, *columns])))

    patch.setattr(DataverseClient, "_addressed", addressed)


def _key_in_the_body(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dataverse, "body_columns", lambda columns, key, metadata: list(columns))


def _update_without_condition(patch: pytest.MonkeyPatch) -> None:
    def unconditional(metadata, position, target, *, only_update):
        return operation_of(metadata, position, target, only_update=False)

    patch.setattr(bulk, "operation_of", unconditional)


def _lost_race_is_a_refusal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("fs_integration.clients.row_writer.LOST_RACE", "no such code")


def _everything_has_changed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(load, "_unchanged", lambda prints, last: np.zeros(len(prints), dtype=bool))


def _no_look_after_an_ambiguous_answer(patch: pytest.MonkeyPatch) -> None:
    build = ChangeSetBuilder.build
    patch.setattr(ChangeSetBuilder, "build", lambda self, groups, *, ask: build(self, groups, ask=False))


def _a_new_execution_each_time(patch: pytest.MonkeyPatch) -> None:
    for module in (package_import, package_export):
        patch.setattr(module, "execution_ids", lambda name: [str(uuid.uuid4()) for _ in range(5)])


def _nothing_kept_of_an_export(patch: pytest.MonkeyPatch) -> None:
    pages = source._package_pages

    def forgetful(package, client, run, *, scope, staging, order_by):
        class Forgetful:
            read_bytes = staging.read_bytes
            has_bytes = staticmethod(lambda *given: False)
            write_bytes = staticmethod(lambda *given: None)

        renamed = type(run)(f"{run.run_key}-{uuid.uuid4().hex[:6]}", run.dag_id, run.run_id, run.mode, run.interval)
        yield from pages(package, client, renamed, scope=scope, staging=Forgetful(), order_by=order_by)

    patch.setattr(source, "_package_pages", forgetful)


def _watermark_at_the_start(patch: pytest.MonkeyPatch) -> None:
    begin = Ledger.begin_run

    def early(self, scope, *, run_key, interval, **more):
        begin(self, scope, run_key=run_key, interval=interval, **more)
        with writing(self.engine, "early") as connection:
            number = scope_number(connection, scope)
            runs.move_watermark(connection, number, interval.end, run_key=run_key, now=interval.end)

    patch.setattr(Ledger, "begin_run", early)


def _anybody_may_write(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(leases, "_demand", lambda lease, row: None)


def _real_sleep(patch: pytest.MonkeyPatch) -> None:
    begin = Patience.__init__
    patch.setattr(Patience, "__init__", lambda self, limits, clock, limiter: begin(self, limits, Time(), limiter))


def _books_may_not_balance(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "_fault", lambda task, books, scope: "")


def _no_silence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Patience, "_stay_quiet", lambda self, deadline: self.limiter.pause(0.0))
    patch.setattr("fs_integration.clients.limiter.Limiter._quiet", lambda self, seconds: None)


def _any_link_is_followed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Origin, "resolve", lambda self, link: urljoin(f"{self.root}/", link))


RULES: dict[str, Rule] = {
    "R1": Rule("clients/dataverse.py: DataverseClient._addressed", _writes_by_plain_create),
    "R2": Rule("clients/payload.py: body_columns", _key_in_the_body),
    "R3": Rule("clients/row_writer.py: operation_of", _update_without_condition),
    "R4": Rule("clients/row_writer.py: RowWriter.send_alone", _lost_race_is_a_refusal),
    "R5": Rule("pipeline/load.py: _unchanged", _everything_has_changed),
    "R6": Rule("clients/change_sets.py: ChangeSetBuilder.build", _no_look_after_an_ambiguous_answer),
    "R7": Rule("clients/package_actions.py: execution_ids", _a_new_execution_each_time),
    "R8": Rule("pipeline/source.py: _package_pages", _nothing_kept_of_an_export),
    "R9": Rule("pipeline/reconcile.py: _close", _watermark_at_the_start),
    "R10": Rule("ledger/leases.py: _demand", _anybody_may_write),
    "R11": Rule("clients/patience.py: Time", _real_sleep),
    "R12": Rule("pipeline/reconcile.py: _fault", _books_may_not_balance),
    "R13": Rule("clients/patience.py: Patience._stay_quiet", _no_silence),
    "R14": Rule("clients/origin.py: Origin.resolve", _any_link_is_followed),
}
