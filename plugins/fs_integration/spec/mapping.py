"""The vocabulary of a mapping file. Closed on purpose: a word that is not here is an error, never ignored.

Read top to bottom in the order the data travels: source, references, enrich, group, keep, fields, quality, target.
The page docs/mapping-reference.md explains each word to consultants; a test keeps it and this module in step.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from fs_integration.spec.metadata import ColumnKind, Frozen

Scalar = StrictStr | StrictInt | StrictFloat | StrictBool | None
Identifier = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]*$")]
System = Literal["finance_operations", "dataverse"]


class Basis(StrEnum):
    """How sure we are of a line: stated by Microsoft's documents, our inference, or open."""

    DOCUMENTED = "documented"
    INFERRED = "inferred"
    UNCONFIRMED = "unconfirmed"


class Remark(Frozen):
    """What every line may carry beside its meaning. :param id: name by which overlays and reports address the line."""

    basis: Basis = Basis.DOCUMENTED
    note: StrictStr = ""
    id: Identifier | None = None


class Condition(Remark):
    """``field`` compared with constants or with another column, or a choice between conditions.

    :param same_as: another column of the same row, :param differs_from: likewise; for conditions on rows already read.
    :param enum: name of the F&O enumeration when ``field`` is one; its literals need it.
    :param any_of: at least one of these holds; given alone.
    """

    field: StrictStr = ""
    is_: Scalar = Field(default=None, alias="is")
    is_not: Scalar = None
    in_: tuple[Scalar, ...] = Field(default=(), alias="in")
    at_least: Scalar = None
    at_most: Scalar = None
    same_as: StrictStr | None = None
    differs_from: StrictStr | None = None
    enum: StrictStr | None = None
    any_of: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _one_comparison(self) -> Condition:
        given = self.model_fields_set & {"is_", "is_not", "in_", "at_least", "at_most", "same_as", "differs_from"}
        if self.any_of:
            if given or self.field:
                raise ValueError("`any_of` stands alone; write the other comparison as a condition of its own")
            return self
        if not self.field:
            raise ValueError("give `field`, or `any_of` with conditions")
        if not given or (len(given) > 1 and given != {"at_least", "at_most"}):
            words = "`is`, `is_not`, `in`, `same_as`, `differs_from`, `at_least`, `at_most`"
            raise ValueError(f"give exactly one of {words}, or both bounds")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """Every column the condition looks at."""
        own = tuple(name for name in (self.field, self.same_as, self.differs_from) if name)
        return own + tuple(name for condition in self.any_of for name in condition.fields)


class Otherwise(StrEnum):
    """What happens to a row for which a rule has no answer."""

    REJECT = "reject"  # quarantine the row
    BLOCK = "block"  # the parent is not there yet; released by itself when it arrives
    SKIP = "skip"  # not meant to travel
    NULL = "null"  # leave the column empty
    KEEP = "keep"  # take the value as it is


class Reference(Remark):
    """A table staged before the transform, to look values up in.

    :param system: ``ledger`` stages the keys that a mapping task has written; ``entity`` is then ``<mapping>.<task>``
        and the columns are that task's key columns. ``value_map`` makes a value map a reference with the columns
        ``from`` and ``to``; ``entity`` is its name.
    :param key: columns that identify one row of it; :param take: columns the mapping uses.
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

    @model_validator(mode="after")
    def _package_given(self) -> Source:
        if self.route == "package" and self.package is None:
            raise ValueError("`route: package` needs a `package:` block")
        if self.document is not None and self.group is not None:
            raise ValueError("`document` and `group` exclude each other")
        return self


class Lookup(Remark):
    """Replace the value by a column of a reference.

    :param take: reference column to take; :param within: reference key column -> target column shaped before, for keys
        that are unique only inside a parent (a unit inside its unit group).
    """

    reference: Identifier
    take: StrictStr
    within: dict[StrictStr, StrictStr] = Field(default_factory=dict)


class Clamp(Frozen):
    """Pull a number into a range."""

    min: StrictInt | StrictFloat | None = None
    max: StrictInt | StrictFloat | None = None


class FieldRule(Remark):
    """How one target column gets its value. Exactly one of ``from``, ``value``, ``fn``.

    Steps run in this order: source value (trimmed, empty text is null), ``company_prefix``, ``default``, ``value_map``,
    ``lookup``, conversion to the target column's kind, ``round`` (half to even), ``clamp``, ``max_length``,
    ``required``. ``settings.<name>`` as source column is the company's setting of that name.

    :param company_prefix: put the company's key prefix before the value, or take it away where it is there.
    :param route: the rule holds for this route of the target only.
    :param compare: whether reconciliation compares the value; not for columns that the target changes by its own rules.

    :param args: source columns handed to ``fn``.
    :param otherwise: what happens when value map or lookup has no answer for a value that is there.
    :param unmapped: with a value map *and* a lookup: whether values that the map lacks go on to the lookup as they are;
        ``otherwise`` then speaks for the lookup alone.
    :param too_long: what happens to text longer than ``max_length`` (or than the target column).
    """

    to: StrictStr
    from_: StrictStr | None = Field(default=None, alias="from")
    value: Scalar = None
    fn: Identifier | None = None
    args: tuple[StrictStr, ...] = ()
    company_prefix: Literal["add", "remove"] | None = None
    kind: ColumnKind | None = None
    default: Scalar = None
    value_map: Identifier | dict[StrictStr, Scalar] | None = None
    unmapped: Literal["reject", "keep"] = "reject"
    lookup: Lookup | None = None
    round: StrictInt | None = Field(default=None, ge=0, le=10)
    clamp: Clamp | None = None
    max_length: StrictInt | None = Field(default=None, ge=1)
    too_long: Literal["reject", "truncate"] = "reject"
    required: StrictBool = False
    only_on_create: StrictBool = False
    otherwise: Otherwise = Otherwise.REJECT
    reason: StrictStr = ""
    route: Literal["odata", "package"] | None = None
    compare: StrictBool = True

    @model_validator(mode="after")
    def _one_source(self) -> FieldRule:
        if len(self.model_fields_set & {"from_", "value", "fn"}) != 1:
            raise ValueError("give exactly one of `from`, `value`, `fn`")
        if "unmapped" in self.model_fields_set and (self.value_map is None or self.lookup is None):
            raise ValueError("`unmapped` is for a value map followed by a lookup; use `otherwise` here")
        return self


class QualityRule(Remark):
    """One expectation on the raw or on the shaped batch.

    :param failing: reject the rows, stop the batch, or only warn.
    :param max_drop_percent: for ``row_count_change``: how far the row count may fall below the last successful run's.
    """

    expect: Literal[
        "not_null", "unique", "max_length", "between", "one_of", "matches", "decimals_at_most",
        "row_count_between", "row_count_change",
    ]  # fmt: skip
    stage: Literal["raw", "shaped"] = "shaped"
    field: StrictStr | None = None
    fields: tuple[StrictStr, ...] = ()
    min: StrictInt | StrictFloat | None = None
    max: StrictInt | StrictFloat | None = None
    values: tuple[Scalar, ...] = ()
    pattern: StrictStr | None = None
    max_drop_percent: StrictInt | None = Field(default=None, ge=0, le=100)
    failing: Literal["reject_row", "stop_batch", "warn"] = "reject_row"
    reason: StrictStr = ""


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
    :param request_rows: rows in one bulk request; :param parallel_requests: bulk requests under way at once.
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
    request_rows: StrictInt = Field(default=1000, ge=1, le=5000)
    parallel_requests: StrictInt = Field(default=4, ge=1, le=52)
    compare: Literal["written", "all", "none"] = "written"
    max_drift: StrictInt = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _package_given(self) -> Target:
        if self.route == "package" and self.package is None:
            raise ValueError("`route: package` needs a `package:` block")
        return self


class Thresholds(Remark):
    """How much may be quarantined before the gate stops the load: a share of the rows read, and a number of rows.

    The load stops when more than ``max_percent`` of the rows *and* more than ``min_rows`` rows are quarantined, so that
    one bad row among three does not stop an area.
    """

    max_percent: StrictInt = Field(default=20, ge=0, le=100)
    min_rows: StrictInt = Field(default=10, ge=0)


class Preflight(Remark):
    """What must be set up before anything is read: how many rows a reference has for the company."""

    reference: Identifier
    min_rows: StrictInt = Field(default=1, ge=0)
    max_rows: StrictInt | None = Field(default=None, ge=0)
    reason: StrictStr


class MappingTask(Remark):
    """One task of Microsoft's template: one source, one target. ``enabled: false`` leaves it out of the DAG."""

    name: Identifier
    title: StrictStr
    enabled: StrictBool = True
    source: Source
    references: dict[Identifier, Reference] = Field(default_factory=dict)
    preflight: tuple[Preflight, ...] = ()
    target: Target
    fields: tuple[FieldRule, ...] = Field(min_length=1)
    quality: tuple[QualityRule, ...] = ()
    thresholds: Thresholds = Thresholds()

    @property
    def active_fields(self) -> tuple[FieldRule, ...]:
        """The field rules that hold for the route the target is written by."""
        return tuple(field for field in self.fields if field.route in (None, self.target.route))


class Setting(Remark):
    """A value each company gives in its connection set; field rules read it as ``settings.<name>``.

    :param required: a company without it cannot run; then there is no default.
    """

    description: StrictStr
    default: Scalar = None
    required: StrictBool = False
    one_of: tuple[Scalar, ...] = ()


class Mapping(Remark):
    """One integration area: Microsoft's template as data.

    :param version: raised by us when a standard mapping changes.
    :param extends: standard mapping that the file changes; :param written_for: version of it that its author knew.
    :param requires: mappings that must have run before.
    """

    mapping: Identifier
    extends: Identifier | None = None
    written_for: StrictInt | None = Field(default=None, ge=1)
    version: StrictInt = Field(default=1, ge=1)
    title: StrictStr
    description: StrictStr = ""
    requires: tuple[Identifier, ...] = ()
    settings: dict[Identifier, Setting] = Field(default_factory=dict)
    value_maps: dict[Identifier, dict[StrictStr, Scalar]] = Field(default_factory=dict)
    tasks: tuple[MappingTask, ...] = Field(min_length=1)

    @property
    def enabled_tasks(self) -> tuple[MappingTask, ...]:
        return tuple(task for task in self.tasks if task.enabled)

    def task(self, name: str) -> MappingTask:
        """Return the task of this name. :raises KeyError: when there is none."""
        return {task.name: task for task in self.tasks}[name]
