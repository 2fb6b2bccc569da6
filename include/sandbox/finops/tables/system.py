"""Administration: legal entities, the register of data entities, the data projects that packages pass through."""

from __future__ import annotations

from sandbox.finops.properties import entity, enum, text, yes_no
from sandbox.finops.schema import EnumType

CHANGE_TRACKING = EnumType("DMFChangeTrackingType", {"None": 0, "PrimaryTable": 1, "EntireEntity": 2, "CustomQuery": 3})
OPERATION = EnumType("DMFOperationType", {"Import": 0, "Export": 1})
REFRESH = EnumType("DMFRefreshType", {"FullPush": 0, "IncrementalPush": 1})

LEGAL_ENTITIES = entity(
    "LegalEntity",
    "LegalEntities",
    text("LegalEntityId", 4, required=True, editable=False),
    text("Name", 160),
    key=("LegalEntityId",),
    label="Legal entities",
    target="OMLegalEntityEntity",
    backing=("CompanyInfo", "Legal entities"),
    company=False,
    read_only=True,
)
DATA_ENTITIES = entity(
    "DataManagementEntity",
    "DataManagementEntities",
    text("EntityName", 200, required=True, editable=False),
    text("TargetName", 200),
    text("StagingTableName", 200),
    text("Modules", 200),
    text("Tags", 200),
    text("Category", 60),
    yes_no("EntityIsEnabled"),
    yes_no("IsShared"),
    enum("ChangeTrackingType", CHANGE_TRACKING),
    text("EntityKey", 200),
    text("ConfigurationKeyName", 60),
    text("CountryRegionCodes", 200),
    key=("EntityName",),
    label="Data management entities",
    target="DMFDataManagementEntityEntity",
    backing=("DMFEntity", "Target entities"),
    company=False,
    read_only=True,
)
# A real project lists its entities in a table of their own; the sandbox's projects have one entity each, kept here.
DATA_PROJECTS = entity(
    "DataManagementDefinitionGroup",
    "DataManagementDefinitionGroups",
    text("Name", 60, required=True, editable=False),
    text("Description", 200),
    enum("OperationType", OPERATION),
    text("EntityName", 200),
    enum("RefreshType", REFRESH),
    key=("Name",),
    label="Data projects",
    target="DMFDefinitionGroupEntity",
    backing=("DMFDefinitionGroup", "Data projects"),
    company=False,
)

ENTITIES = (LEGAL_ENTITIES, DATA_ENTITIES, DATA_PROJECTS)
