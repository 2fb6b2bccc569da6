"""The words that mapping files share: constants, remarks, conditions, and what becomes of a row without an answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from fs_integration.spec.metadata import Frozen

Scalar = StrictStr | StrictInt | StrictFloat | StrictBool | None
Number = Annotated[StrictInt | StrictFloat, Field(ge=-1e18, le=1e18)]  # what a decimal column can be compared with
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
