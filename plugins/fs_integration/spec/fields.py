"""The words of a mapping that say how one target column gets its value."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from fs_integration.spec.metadata import ColumnKind, Frozen
from fs_integration.spec.words import Identifier, Number, Otherwise, Remark, Scalar


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

    min: Number | None = None
    max: Number | None = None


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
    max_length: StrictInt | None = Field(default=None, ge=1, le=1_048_576)
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
