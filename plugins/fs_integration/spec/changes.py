"""Read what an overlay says: parts of a file that know their place, and the operations ``add`` to ``drop`` on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fs_integration.errors import MappingError
from fs_integration.spec.document import Document, KeyPath

OPERATIONS = ("add", "change", "replace", "drop")
PLAIN = str | int | float | bool


@dataclass(frozen=True)
class Part:
    """A value together with the file it is written in and its place there."""

    document: Document
    path: KeyPath
    value: Any

    @classmethod
    def whole(cls, document: Document) -> Part:
        """Return a whole document as a part."""
        return cls(document, (), document.data)

    def inside(self, word: str | int) -> Part:
        """Return the part one step further in."""
        return Part(self.document, (*self.path, word), self.value[word])

    def items(self) -> list[Part]:
        """Return the parts of a list."""
        return [self.inside(number) for number in range(len(self.value))]

    def members(self) -> list[Part]:
        """Return the parts behind names."""
        return [self.inside(name) for name in self.value]


@dataclass
class Reader:
    """Reads operations and keeps what is not well said.

    :param faults: filled while reading.
    """

    faults: list[MappingError] = field(default_factory=list)

    def fault(self, part: Part, message: str, suggestion: str) -> None:
        """Remember what is wrong with a part of the overlay."""
        self.faults.append(part.document.error(part.path, message, suggestion))

    def listed(self, changes: Part, operation: str) -> list[Part]:
        """Return the items of one operation on a list."""
        if operation == "drop":
            return list(self.plain(changes, operation).values())
        return self._parts(changes, operation, list, Part.items, "Give a list, each item beginning with `- `.")

    def named(self, changes: Part, operation: str) -> dict[str, Part]:
        """Return name -> part of one operation on names."""
        if operation == "drop":
            return {str(name): part for name, part in self.plain(changes, operation).items()}
        parts = self._parts(changes, operation, dict, Part.members, "Give `name: ...` lines.")
        return {str(part.path[-1]): part for part in parts}

    def plain(self, changes: Part, operation: str) -> dict[Any, Part]:
        """Return value -> part of one operation that lists plain values or names."""
        advice = f"Give a list: `{operation}: [one, two]`."
        parts = self._parts(changes, operation, list, Part.items, advice)
        for part in parts:
            if not isinstance(part.value, PLAIN):
                self.fault(part, f"`{operation}` takes plain values here.", advice)
        return {part.value: part for part in parts if isinstance(part.value, PLAIN)}

    def _parts(
        self, changes: Part, operation: str, kind: type[Any], inner: Callable[[Part], list[Part]], advice: str
    ) -> list[Part]:
        if operation not in changes.value:
            return []
        part = changes.inside(operation)
        if isinstance(part.value, kind):
            return inner(part)
        self.fault(part, f"`{operation}` is not written like this here.", advice)
        return []
