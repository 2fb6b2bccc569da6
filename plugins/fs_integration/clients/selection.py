"""Write which columns to read as ``$select`` and, for columns behind lookups, one nested ``$expand``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fs_integration.spec.paths import SEPARATOR, WIRE_SEPARATOR


def lookups_on(names: Iterable[str]) -> list[str]:
    """Return every lookup that the paths among ``names`` go over, as a path of its own.

    Reading them too leaves no part of an expansion without a column; without one the service would send all it has.
    """
    parts = (name.split(SEPARATOR) for name in names)
    return list(dict.fromkeys(SEPARATOR.join(part[:end]) for part in parts for end in range(1, len(part))))


def select_and_expand(wires: Iterable[str]) -> tuple[str, str]:
    """Return the values of ``$select`` and ``$expand`` that fetch these columns, named as in requests."""
    return _written([wire.split(WIRE_SEPARATOR) for wire in dict.fromkeys(wires)])


def _written(paths: Sequence[Sequence[str]]) -> tuple[str, str]:
    own = [first for first, *rest in paths if not rest]
    behind: dict[str, list[Sequence[str]]] = {}
    for first, *rest in paths:
        if rest:
            behind.setdefault(first, []).append(rest)
    return ",".join(own), ",".join(f"{name}({_options(inner)})" for name, inner in behind.items())


def _options(paths: Sequence[Sequence[str]]) -> str:
    select, expand = _written(paths)
    return f"$select={select};$expand={expand}" if expand else f"$select={select}"
