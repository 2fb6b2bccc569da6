"""The commands as a person types them: what is printed, and the exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fs_integration.cli import main
from fs_integration.frames import REJECTION_COLUMNS, frame_of
from fs_integration.ledger import Ledger, open_engine
from fs_integration.records import Interval, Scope
from fs_integration.spec.metadata import ColumnKind

SCOPE = Scope("warehouses", "warehouse", "usmf")
LINE = {
    "row_key": "A/1", "field": "msdyn_name", "rule": "matches", "reason": "Not addressable.", "value": "A/1",
    "outcome": "quarantined", "source_rows": 1, "payload": "{}",
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger with one run and one row held back, behind the Airflow connection that the commands use."""
    file = tmp_path / "ledger.db"
    connection = {"conn_type": "sqlite", "host": str(file)}
    monkeypatch.setenv("AIRFLOW_CONN_FS_INTEGRATION_LEDGER", json.dumps(connection))
    monkeypatch.setenv("COLUMNS", "240")
    opened = Ledger(open_engine(f"sqlite:///{file}"))
    opened.migrate()
    opened.begin_run(
        SCOPE, run_key="r1", dag_id="fs_warehouses", run_id="manual", mode="scheduled",
        interval=Interval(None, datetime(2026, 11, 20, tzinfo=UTC)), mapping_hash="0",
    )  # fmt: skip
    opened.quarantine(SCOPE, "r1", frame_of({name: [value] for name, value in LINE.items()}, REJECTION_COLUMNS))
    return opened


def test_lint_of_the_standard_mappings_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint"]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


def test_lint_names_file_line_key_path_and_advice_and_fails(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (root / "include/mappings/standard/warehouses.yaml").read_text()
    file = tmp_path / "warehouses.yaml"
    file.write_text(text.replace("from: WarehouseName", "from: WarehouseNam"))
    line = next(number for number, part in enumerate(text.splitlines(), 1) if "WarehouseName" in part)
    assert main(["lint", str(file)]) == 1
    printed = capsys.readouterr().out
    assert f"{file}:{line} tasks[0].fields[1].from: `Warehouses` has no column `WarehouseNam`." in printed
    assert "Did you mean `WarehouseName`?" in printed
    assert "1 errors, 0 warnings" in printed


def test_lint_reports_a_broken_connection_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "connection_sets").mkdir()
    (tmp_path / "connection_sets" / "test.yaml").write_text("connection_set: test\norganisations: []\n")
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path))
    assert main(["lint"]) == 1
    assert "Did you mean `organizations`?" in capsys.readouterr().out


def test_explain_prints_markdown_to_keep_and_a_page_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "warehouses", "--markdown"]) == 0
    markdown = capsys.readouterr().out
    assert markdown.startswith("# Warehouses (Supply Chain Management to Field Service)\n")
    assert "| Functional consultant | | | |" in markdown
    assert main(["explain", "warehouses"]) == 0
    assert "| Functional consultant" not in capsys.readouterr().out


def test_a_misspelt_mapping_is_answered_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "warehouse"]) == 2
    assert "Did you mean `warehouses`?" in capsys.readouterr().out


def test_schema_check_tells_an_outdated_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path))
    assert main(["schema", "--check"]) == 1
    assert main(["schema"]) == 0
    assert main(["schema", "--check"]) == 0
    assert "mapping.json" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["lnit"])
    assert stopped.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_the_newest_runs_are_shown(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "upgrade"]) == 0
    assert main(["ledger", "runs"]) == 0
    printed = capsys.readouterr().out
    line = next(line for line in printed.splitlines() if "running" in line)
    assert [part.strip() for part in line.strip("│").split("│")][1:4] == ["warehouses", "warehouse", "usmf"]


def test_an_area_is_forgotten(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "forget", "warehouses", "--company", "usmf"]) == 0
    assert "sends every row again" in capsys.readouterr().out


def test_one_task_of_an_area_is_forgotten_alone(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    lines = Scope("work_orders", "work_order_product", "usmf")
    header = Scope("work_orders", "work_order_header", "usmf")
    for scope in (lines, header):
        lease = ledger.acquire_lease(scope.area, "test", 60)
        row = frame_of(
            {"_key": ["k"], "_source_key": ["k"], "_fingerprint": [1]},
            {"_key": ColumnKind.TEXT, "_source_key": ColumnKind.TEXT, "_fingerprint": ColumnKind.INTEGER},
        )
        ledger.save_fingerprints([lease], scope, row, as_of=datetime(2026, 11, 20, tzinfo=UTC), run_key="r1")
        ledger.release(lease)
    assert main(["ledger", "forget", "work_orders", "--task", "work_order_product"]) == 0
    assert "Forgot 1 rows" in capsys.readouterr().out
    assert [ledger.fingerprint_count(scope) for scope in (lines, header)] == [0, 1]


def test_a_row_held_back_is_listed_and_closed_by_hand_once(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    number = str(ledger.open_quarantine()["id"].iloc[0])
    assert main(["quarantine", "list", "warehouses"]) == 0
    assert "Not addressable." in capsys.readouterr().out
    assert main(["quarantine", "resolve", number, "--note", "corrected by support"]) == 0
    assert len(ledger.open_quarantine()) == 0
    assert main(["quarantine", "resolve", number, "--note", "again"]) == 1


def test_a_missing_ledger_connection_is_answered_with_what_to_create(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "runs", "--connection", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().out
