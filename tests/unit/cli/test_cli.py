"""The commands as a person types them: what is printed, and the exit code."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.exceptions import DagNotFound

from fs_integration.cli import main
from fs_integration.frames import REJECTION_COLUMNS, frame_of
from fs_integration.ledger import Ledger, breakers, environments, open_engine
from fs_integration.records import Environment, Interval, Scope
from fs_integration.spec.connection_set import CircuitBreaker
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


def test_pinned_environments_are_shown_and_unpinned(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    for area in ("warehouses", "products"):
        pinned = Environment("dataverse", "https://c.example", "tenant-1", "org-1")
        environments.pin(ledger, [Scope(area, area, "usmf")], [pinned])
    assert main(["ledger", "environments"]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("products", "warehouses", "https://c.example", "org-1"))
    assert main(["ledger", "unpin", "products"]) == 0
    assert main(["ledger", "unpin"]) == 0
    assert capsys.readouterr().out.count("Unpinned 1 environments") == 2
    assert environments.pinned(ledger) == []


def test_pauses_are_shown_and_ended_once(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    work = breakers.Work("r1", "warehouse", "load")
    limits = CircuitBreaker(failures=1)
    breakers.failed(ledger, breakers.Breaker("warehouses", "default"), work, limits=limits, message="[gone]")
    assert main(["ledger", "pauses"]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("warehouses", "default", "[gone]"))
    assert main(["ledger", "resume", "warehouses", "--connection-set", "default"]) == 0
    assert "goes on" in capsys.readouterr().out
    assert main(["ledger", "resume", "warehouses"]) == 1
    assert "does not pause" in capsys.readouterr().out


def test_one_task_of_an_area_is_forgotten_alone(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    lines = Scope("work_orders", "work_order_product", "usmf")
    header = Scope("work_orders", "work_order_header", "usmf")
    for scope in (lines, header):
        lease = ledger.acquire_lease(scope.lease, "test", 60)
        row = frame_of(
            {"_key": ["k"], "_source_key": ["k"], "_fingerprint": [1]},
            {"_key": ColumnKind.TEXT, "_source_key": ColumnKind.TEXT, "_fingerprint": ColumnKind.INTEGER},
        )
        ledger.save_fingerprints([lease], scope, row, as_of=datetime(2026, 11, 20, tzinfo=UTC), run_key="r1")
        ledger.release([lease])
    assert main(["ledger", "forget", "work_orders", "--task", "work_order_product"]) == 0
    assert "Forgot 1 rows" in capsys.readouterr().out
    assert [ledger.fingerprint_count(scope) for scope in (lines, header)] == [0, 1]


def test_a_row_held_back_is_listed_and_closed_by_hand_once(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    number = str(ledger.open_quarantine()["id"].iloc[0])
    assert main(["quarantine", "list", "warehouses"]) == 0
    assert "Not addressable." in capsys.readouterr().out
    assert main(["quarantine", "discard", number, "--by", "Ada", "--note", "corrected by support"]) == 0
    assert len(ledger.open_quarantine()) == 0
    assert main(["quarantine", "discard", number, "--by", "Ada", "--note", "again"]) == 1
    capsys.readouterr()
    assert main(["quarantine", "list", "warehouses"]) == 0
    assert "discarded" not in capsys.readouterr().out
    assert main(["quarantine", "list", "warehouses", "--all"]) == 0
    assert "discarded" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="neither name nor note"),
        pytest.param(["--by", "Ada"], id="no note"),
        pytest.param(["--note", "corrected"], id="no name"),
        pytest.param(["--by", " ", "--note", "corrected"], id="a blank name"),
        pytest.param(["--by", "Ada", "--note", ""], id="a blank note"),
    ],
)
def test_nobody_closes_a_line_without_name_and_note(words: list[str], ledger: Ledger) -> None:
    number = str(ledger.open_quarantine()["id"].iloc[0])
    try:
        code: object = main(["quarantine", "discard", number, *words])
    except SystemExit as stopped:
        code = stopped.code
    assert code == 2
    assert len(ledger.open_quarantine()) == 1


def test_the_quarantine_is_written_for_a_spreadsheet(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    formula = {**LINE, "row_key": "B", "value": "=HYPERLINK(1)"}
    ledger.quarantine(SCOPE, "r1", frame_of({name: [value] for name, value in formula.items()}, REJECTION_COLUMNS))
    file = tmp_path / "held.csv"
    assert main(["quarantine", "list", "--csv", str(file)]) == 0
    assert "Wrote 2 lines" in capsys.readouterr().out
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = list(csv.DictReader(opened))
    assert [line["value"] for line in lines] == ["A/1", "'=HYPERLINK(1)"]
    assert lines[0]["state"] == "open"
    assert lines[0]["tries"] == "1"
    assert datetime.fromisoformat(lines[0]["first_seen_at"]).tzinfo is not None


@dataclass
class Airflow:
    """Stands for Airflow's client. :ivar started: DAG and parameters of the runs it was asked to start."""

    started: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def trigger_dag(self, dag_id: str, conf: dict[str, str]) -> dict[str, str]:
        if dag_id != "fs_warehouses":
            raise DagNotFound(f"Dag id {dag_id} not found")
        self.started.append((dag_id, conf))
        return {"dag_run_id": "manual__1"}


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    client = Airflow()
    monkeypatch.setattr("airflow.api.client.get_current_api_client", lambda: client)
    return client


def test_a_replay_is_shown_then_started_only_as_it_was_seen(
    ledger: Ledger, airflow: Airflow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quarantine", "replay", "warehouses", "--rule", "matches", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "Not addressable." in printed
    assert airflow.started == []
    mark = printed.split("--seen ")[1].split("`")[0]
    assert main(["quarantine", "replay", "warehouses", "--rule", "matches", "--seen", mark]) == 0
    assert airflow.started == [("fs_warehouses", {"replay_rule": "matches", "replay_seen": mark})]
    assert "Run manual__1 of fs_warehouses offers them again" in capsys.readouterr().out
    ledger.quarantine(SCOPE, "r1", frame_of({**{name: [value] for name, value in LINE.items()}, "value": ["B/2"]},
                                            REJECTION_COLUMNS))  # fmt: skip
    assert main(["quarantine", "replay", "warehouses", "--rule", "matches", "--seen", mark]) == 2
    assert "no longer what had the mark" in " ".join(capsys.readouterr().out.split())
    assert len(airflow.started) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["warehouses"], 2, "Say which rows"),
        (["warehouses", "--key", "Z"], 1, "No open line of warehouses matches key `Z`"),
        (["products", "--key", "A/1"], 1, "No open line of products matches"),
    ],
)
def test_a_replay_of_nothing_starts_nothing_and_says_why(
    words: list[str], code: int, said: str, ledger: Ledger, airflow: Airflow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quarantine", "replay", *words]) == code
    assert said in capsys.readouterr().out
    assert airflow.started == []


def test_a_replay_that_airflow_does_not_start_says_what_to_do(
    ledger: Ledger, airflow: Airflow, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Scope("products", "products", "usmf")
    ledger.begin_run(other, run_key="r1", dag_id="fs_products", run_id="manual", mode="scheduled",
                     interval=Interval(None, datetime(2026, 11, 20, tzinfo=UTC)), mapping_hash="0")  # fmt: skip
    ledger.quarantine(other, "r1", frame_of({name: [value] for name, value in LINE.items()}, REJECTION_COLUMNS))
    assert main(["quarantine", "replay", "products", "--key", "A/1"]) == 2
    assert "Airflow does not start fs_products" in " ".join(capsys.readouterr().out.split())


def test_a_missing_ledger_connection_is_answered_with_what_to_create(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "runs", "--connection", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().out
