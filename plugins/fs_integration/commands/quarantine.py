"""Commands about rows held back: list, replay, discard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from fs_integration.commands.books import open_ledger
from fs_integration.commands.people_csv import people_csv
from fs_integration.errors import ConfigurationError
from fs_integration.frames import typed_key
from fs_integration.ledger.selection import digest
from fs_integration.plain_text import one_line
from fs_integration.records import Selection

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("id", "mapping", "task", "legal_entity", "row_key", "field", "rule", "outcome", "reason", "value", "state",
           "first_seen_at", "last_seen_at", "tries")  # fmt: skip


def show(console: Console, connection: str, *, area: str | None, closed: bool, csv_file: Path | None) -> int:
    """Show lines of the quarantine, or write them to a file."""
    ledger = open_ledger(connection)
    lines = ledger.whole_quarantine(mapping=area) if closed else ledger.open_quarantine(mapping=area)
    if csv_file is None:
        _print(console, lines)
        return 0
    # A mark of the encoding comes first; without it spreadsheets take the text for another one.
    csv_file.write_text(people_csv(COLUMNS, _cells(lines)), encoding="utf-8-sig", newline="")
    console.print(f"Wrote {len(lines)} lines to {csv_file}.", soft_wrap=True)
    return 0


def _print(console: Console, lines: pd.DataFrame) -> None:
    table = Table(*COLUMNS)
    for cells in _cells(lines):
        table.add_row(*map(_shown, cells))
    console.print(table)


def _cells(lines: pd.DataFrame) -> list[list[Any]]:
    keys = lines["row_key"].map(typed_key)
    return lines.assign(row_key=keys)[list(COLUMNS)].astype(object).to_numpy().tolist()


def _shown(cell: Any) -> str:
    return cell.strftime("%Y-%m-%d %H:%M") if hasattr(cell, "strftime") else one_line(str(cell))


def replay(console: Console, connection: str, *, area: str, wanted: Selection, seen: str, dry_run: bool) -> int:
    """Show the lines about the rows chosen and start a run of the area that offers them again; 1 when there is none.

    :param seen: mark of what somebody saw before; :param dry_run: start nothing.
    :raises ConfigurationError: nothing was chosen, the lines are not what was seen, or Airflow does not know the DAG.
    """
    if wanted == Selection():
        raise ConfigurationError("Say which rows: `--rule`, `--key`, `--run`, `--task` or `--company`.")
    lines = open_ledger(connection).select_quarantine(area, wanted)
    if not len(lines):
        console.print(f"No open line of {area} matches {wanted}. Look at `quarantine list {area}`.")
        return 1
    mark = digest(lines)
    if seen and seen != mark:
        raise ConfigurationError(
            f"The lines of {area} that match {wanted} are no longer what had the mark `{seen}`; now it is `{mark}`. "
            "Nothing was started. Look at them again with `--dry-run`, without `--seen`."
        )
    _print(console, lines)
    rows = len(lines[["task", "legal_entity", "row_key"]].drop_duplicates())
    if dry_run:
        console.print(f"{rows} rows. To replay them only if they still are as shown: `--seen {mark}`.", soft_wrap=True)
        return 0
    parameters = {**wanted.words(), **({"seen": seen} if seen else {})}
    run_id = _start(f"fs_{area}", {f"replay_{name}": value for name, value in parameters.items()})
    begins = "as soon as the DAG is unpaused and no other run of it is under way"
    console.print(f"{rows} rows. Run {run_id} of fs_{area} offers them again {begins}.", soft_wrap=True)
    return 0


def _start(dag_id: str, parameters: dict[str, str]) -> str:
    """Start a run through Airflow's own client. :returns: its run id."""
    from airflow.api.client import get_current_api_client
    from airflow.exceptions import DagNotFound, ParamValidationError

    try:
        started: Any = get_current_api_client().trigger_dag(dag_id=dag_id, conf=parameters)
    except (DagNotFound, ParamValidationError) as exc:
        raise ConfigurationError(
            f"Airflow does not start {dag_id} with {parameters}: {exc}. Run this where Airflow's database is "
            f"configured and the DAG processor has read `dags/{dag_id}.py`, or start it in the UI with them."
        ) from exc
    return str(started["dag_run_id"])


def discard(console: Console, connection: str, *, ids: Sequence[int], by: str, note: str) -> int:
    """Close lines of the quarantine by hand; 1 when one of them was not open.

    :param by: who closes them; :param note: why.
    :raises ConfigurationError: name or note is blank.
    """
    if not by.strip() or not note.strip():
        raise ConfigurationError("A line is closed with the name of who does it (`--by`) and the reason (`--note`).")
    closed = open_ledger(connection).discard_quarantine(ids, by=by.strip(), note=note.strip())
    console.print(f"Discarded {closed} of {len(set(ids))} lines.")
    return 0 if closed == len(set(ids)) else 1
