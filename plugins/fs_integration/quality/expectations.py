"""Checks as Great Expectations expectations, and one run of a suite of them.

The only place that imports Great Expectations. The import takes seconds, hence only inside functions, once per process.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pandas as pd

from fs_integration.quality.conditions import expected_column
from fs_integration.quality.suite import Check

SEVERITIES = {"stop_batch": "critical", "reject_row": "warning", "warn": "info"}

CHATTY = ("great_expectations", "great_expectations.data_context.types.base")  # loggers that fill the task log


@functools.cache
def imported() -> ModuleType:
    """Return Great Expectations with its telemetry off, and without its hash over every frame, which nobody reads."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    with warnings.catch_warnings(), _without_garbage_collection():
        warnings.simplefilter("ignore")  # it imports modules that Python has deprecated
        import great_expectations
        from great_expectations.execution_engine import pandas_execution_engine

    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    pandas_execution_engine.HASH_THRESHOLD = 0  # bytes; the hash would take as long as the checks
    module: ModuleType = great_expectations
    return module


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Save a fifth of the import's time: it makes many objects that all stay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def validate(frame: pd.DataFrame, checks: Sequence[Check], *, columns: Sequence[str], name: str, run_name: str) -> Any:
    """Run the checks as a suite through a validation definition and a checkpoint.

    :param frame: what ``conditions.prepared`` returned; :param columns: columns that must be in it.
    :returns: Great Expectations' ``ExpectationSuiteValidationResult``; the meta of each result's expectation holds the
        position of its check as ``check``, the one about the columns has none.
    """
    gx = imported()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # bars would fill the task log
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset(name)
    suite = gx.ExpectationSuite(name=name, expectations=_expectations(gx, frame, checks, columns))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition_whole_dataframe("whole"), suite=context.suites.add(suite)
        )
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=name, validation_definitions=[definition], result_format={"result_format": "BASIC"})
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = checkpoint.run(batch_parameters={"dataframe": frame}, run_id=gx.RunIdentifier(run_name=run_name))
    return next(iter(result.run_results.values()))


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
