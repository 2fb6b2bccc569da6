"""Run the checks of one stage on one batch: part its rows into passed and refused, and leave a Data Docs page.

Great Expectations decides whether a check failed; ``conditions`` names the rows. Both must count the same, else the
batch is stopped: rows must neither be refused without a reason nor pass because their refusal got lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from fs_integration.frames import REJECTION_COLUMNS, SOURCE_ROWS, array_of, as_text, empty_frame, joined_text, to_table
from fs_integration.plain_text import one_line
from fs_integration.quality.conditions import failing, prepared
from fs_integration.quality.data_docs import write_page
from fs_integration.quality.expectations import validate
from fs_integration.quality.suite import Check, Suite
from fs_integration.records import Outcome
from fs_integration.rejections import Lines

SHOWN_VALUES = 3  # examples named when a whole batch is stopped
VALUES = ("partial_unexpected", "unexpected_list", "unexpected_rows", "unexpected_index")  # begin what quotes values
WITHHELD = "The text is not shown, as the column is masked."


@dataclass(frozen=True)
class Checked:
    """What became of a batch.

    :param passed: the rows that no check refused, renumbered; :param refused: mask of the others in the batch.
    :param rejections: ``REJECTION_COLUMNS``, one line per bad value; the first line of a row carries its source rows.
    :param batch_failures: why nothing of the batch may be loaded; :param warnings: what is only reported.
    :param docs: the Data Docs page below the Data Docs root.
    """

    passed: pd.DataFrame
    refused: np.ndarray
    rejections: pd.DataFrame
    batch_failures: tuple[str, ...]
    warnings: tuple[str, ...]
    docs: str


@dataclass(frozen=True)
class _Failed:
    """A check that failed, with the rows that failed it; no rows when it could not be evaluated."""

    check: Check
    rows: np.ndarray
    fault: str = ""


def run_checks(
    frame: pd.DataFrame, suite: Suite, *, name: str, run_name: str, docs_root: Path, masked: Collection[str] = ()
) -> Checked:
    """Check a batch.

    :param name: mapping, task, legal entity, batch and stage, joined by dots; :param run_name: key of the run.
    :param docs_root: folder of the Data Docs, see ``data_docs``.
    :param masked: columns whose values neither the Data Docs nor messages may show; rejections hold them still.
    """
    subject = prepared(frame, suite.checks, columns=suite.columns)
    result = validate(subject, suite.checks, columns=suite.columns, name=name, run_name=run_name)
    _withhold(result, suite.checks, masked)
    docs = write_page(result, name=name, run_name=run_name, docs_root=docs_root)
    missing = sorted(set(suite.columns) - set(frame.columns))
    if missing:
        return _stopped(frame, [f"The batch {name} lacks the columns {', '.join(missing)}."], docs)
    failed = list(_failed(result, suite.checks, subject))
    failures = [
        _told(fail, subject, name, masked) for fail in failed if fail.fault or fail.check.failing == "stop_batch"
    ]
    warnings = [
        _told(fail, subject, name, masked) for fail in failed if not fail.fault and fail.check.failing == "warn"
    ]
    rejecting = [fail for fail in failed if not fail.fault and fail.check.failing == "reject_row"]
    refused, rejections = _rejected(frame, rejecting, key=suite.key)
    passed = frame[~refused].reset_index(drop=True) if refused.any() else frame
    return Checked(passed, refused, rejections, tuple(failures), tuple(warnings), docs)


def _withhold(result: Any, checks: Sequence[Check], masked: Collection[str]) -> None:
    """Take values of masked columns out of what Great Expectations found; how many there are stays."""
    for item in filter(_is_check, result.results):
        check = checks[item.expectation_config.meta["check"]]
        if not set(check.fields).isdisjoint(masked):
            item.result = {name: value for name, value in item.result.items() if not name.startswith(VALUES)}
            item.exception_info = _without_values(item.exception_info)


def _without_values(info: Any) -> Any:
    """Return what is known of an exception without its text, which may quote a value."""
    if not isinstance(info, dict):
        return info
    texts = ("exception_message", "exception_traceback")
    return {name: WITHHELD if name in texts and part else _without_values(part) for name, part in info.items()}


def _stopped(frame: pd.DataFrame, failures: Sequence[str], docs: str) -> Checked:
    nobody = np.zeros(len(frame), dtype=bool)
    return Checked(frame, nobody, empty_frame(REJECTION_COLUMNS), tuple(failures), (), docs)


def _failed(result: Any, checks: Sequence[Check], subject: pd.DataFrame) -> Iterator[_Failed]:
    """Tell which checks failed, in the order of the suite."""
    results = {item.expectation_config.meta["check"]: item for item in result.results if _is_check(item)}
    for number, check in enumerate(checks):
        item = results[number]
        if item.success:
            continue
        counted = item.result.get("unexpected_count")
        if counted is None:
            yield _Failed(check, np.zeros(len(subject), dtype=bool), fault=_exception(item))
            continue
        rows = failing(subject, check)
        agreed = int(rows.sum()) == counted
        yield _Failed(check, rows, "" if agreed else f"{counted} rows are said to fail, but {rows.sum()} can be named.")


def _is_check(item: Any) -> bool:
    return "check" in (item.expectation_config.meta or {})


def _exception(item: Any) -> str:
    """Return why an expectation could not be evaluated; some carry one exception, some one per metric."""
    info = item.exception_info or {}
    told = [info] if "exception_message" in info else list(info.values())
    return next((str(one["exception_message"]) for one in told if one.get("exception_message")), "no reason was given")


def _told(fail: _Failed, subject: pd.DataFrame, name: str, masked: Collection[str]) -> str:
    check = fail.check
    if fail.fault:
        return one_line(f"Check `{check.rule}` of `{check.field}` could not be evaluated on {name}: {fail.fault}")
    found = f"{int(fail.rows.sum())} of {len(subject)} rows of {name} fail `{check.rule}`."
    if check.expect == "not_null" or not set(check.fields).isdisjoint(masked):
        return f"{found} {check.reason}"
    examples = joined_text(subject[fail.rows].head(SHOWN_VALUES), check.fields).tolist()
    return one_line(f"{found} {check.reason} Found: {', '.join(f'`{example}`' for example in examples)}.")


def _rejected(frame: pd.DataFrame, failed: Sequence[_Failed], *, key: Sequence[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Write one line per bad value: of the checks a value fails, the first one gives the reason."""
    refused = np.zeros(len(frame), dtype=bool)
    if not failed:
        return refused, empty_frame(REJECTION_COLUMNS)
    lines = Lines()
    told: dict[tuple[str, ...], np.ndarray] = {}
    for fail in failed:
        fields = fail.check.fields
        new = fail.rows & ~told.get(fields, np.zeros(len(frame), dtype=bool))
        told[fields] = fail.rows | told.get(fields, fail.rows)
        refused |= fail.rows
        lines.write(np.flatnonzero(new), field=fail.check.field, rule=fail.check.rule, reason=fail.check.reason,
                    values=_values(frame, fields), outcome=Outcome.QUARANTINED)  # fmt: skip
    payload = to_table(frame[[name for name in frame.columns if not name.startswith("_")]])
    return refused, lines.frame(payload, keys=array_of(joined_text(frame, key)), source_rows=_source_rows(frame))


def _values(frame: pd.DataFrame, fields: Sequence[str]) -> pa.Array:
    if len(fields) == 1:
        return as_text(array_of(frame[fields[0]]))
    return array_of(joined_text(frame, fields))


def _source_rows(frame: pd.DataFrame) -> pa.Array:
    if SOURCE_ROWS in frame:
        return array_of(frame[SOURCE_ROWS])
    return pa.repeat(pa.scalar(1, pa.int64()), len(frame))
