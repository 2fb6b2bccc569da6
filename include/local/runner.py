"""Prepare Airflow's database for this folder, and run its DAGs in this process."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from local.services import Sandbox

ROOT = Path(__file__).resolve().parents[2]


def prepare(sandbox: Sandbox) -> None:
    """Let this process know the sandbox, and prepare Airflow's database for it."""
    os.environ.update(sandbox.environment())
    prepare_database()


def prepare_database() -> None:
    """Migrate the metadata database and apply ``airflow_settings.yaml``, whose variables the environment must hold."""
    from airflow.cli.cli_parser import get_parser

    from local.settings import apply

    arguments = get_parser().parse_args(["db", "migrate"])
    arguments.func(arguments)
    apply(ROOT / "airflow_settings.yaml")


def run_dag(dag_id: str, **conf: Any) -> str:
    """Run one DAG to its end in this process and return the state of the run.

    Real tasks and Airflow's real execution interface, without a scheduler: the first run costs some seconds, each
    further one less than a second beyond the work itself.
    """
    run = _dags()[dag_id].test(logical_date=datetime.now(UTC), run_conf=conf or None)
    return str(run.state)


@cache
def _dags() -> dict[str, Any]:
    """Read the DAG files once; nobody edits them meanwhile."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    if bag.import_errors:
        raise RuntimeError(f"DAGs cannot be imported: {bag.import_errors}")
    return dict(bag.dags)
