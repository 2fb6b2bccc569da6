"""Which places of the standard mapping an overlay speaks of, in names, and what it does there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fs_integration.spec.changes import OPERATIONS, Part, Reader
from fs_integration.spec.difference import NamePath
from fs_integration.spec.document import Document
from fs_integration.spec.shape import MAPPING, Shape, name_of

_HEAD = ("mapping", "extends", "written_for")


@dataclass(frozen=True)
class Touch:
    """One place the overlay speaks of.

    :param operation: ``set`` for a word that is given, else the operation; :param part: where the overlay says so.
    """

    path: NamePath
    operation: str
    part: Part

    @property
    def value(self) -> Any:
        """What the overlay writes there; a name for ``drop``."""
        return self.part.value


def touches(overlay: Document) -> list[Touch]:
    """Return every place an overlay speaks of."""
    return [touch for touch in _in_block(Part.whole(overlay), MAPPING, ()) if touch.path[0] not in _HEAD]


def _in_block(part: Part, shape: Shape, path: NamePath) -> Iterator[Touch]:
    for word in part.value:
        inner = part.inside(word)
        if word == "drop":
            yield from (Touch((*path, name), "drop", each) for name, each in Reader().named(part, "drop").items())
        else:
            yield from _at(inner, shape.at(word), (*path, word))


def _at(part: Part, shape: Shape, path: NamePath) -> Iterator[Touch]:
    if shape.kind == "block" and isinstance(part.value, dict):
        yield from _in_block(part, shape, path)
    elif shape.kind in ("items", "names") and isinstance(part.value, dict):
        yield from _in_collection(part, shape, path)
    else:
        edited = shape.kind == "values" and isinstance(part.value, dict)
        yield Touch(path, "change" if edited else "set", part)


def _in_collection(part: Part, shape: Shape, path: NamePath) -> Iterator[Touch]:
    for operation in OPERATIONS:
        for name, each in _operands(part, operation, shape):
            yield Touch((*path, name), operation, each)
            if operation == "change" and isinstance(each.value, dict):
                yield from _at(each, shape.at(name), (*path, name))


def _operands(part: Part, operation: str, shape: Shape) -> list[tuple[str, Part]]:
    if shape.kind == "names" or operation == "drop":
        return list(Reader().named(part, operation).items())
    return [(name_of(each.value, shape.model), each) for each in Reader().listed(part, operation)]
