"""The words of a mapping that say where rows come from and what is looked up beside them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from fs_integration.spec.words import Condition, Identifier, Otherwise, Remark, System


class Reference(Remark):
    """A table staged before the transform, to look values up in.

    :param system: ``ledger`` stages the keys that a mapping task has written; ``entity`` is then ``<mapping>.<task>``
        and the columns are that task's key columns. ``value_map`` makes a value map a reference with the columns
        ``from`` and ``to``; ``entity`` is its name.
    :param key: columns that identify one row of it; :param take: columns the mapping uses.
    :param distinct: rows with the same key count as one, the first; else a row that finds several is refused.
    :param same_company: read only the rows of the company in work; :param company_field: of a Dataverse table, the
        column with the name of its business unit.
    """

    system: System | Literal["ledger", "value_map"]
    entity: StrictStr
    key: tuple[StrictStr, ...] = Field(min_length=1)
    take: tuple[StrictStr, ...] = Field(min_length=1)
    where: tuple[Condition, ...] = ()
    same_company: StrictBool = False
    company_field: StrictStr | None = None
    ignore_case: StrictBool = True
    distinct: StrictBool = False

    @property
    def per_company(self) -> bool:
        """Whether every company has rows of its own."""
        return self.same_company or self.system in ("ledger", "value_map")


class ChangedSince(Remark):
    """Read only rows changed in the run's interval, with an overlap for ties and clock differences."""

    field: StrictStr
    overlap_minutes: StrictInt = Field(default=10, ge=0, le=1440)


class PackageExport(Remark):
    """Read through a data-management export project instead of OData.

    :param project: name of the export project (definition group) that exists in F&O.
    :param data_entity: label of the data entity inside it.
    :param columns: column of the package file -> name used in the mapping.
    """

    project: StrictStr
    data_entity: StrictStr
    columns: dict[StrictStr, StrictStr] = Field(min_length=1)


class Enrich(Remark):
    """Add columns to the source rows from a reference, matched by source columns in the order of its key.

    :param company_prefix: put the company's key prefix before the values of ``by``, or take it away, before they are
        looked up.
    :param otherwise: ``keep`` takes the value that was looked up as it is.
    """

    reference: Identifier
    by: tuple[StrictStr, ...] = Field(min_length=1)
    add: dict[StrictStr, StrictStr] = Field(min_length=1)  # new source column -> reference column
    company_prefix: Literal["add", "remove"] | None = None
    otherwise: Otherwise = Otherwise.REJECT
    reason: StrictStr = ""

    @model_validator(mode="after")
    def _kept_as_one(self) -> Enrich:
        if self.otherwise is Otherwise.KEEP and (len(self.by) != 1 or len(self.add) != 1):
            raise ValueError("`otherwise: keep` gives the value of the one column in `by` to the one column in `add`")
        return self


class Group(Remark):
    """Make one row of several: rows equal in ``by`` are added up in ``sum``; other columns take the first value."""

    by: tuple[StrictStr, ...] = Field(min_length=1)
    sum: tuple[StrictStr, ...] = Field(min_length=1)


class Keep(Condition):
    """Keep the rows that fulfil the condition; the others end as ``otherwise`` says, with the reason."""

    otherwise: Literal[Otherwise.REJECT, Otherwise.BLOCK, Otherwise.SKIP] = Otherwise.SKIP
    reason: StrictStr


class Source(Remark):
    """Where rows come from. Columns of a Dataverse source may be paths over lookups: ``msdyn_workorder.msdyn_name``.

    :param key: columns that identify a source row; :param company_field: column that tells the company: of F&O the one
        with the legal entity, of Dataverse the one with the name of the business unit.
    :param document: lookup column whose value the lines of one document share; they travel all or not at all.
    :param changed_since: None means a full read, a snapshot; only a snapshot can show that a row vanished.
    :param parallel_reads: companies and references read at once, at most.
    """

    system: System
    entity: StrictStr
    route: Literal["odata", "package"] = "odata"
    package: PackageExport | None = None
    key: tuple[StrictStr, ...] = Field(min_length=1)
    company_field: StrictStr | None = None
    where: tuple[Condition, ...] = ()
    changed_since: ChangedSince | None = None
    enrich: tuple[Enrich, ...] = ()
    group: Group | None = None
    document: StrictStr | None = None
    keep: tuple[Keep, ...] = ()
    batch_rows: StrictInt = Field(default=50_000, ge=1, le=1_000_000)
    parallel_reads: StrictInt = Field(default=4, ge=1, le=52)

    @model_validator(mode="after")
    def _package_given(self) -> Source:
        if self.route == "package" and self.package is None:
            raise ValueError("`route: package` needs a `package:` block")
        if self.document is not None and self.group is not None:
            raise ValueError("`document` and `group` exclude each other")
        return self
