"""The DAG files as Airflow's DAG processor sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag


@pytest.fixture(scope="session")
def bag(root: Path) -> Any:
    """All DAGs of the repository, parsed once."""
    return DagBag(str(root / "dags"))
