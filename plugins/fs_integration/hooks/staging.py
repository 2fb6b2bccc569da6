"""Where Airflow's variables say that batches and Data Docs rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import ObjectStoragePath, Variable

from fs_integration.errors import ConfigurationError

if TYPE_CHECKING:
    from fs_integration.staging import StagingArea

STAGING_ROOT = "fs_integration_staging_root"
DATA_DOCS_ROOT = "fs_integration_data_docs_root"


class StagingHook:
    """Opens the staging area named by the variable ``fs_integration_staging_root``.

    The value is an address Airflow's ``ObjectStoragePath`` takes: ``file:///shared/staging`` or, with the id of an
    Airflow connection before the ``@``, ``abfs://azure_staging@container/path``.
    """

    def get_area(self) -> StagingArea:
        """Return the staging area. :raises ConfigurationError: when the variable is not set."""
        from fs_integration.staging import StagingArea

        return StagingArea(ObjectStoragePath(_variable(STAGING_ROOT, "file:///opt/airflow/staging")))


def data_docs_root() -> Path:
    """Return the folder of the Data Docs, from ``fs_integration_data_docs_root``.

    :raises ConfigurationError: when the variable is not set.
    """
    return Path(_variable(DATA_DOCS_ROOT, "/opt/airflow/data_docs").removeprefix("file://"))


def _variable(name: str, example: str) -> str:
    value = Variable.get(name, default=None)
    if not value:
        raise ConfigurationError(
            f"Airflow variable `{name}` is not set. Create it with a place every worker can reach, "
            f"for example `{example}` (docs/staging.md)."
        )
    return str(value)
