"""What is read of a source: the window of the run, and the rows held back since earlier runs, each row once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.unit.transform.builders import a_frame, a_task

from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.run import Mode, Run
from fs_integration.pipeline.source import source_pages
from fs_integration.records import Interval, Scope, Selection
from fs_integration.spec.company import CompanyView
from fs_integration.spec.connection_set import Organization
from fs_integration.spec.mapping import Condition
from fs_integration.staging import StagingArea

END = datetime(2026, 11, 20, tzinfo=UTC)
LINES = a_frame(Id=["1", "2", "3", "4"], Doc=["A", "A", "B", "C"])


class Lines:
    """A table of Dataverse. :param changed: ids of the rows inside the window."""

    def __init__(self, *changed: str) -> None:
        self.changed = changed

    def read(
        self, entity: str, *, columns: Sequence[str], where: Sequence[Condition], order_by: Sequence[str],
        changed_since: Any = None,
    ) -> Iterator[pd.DataFrame]:  # fmt: skip
        rows = LINES[LINES["Id"].isin(self.changed)] if changed_since else LINES
        for condition in where:
            rows = rows[rows[condition.field].isin(condition.in_)]
        yield rows.reset_index(drop=True)

    def read_keys(self, entity: str, *, columns: Sequence[str], key: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
        return LINES[LINES["Id"].isin(rows["Id"])].reset_index(drop=True)


def read(
    tmp_path: Path, lines: Lines, *held: str, mode: Mode = Mode.SCHEDULED, document: str | None = "Doc",
    replay: Selection | None = None,
) -> Any:  # fmt: skip
    source = {"system": "dataverse", "document": document, "changed_since": {"field": "Modified"}}
    view = CompanyView(Organization(legal_entity="usmf"), a_task(source=source), {}, {})
    run = Run("key", "dag", "run", mode, Interval(datetime(2026, 11, 19, tzinfo=UTC), END), replay=replay)
    clients: Any = Clients(None, lines)  # type: ignore[arg-type]
    pages = source_pages(view, run, scope=Scope("m", "things", "usmf"), clients=clients,
                         staging=StagingArea(tmp_path), held=held)  # fmt: skip
    return sorted(key for page in pages for key in page["Id"].tolist())


@pytest.mark.parametrize(
    ("changed", "held", "expected"),
    [
        pytest.param(["4"], [], ["4"], id="nothing held back"),
        pytest.param(["4"], ["1"], ["1", "2", "4"], id="a whole document beside the window"),
        pytest.param(["1", "4"], ["1", "2"], ["1", "2", "4"], id="a line of it changed as well"),
        pytest.param(["1", "2"], ["1", "2"], ["1", "2"], id="all of it changed"),
    ],
)
def test_what_is_held_back_is_read_with_the_window_and_each_row_once(
    changed: list[str], held: list[str], expected: list[str], tmp_path: Path
) -> None:
    assert read(tmp_path, Lines(*changed), *held) == expected


def test_rows_without_documents_are_read_again_alone(tmp_path: Path) -> None:
    assert read(tmp_path, Lines("4"), "1", "4", document=None) == ["1", "4"]


def test_a_replay_reads_what_it_was_given_and_nothing_else(tmp_path: Path) -> None:
    replay = {"mode": Mode.STATELESS, "replay": Selection(rule="required")}
    assert read(tmp_path, Lines("4"), "1", **replay) == ["1", "2"]
    assert read(tmp_path, Lines("4"), **replay) == []
