"""Who may see what: whoever Airflow knows, and of the areas only those whose DAG that person may read."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends


def readable_dags(user: GetUserDep) -> frozenset[str]:
    """Return the ids of the DAGs this user may read.

    :raises HTTPException: 401 for a caller without a valid token, 403 for a token that is not ours.
    """
    return frozenset(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


ReadableDags = Annotated[frozenset[str], Depends(readable_dags)]
