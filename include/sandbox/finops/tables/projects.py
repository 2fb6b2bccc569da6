"""Project management and accounting: projects."""

from __future__ import annotations

from sandbox.finops.properties import day, entity, enum, text, yes_no
from sandbox.finops.schema import EnumType

PROJECT_TYPE = EnumType(
    "ProjType",
    {"TimeMaterial": 0, "FixedPrice": 1, "Investment": 2, "Cost": 3, "Internal": 4, "Time": 5, "None": 6},
)
PROJECT_STAGE = EnumType(
    "ProjStatus",
    {
        "Created": 0, "Estimated": 1, "Scheduled": 2, "InProcess": 3, "Completed": 4, "User1": 5, "User2": 6,
        "User3": 7,
    },
)  # fmt: skip
STATUS = EnumType("PsaProjStatus", {"Active": 0, "OnHold": 1, "Finished": 2})

PROJECTS = entity(
    "Project",
    "Projects",
    text("ProjectID", 20, required=True, editable=False),
    text("ProjectName", 250),
    enum("ProjectType", PROJECT_TYPE),
    enum("ProjectStage", PROJECT_STAGE),
    text("CustomerAccount", 20),
    text("ProjectContractID", 20),
    text("ProjectGroup", 10, required=True),
    text("ParentProject", 20),
    text("Description", 1000),
    yes_no("ProjectTemplate"),
    enum("Status", STATUS),
    day("ProjectedStartDate"),
    day("ProjectedEndDate"),
    day("ActualStartDate"),
    day("ActualEndDate"),
    day("StartDate1"),
    key=("ProjectID",),
    label="Projects",
    target="ProjectEntity",
    backing=("ProjTable", "Projects"),
    change_tracking=True,
)

ENTITIES = (PROJECTS,)
