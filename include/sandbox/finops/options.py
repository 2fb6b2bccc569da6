"""Query options of a read: which are allowed, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.finops.errors import bad_request, unknown_property
from sandbox.finops.filtering import find_property
from sandbox.finops.schema import Entity

_KNOWN = frozenset({"$select", "$filter", "$orderby", "$top", "$skip", "$count", "$expand", "$format", "$skiptoken"})


@dataclass(frozen=True, slots=True)
class Order:
    """One property of a $orderby."""

    name: str
    descending: bool


def check_options(entity: Entity, params: Mapping[str, str]) -> None:
    """Refuse system query options that F&O does not have, and expansions the entity has no navigation for.

    :raises FinanceError: 400.
    """
    for name in params:
        if name.startswith("$") and name not in _KNOWN:
            raise bad_request(f"The query parameter '{name}' is not supported.")
    if params.get("$format", "json").lower() not in ("json", "application/json"):
        raise bad_request(f"The format '{params['$format']}' is not supported; use json.")
    if params.get("$count", "false") not in ("true", "false"):
        raise bad_request(f"Invalid value '{params['$count']}' for $count query option found. Valid: true, false.")
    expanded = params.get("$expand", "")
    if "(" in expanded or "/" in expanded:
        raise bad_request(f"Only the first level can be expanded, without options: '{expanded}'.")
    for name in filter(None, map(str.strip, expanded.split(","))):
        raise unknown_property(entity, name)


def selected(entity: Entity, text: str | None) -> list[str]:
    """List the properties of a $select, all when there is none."""
    names = [name.strip() for name in (text or "*").split(",")]
    if "*" in names:
        return list(entity.properties)
    return [find_property(entity, name).name for name in dict.fromkeys(names)]


def read_number(params: Mapping[str, str], name: str) -> int | None:
    """Read $top or $skip."""
    text = params.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise bad_request(f"Invalid value '{text}' for {name} query option found. A non-negative integer was expected.")
    return int(text)


def read_orderby(entity: Entity, text: str | None) -> tuple[Order, ...]:
    """Read $orderby."""
    order = []
    for part in filter(None, map(str.strip, (text or "").split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise bad_request(f"Syntax error in $orderby at '{part}'.")
        order.append(Order(find_property(entity, name).name, direction.strip() == "desc"))
    return tuple(order)
