"""Which rows a run asks for by key, and which replays are refused before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.pipeline.conftest import Site

from fs_integration.errors import ConfigurationError
from fs_integration.frames import NULL_TEXT, REJECTION_COLUMNS, frame_of
from fs_integration.pipeline.held_back import keys_to_ask, stage_selection
from fs_integration.pipeline.run import Mode
from fs_integration.records import Selection
from fs_integration.spec.mapping import Mapping

New = Callable[..., Site]
CHANGES = {"system": "dataverse", "changed_since": {"field": "Modified"}}
PACKAGE = {"route": "package", "package": {"project": "P", "data_entity": "D", "columns": {"ID": "Id"}}}


def hold(site: Site, *keys: str) -> None:
    """Enter rows as held back by an earlier run."""
    scope = site.scope()
    site.ledger.begin_run(scope, run_key="earlier", dag_id="dag", run_id="earlier", mode="scheduled",
                          interval=site.run.interval, mapping_hash="h")  # fmt: skip
    line = {"field": "x", "rule": "required", "reason": "Why.", "value": "", "outcome": "quarantined", "source_rows": 1,
            "payload": "{}"}  # fmt: skip
    columns = {name: list(keys) if name == "row_key" else [line[name]] * len(keys) for name in REJECTION_COLUMNS}
    site.ledger.quarantine(scope, "earlier", frame_of(columns, REJECTION_COLUMNS))


def asked(site: Site, **changes: Any) -> list[str]:
    site.run = replace(site.run, **changes)
    area = Mapping(mapping="m", title="M", tasks=(site.task,))
    stage_selection(area, site.run, companies=["usmf"], staging=site.staging, ledger=site.ledger)
    return keys_to_ask(site.task, site.run, scope=site.scope(), staging=site.staging, ledger=site.ledger)


@pytest.mark.parametrize(
    ("source", "changes", "expected"),
    [
        pytest.param(CHANGES, {}, ["A", "B"], id="a scheduled run that reads changes asks for all"),
        pytest.param(CHANGES, {"mode": Mode.STATELESS}, [], id="a backfill asks for none"),
        pytest.param({}, {}, [], id="a run that reads everything meets them by itself"),
        pytest.param({}, {"mode": Mode.STATELESS, "replay": Selection(key="B")}, ["B"], id="a replay of a whole read"),
        pytest.param(CHANGES, {"mode": Mode.STATELESS, "replay": Selection(key="B")}, ["B"], id="a replay of changes"),
        pytest.param({}, {"mode": Mode.STATELESS, "replay": Selection(key="X")}, [], id="a replay of nothing"),
    ],
)
def test_what_is_asked_for(source: dict[str, Any], changes: dict[str, Any], expected: list[str], new_site: New) -> None:
    site = new_site(source=source)
    hold(site, "B", "A")
    assert asked(site, **changes) == expected


def test_a_second_try_asks_for_the_same_rows_although_they_were_settled_meanwhile(new_site: New) -> None:
    site = new_site()
    hold(site, "A", "B")
    replay = {"mode": Mode.STATELESS, "replay": Selection(rule="required")}
    assert asked(site, **replay) == ["A", "B"]
    site.ledger.settle_quarantine(site.scope(), "earlier", ["A"], because="arrived")
    assert asked(site, **replay) == ["A", "B"]


@pytest.mark.parametrize(
    ("source", "key"),
    [
        pytest.param({}, "A*", id="a star finds other rows in Finance & Operations"),
        pytest.param({}, NULL_TEXT, id="no key"),
        pytest.param({"key": ["Id", "X"]}, "A", id="a part is missing"),
        pytest.param({**CHANGES, "key": ["Id", "X"]}, f"A|{NULL_TEXT}", id="a blank part in Dataverse"),
    ],
)
def test_a_key_that_cannot_be_asked_for_is_named_and_stays_held_back(
    source: dict[str, Any], key: str, new_site: New, caplog: pytest.LogCaptureFixture
) -> None:
    site = new_site(source=source)
    hold(site, key)
    assert asked(site, mode=Mode.STATELESS, replay=Selection(rule="required")) == []
    assert "1 rows cannot be asked for by their key and stay held back" in caplog.text
    assert site.ledger.held_back(site.scope()) == [key]


def test_rows_that_come_in_data_packages_cannot_be_replayed(new_site: New) -> None:
    site = new_site(source=PACKAGE)
    hold(site, "A")
    with pytest.raises(ConfigurationError, match="data packages, of which single rows cannot be asked for"):
        asked(site, mode=Mode.STATELESS, replay=Selection(rule="required"))


def test_a_replay_of_lines_that_are_not_what_was_seen_is_refused(new_site: New) -> None:
    site = new_site()
    hold(site, "A")
    with pytest.raises(ConfigurationError, match=r"no longer what was seen as `0123456789ab`.*Nothing was read"):
        asked(site, mode=Mode.STATELESS, replay=Selection(rule="required"), seen="0123456789ab")
