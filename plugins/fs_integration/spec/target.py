"""The words of a mapping that say where rows go and how they get there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictInt, StrictStr, model_validator

from fs_integration.spec.words import Condition, Remark, Scalar, System

Strategy = Literal["auto", "upsert_multiple", "batch", "single"]


class Protect(Condition):
    """Rows already in the target that fulfil the condition are not ours to change; the source row is quarantined."""

    reason: StrictStr


class Vanished(Remark):
    """What to write for rows that were written before and are no longer in a full read."""

    set: dict[StrictStr, Scalar] = Field(min_length=1)
    max_percent: StrictInt = Field(default=50, ge=0, le=100)  # more vanished rows than this stop the load


class PackageImport(Remark):
    """Write through a data-management import project instead of OData.

    :param project: name of the import project (definition group) that exists in F&O.
    :param data_entity: label of the data entity inside it.
    :param columns: target column of the mapping -> column of the package file; only these are sent.
    """

    project: StrictStr
    data_entity: StrictStr
    columns: dict[StrictStr, StrictStr] = Field(min_length=1)


class Header(Remark):
    """The header entity of a document, written together with its lines.

    Field rules with ``to: header.<column>`` fill it; its key columns take the line columns of the same name.
    """

    table: StrictStr
    key: tuple[StrictStr, ...] = Field(min_length=1)


class Target(Remark):
    """Where rows go.

    :param route: how F&O is written to; :param header: header entity of the document, route ``odata`` only.
    :param create_when: conditions on the row as it would be written; a row that the target does not hold is created
        only when it fulfils them, and skipped else.

    :param key: integration key, target columns; :param addressed_by: ``alternate_key`` when the table has one on
        ``key``, else ``primary_key``: ids are found by reading ``key`` and new rows get an id derived from it.
    :param write: how rows get into Dataverse: bulk messages, ``$batch``, one request per row, or whatever fits best.
    :param request_rows: rows in one request; :param parallel_requests: requests under way at once, at most.
    :param compare: which rows reconciliation reads back: those written in the run, all, or none.
    :param max_drift: rows whose target value may differ from what was sent before the run fails.
    """

    system: System
    table: StrictStr
    key: tuple[StrictStr, ...] = Field(min_length=1)
    addressed_by: Literal["alternate_key", "primary_key"] = "alternate_key"
    route: Literal["odata", "package"] = "odata"
    package: PackageImport | None = None
    header: Header | None = None
    create_when: tuple[Condition, ...] = ()
    when_found: Literal["update", "skip"] = "update"
    protect: tuple[Protect, ...] = ()
    vanished: Vanished | None = None
    write: Strategy = "auto"
    request_rows: StrictInt = Field(default=1000, ge=1, le=5000)
    parallel_requests: StrictInt = Field(default=4, ge=1, le=52)
    compare: Literal["written", "all", "none"] = "written"
    max_drift: StrictInt = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _package_given(self) -> Target:
        if self.route == "package" and self.package is None:
            raise ValueError("`route: package` needs a `package:` block")
        return self
