"""Run parameters, as the people who start a run give them (docs/operating.md, "Runs, windows and the watermark")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fs_integration.errors import ConfigurationError
from fs_integration.spec.advice import nearest_or_all

if TYPE_CHECKING:
    from airflow.sdk import Context


def refuse_unknown(context: Context) -> None:
    """Make sure that the run was given parameters of its DAG only; Airflow hands on any name.

    :raises ConfigurationError: a parameter that the DAG does not have, which would change nothing without a word.
    """
    known = [*context["dag"].params, *context["task"].params]
    for name in context["params"]:
        if name not in known:
            raise ConfigurationError(
                f"Run {context['dag_run'].run_id} of {context['dag'].dag_id} was started with the parameter "
                f"`{name[:100]}`, which this DAG does not have. {nearest_or_all(name[:100], known)} Nothing was read, "
                "nothing was written. Start a new run."
            )
