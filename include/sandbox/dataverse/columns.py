"""Short constructors for columns, in the words of Microsoft's table reference.

`required` uses the letters of that reference: A business required (the Web API does not enforce it), S system required,
R recommended, - optional. The platform limits used where a table gives none are [inferred].
"""

from __future__ import annotations

from typing import Any

from sandbox.dataverse.schema import Column, OptionSet, Table

_LEVELS = {"-": "None", "R": "Recommended", "A": "ApplicationRequired", "S": "SystemRequired"}
_INT_MAX = 2_147_483_647
_MONEY_MAX = 922_337_203_685_477.0
_DECIMAL_MAX = 100_000_000_000.0
QUANTITY_MAX = 1_000_000_000.0

YES_NO = OptionSet("yesno", {0: "No", 1: "Yes"})


def options(
    name: str, labels: dict[int, str], *, shared: bool = True, states: dict[int, int] | None = None
) -> OptionSet:
    """Describe an option set, global unless said otherwise."""
    return OptionSet(name, labels, is_global=shared, states=states or {})


def text(name: str, length: int, required: str = "-", **more: Any) -> Column:
    """Single line of text."""
    return Column(name, "String", _LEVELS[required], max_length=length, **more)


def memo(name: str, length: int = 2000, required: str = "-", **more: Any) -> Column:
    """Several lines of text."""
    return Column(name, "Memo", _LEVELS[required], max_length=length, **more)


def whole(name: str, low: float = -_INT_MAX - 1, high: float = _INT_MAX, required: str = "-", **more: Any) -> Column:
    """Whole number."""
    return Column(name, "Integer", _LEVELS[required], minimum=low, maximum=high, **more)


def number(
    name: str, low: float = -QUANTITY_MAX, high: float = QUANTITY_MAX, required: str = "-", **more: Any
) -> Column:
    """Floating point number with two decimals, the form of every Field Service quantity."""
    more.setdefault("precision", 2)
    return Column(name, "Double", _LEVELS[required], minimum=low, maximum=high, **more)


def decimal(name: str, precision: int = 10, required: str = "-", **more: Any) -> Column:
    """Exact decimal number."""
    more.setdefault("minimum", -_DECIMAL_MAX)
    more.setdefault("maximum", _DECIMAL_MAX)
    return Column(name, "Decimal", _LEVELS[required], precision=precision, **more)


def money(name: str, required: str = "-", low: float = -_MONEY_MAX, high: float = _MONEY_MAX, **more: Any) -> Column:
    """Amount in the row's currency, kept with four decimals."""
    more.setdefault("precision_source", 2)
    return Column(name, "Money", _LEVELS[required], precision=4, minimum=low, maximum=high, **more)


def yes_no(name: str, required: str = "-", *, default: bool | None = False, **more: Any) -> Column:
    """Yes/No column."""
    return Column(name, "Boolean", _LEVELS[required], options=YES_NO, default=default, **more)


def moment(name: str, required: str = "-", **more: Any) -> Column:
    """Date and time, kept in UTC."""
    return Column(name, "DateTime", _LEVELS[required], **more)


def choice(name: str, option_set: OptionSet, required: str = "-", **more: Any) -> Column:
    """Choice column."""
    return Column(name, "Picklist", _LEVELS[required], options=option_set, **more)


def lookup(name: str, *targets: str, required: str = "-", kind: str = "Lookup", **more: Any) -> Column:
    """Reference to a row of one of the target tables."""
    return Column(name, kind, _LEVELS[required], targets=targets, **more)


ACTIVE_INACTIVE = options("statecode", {0: "Active", 1: "Inactive"}, shared=False)
ACTIVE_INACTIVE_STATUS = options("statuscode", {1: "Active", 2: "Inactive"}, shared=False, states={1: 0, 2: 1})


def _state_columns(state: OptionSet, status: OptionSet) -> list[Column]:
    first_state = min(state.labels)
    first_status = next(value for value, of in status.states.items() if of == first_state)
    return [
        Column("statecode", "State", "SystemRequired", options=state, default=first_state),
        Column("statuscode", "Status", options=status, default=first_status),
    ]


def _common_columns() -> list[Column]:
    """Give the columns that every table has."""
    read_only: dict[str, Any] = {"creatable": False, "updatable": False}
    return [
        moment("createdon", **read_only),
        moment("modifiedon", **read_only),
        lookup("createdby", "systemuser", on_delete="NoCascade", **read_only),
        lookup("modifiedby", "systemuser", on_delete="NoCascade", **read_only),
        Column("versionnumber", "BigInt", **read_only),
        whole("importsequencenumber", updatable=False),
        moment("overriddencreatedon", updatable=False),
    ]


def _ownership() -> list[Column]:
    """Give the owner of a row and the business unit that follows from it."""
    return [
        lookup("ownerid", "systemuser", "team", required="S", kind="Owner", on_delete="NoCascade"),
        lookup("owningbusinessunit", "businessunit", on_delete="NoCascade", creatable=False, updatable=False),
    ]


def table(
    name: str,
    entity_set: str,
    *columns: Column,
    display: str,
    primary_name: str | None = None,
    owned: bool = False,
    state: OptionSet = ACTIVE_INACTIVE,
    status: OptionSet = ACTIVE_INACTIVE_STATUS,
    **more: Any,
) -> Table:
    """Build a table from its own columns plus the ones every table has.

    :param owned: user-owned, hence with an owner and a business unit; otherwise organisation-owned.
    """
    every = [Column(f"{name}id", "Uniqueidentifier", "SystemRequired", updatable=False), *columns]
    if owned:
        every += _ownership()
    every += [Column(f"{c.name}type", "EntityName") for c in every if len(c.targets) > 1]
    every += _state_columns(state, status) + _common_columns()
    return Table(
        name=name,
        entity_set=entity_set,
        display=display,
        columns={column.name: column for column in every},
        primary_name=primary_name,
        ownership="UserOwned" if owned else "OrganizationOwned",
        **more,
    )
