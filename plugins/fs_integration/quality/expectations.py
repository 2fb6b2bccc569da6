"""Checks as Great Expectations expectations, and one run of a suite of them.

The import of Great Expectations takes more than a second, hence only inside functions, once per process.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pandas as pd

from fs_integration.quality.conditions import expected_column
from fs_integration.quality.library import imported
from fs_integration.quality.suite import Check

MOST_VALUES = 20  # bad values that a Data Docs page shows of a check
SEVERITIES = {"stop_batch": "critical", "reject_row": "warning", "warn": "info"}


def validate(frame: pd.DataFrame, checks: Sequence[Check], *, columns: Sequence[str], name: str, run_name: str) -> Any:
    """Run the checks as a suite on one batch.

    Nothing of it is kept by Great Expectations: its checkpoints would copy suite and result into stores of a context
    that lives for this one batch, which takes longer than the checks.

    :param frame: what ``conditions.prepared`` returned; :param columns: columns that must be in it.
    :returns: Great Expectations' ``ExpectationSuiteValidationResult``; the meta of each result's expectation holds the
        position of its check as ``check``, the one about the columns has none.
    """
    gx = imported()
    asset = _asset()
    suite = gx.ExpectationSuite(name=name, expectations=_expectations(gx, frame, checks, columns))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = asset.get_batch(asset.build_batch_request(options={"dataframe": frame}))
        shown = {"result_format": "BASIC", "partial_unexpected_count": MOST_VALUES}
        result = batch.validate(suite, result_format=shown)
    result.meta["run_id"] = gx.RunIdentifier(run_name=run_name)
    result.meta["validation_time"] = result.meta["run_id"].run_time
    return result


@functools.cache
def _asset() -> Any:
    """Return the asset that every batch of this process is handed to; making one takes as long as some checks."""
    context = imported().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # bars would fill the task log
    return context.data_sources.add_pandas("batch").add_dataframe_asset("batch")


def _expectations(gx: ModuleType, frame: pd.DataFrame, checks: Sequence[Check], columns: Sequence[str]) -> list[Any]:
    present = gx.expectations.ExpectTableColumnsToMatchSet(
        column_set=list(columns),
        exact_match=False,
        severity="critical",
        notes="Without them nothing is loaded.",
    )
    return [present, *[_expectation(gx.expectations, frame, check, number) for number, check in enumerate(checks)]]


def _expectation(gxe: Any, frame: pd.DataFrame, check: Check, number: int) -> Any:
    told = {
        "severity": SEVERITIES[check.failing],
        "description": f"{check.reason} ({check.rule})",  # what Data Docs show as the expectation
        "meta": {"check": number, "rule": check.rule, "failing": check.failing},
    }
    if check.expect == "decimals_at_most" or expected_column(check) in frame:
        return gxe.ExpectColumnPairValuesToBeEqual(
            column_A=check.field, column_B=expected_column(check), ignore_row_if="either_value_is_missing", **told
        )
    if len(check.fields) > 1:
        return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(check.fields), ignore_row_if="never", **told)
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "not_null": (gxe.ExpectColumnValuesToNotBeNull, {}),
        "unique": (gxe.ExpectColumnValuesToBeUnique, {}),
        "max_length": (gxe.ExpectColumnValueLengthsToBeBetween, {"max_value": int(check.maximum or 0)}),
        "between": (gxe.ExpectColumnValuesToBeBetween, _bounds(check)),
        "one_of": (gxe.ExpectColumnValuesToBeInSet, {"value_set": list(check.values)}),
        "matches": (gxe.ExpectColumnValuesToMatchRegex, {"regex": check.pattern}),
    }
    kind, arguments = kinds[check.expect]
    return kind(column=check.field, **arguments, **told)


def _bounds(check: Check) -> dict[str, float]:
    bounds = {"min_value": check.minimum, "max_value": check.maximum}
    return {name: float(bound) for name, bound in bounds.items() if bound is not None}
