"""What exists in every environment without a world's doing: legal entities, data entities, data projects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.finops.packages.entities import ENTITIES, ON_HAND_LABEL, ExportEntity
from sandbox.finops.packages.journals import ADJUSTMENTS, TRANSFERS

Row = dict[str, Any]
_COMPANIES = {
    "usmf": "Contoso Entertainment System USA",
    "demf": "Contoso Entertainment System Germany",
    "frrt": "Contoso Retail France",
}
# The full one gives a snapshot, the incremental one what changed since its last success.
_EXPORTS = {"FS_ONHAND_EXPORT": "FullPush", "FS_ONHAND_EXPORT_INCREMENTAL": "IncrementalPush"}
_IMPORTS = {"FS_ADJUSTMENT_IMPORT": ADJUSTMENTS.label, "FS_TRANSFER_IMPORT": TRANSFERS.label}


def with_standard_rows(tables: Mapping[str, Iterable[Row]]) -> dict[str, Iterable[Row]]:
    """Add the standard rows to a world; for an entity set that the world brings itself, the world's rows count."""
    return {
        "LegalEntities": [{"LegalEntityId": company, "Name": name} for company, name in _COMPANIES.items()],
        "DataManagementEntities": [_data_entity(entity) for entity in ENTITIES.values()],
        "DataManagementDefinitionGroups": [
            *(_project(name, "Export", ON_HAND_LABEL, refresh) for name, refresh in _EXPORTS.items()),
            *(_project(name, "Import", label, "FullPush") for name, label in _IMPORTS.items()),
        ],
        **tables,
    }


def _data_entity(entity: ExportEntity) -> Row:
    return {
        "EntityName": entity.label,
        "TargetName": entity.target,
        "StagingTableName": entity.target.removesuffix("Entity") + "Staging",
        "EntityIsEnabled": "Yes",
        "ChangeTrackingType": "EntireEntity" if entity.change_tracking else "None",
    }


def _project(name: str, operation: str, label: str, refresh: str) -> Row:
    return {
        "Name": name,
        "Description": f"{label} for Field Service",
        "OperationType": operation,
        "EntityName": label,
        "RefreshType": refresh,
    }
