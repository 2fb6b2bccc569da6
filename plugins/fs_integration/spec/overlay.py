"""Put an overlay over the standard mapping it extends: one document, in which every value knows its file and line.

An overlay has the shape of a mapping, but says of lists and names what is done with their items: ``add``, ``change``,
``replace``, ``drop``. What it speaks of must be as it expects; nothing is ever changed or left out silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from fs_integration.errors import MappingError
from fs_integration.spec.advice import nearest
from fs_integration.spec.document import Document, KeyPath
from fs_integration.spec.shape import MAPPING, Shape, names_of, written_name

OPERATIONS = ("add", "change", "replace", "drop")
OWN_WORDS = ("mapping", "extends", "written_for", "title", "description")  # the overlay's even if the standard has them
FIXED_WORDS = {"version": "The version is the standard mapping's; remove the line."}
_HOW = "Write what is done with the items: `add`, `change`, `replace`, `drop` (docs/mapping-reference.md, \"Overlay\")."


@dataclass(frozen=True)
class Part:
    """A value together with the file it is written in and its place there."""

    document: Document
    path: KeyPath
    value: Any

    def inside(self, word: str | int) -> Part:
        """Return the part one step further in."""
        return Part(self.document, (*self.path, word), self.value[word])

    def items(self) -> list[Part]:
        """Return the parts of a list."""
        return [self.inside(number) for number in range(len(self.value))]


def merged(standard: Document, overlay: Document) -> tuple[Document, list[MappingError]]:
    """Return the standard document as the overlay changes it, and everything the overlay expects in vain."""
    return _Merge(standard, overlay).run()


class _Merge:
    def __init__(self, standard: Document, overlay: Document) -> None:
        self._standard, self._overlay = standard, overlay
        self._result = Document(overlay.file, {}, {})
        self._faults: list[MappingError] = []

    def run(self) -> tuple[Document, list[MappingError]]:
        changes = Part(self._overlay, (), self._overlay.data)
        for word, advice in FIXED_WORDS.items():
            if word in self._overlay.data:
                self._fault(changes.inside(word), f"`{word}` is not for an overlay.", advice)
        data = self._block(Part(self._standard, (), self._standard.data), changes, MAPPING, ())
        self._result.data.update(data)
        return self._result, sorted(self._faults, key=lambda fault: fault.line)

    def _merge(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> Any:
        """Return the value at a place that both files write."""
        given = changes.value
        if shape.kind == "block" and isinstance(given, dict) and isinstance(base.value, dict):
            self._place(base, path)
            return self._block(base, changes, shape, path)
        if shape.kind in ("items", "names"):
            self._place(base, path)
            return self._collection(base, changes, shape, path)
        if shape.kind == "values" and isinstance(given, dict):
            self._place(changes, path)
            return self._plain_list(base, changes, path)
        return self._copy(changes, path)

    def _block(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> dict[str, Any]:
        dropped = self._dropped_words(base, changes)
        words = dict.fromkeys([*base.value, *(word for word in changes.value if word != "drop")])
        values: dict[str, Any] = {}
        for word in words:
            inner = shape.at(word)
            if word in dropped:
                continue
            if word not in changes.value:
                values[word] = self._copy(base.inside(word), (*path, word))
            elif word not in base.value:
                values[word] = self._new(changes.inside(word), inner, (*path, word))
            else:
                values[word] = self._merge(base.inside(word), changes.inside(word), inner, (*path, word))
        return values

    def _new(self, changes: Part, shape: Shape, path: KeyPath) -> Any:
        """Return a value of which the standard has nothing: written out in full, or as items to add."""
        if shape.kind in ("items", "names"):
            nothing = Part(self._standard, (), [] if shape.kind == "items" else {})
            self._place(changes, path)
            return self._collection(nothing, changes, shape, path)
        return self._copy(changes, path)

    def _dropped_words(self, base: Part, changes: Part) -> set[str]:
        dropped = self._dropped(changes) if "drop" in changes.value else []
        for part in dropped:
            if part.value in changes.value:
                self._fault(part, f"`{part.value}` is dropped and given in one block.", "Keep one of the two.")
            elif part.value not in base.value:
                self._missing(part, part.value, base.value, "drop")
        return {part.value for part in dropped}

    def _collection(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> Any:
        if not isinstance(changes.value, dict) or not set(changes.value) <= set(OPERATIONS):
            odd = next((word for word in changes.value if word not in OPERATIONS), None)
            place = changes.inside(odd) if isinstance(changes.value, dict) and odd is not None else changes
            said = f"`{odd}` does not say what is done." if place is not changes else "This does not say what is done."
            self._fault(place, said, (nearest(str(odd), OPERATIONS) + " " + _HOW).strip())
            return self._copy(base, path)
        return self._items(base, changes, shape, path) if shape.kind == "items" else self._names(base, changes, shape, path)

    def _names(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> dict[str, Any]:
        known: dict[str, Any] = base.value if isinstance(base.value, dict) else {}
        inner = shape.at("")
        given = {word: self._named(changes, word) for word in ("add", "change", "replace")}
        dropped = {part.value: part for part in self._dropped(changes)} if "drop" in changes.value else {}
        self._expect(given | {"drop": dropped}, known)
        values: dict[str, Any] = {}
        for name in known:
            place = (*path, name)
            if name in given["replace"]:
                values[name] = self._copy(given["replace"][name], place)
            elif name in given["change"] and name not in dropped:
                values[name] = self._changed(base.inside(name), given["change"][name], inner, place)
            elif name not in dropped:
                values[name] = self._copy(base.inside(name), place)
        for name, part in given["add"].items():
            if name not in known:
                values[name] = self._copy(part, (*path, name))
        return values

    def _expect(self, given: dict[str, dict[str, Part]], known: Iterable[str]) -> None:
        """Find names that are not there although they should be, there although they should not, or spoken of twice."""
        seen: set[str] = set()
        for operation, parts in given.items():
            for name, part in parts.items():
                if name in seen:
                    self._fault(part, f"Two things are done with `{name}`.", "Keep one of the two.")
                elif operation == "add" and name in known:
                    self._present(part, name)
                elif operation != "add" and name not in known:
                    self._missing(part, name, known, operation)
                seen.add(name)

    def _items(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> list[Any]:
        parts = base.items() if isinstance(base.value, list) else []
        taken: dict[int, tuple[str, Part]] = {}
        for operation in ("drop", "replace", "change"):
            for part in self._listed(changes, operation):
                self._take(part, operation, parts, shape.model, taken)
        values: list[Any] = []
        for number, part in enumerate(parts):
            operation, change = taken.get(number, ("", part))
            place: KeyPath = (*path, len(values))
            if operation == "change":
                values.append(self._changed(part, change, shape.at(0), place))
            elif operation != "drop":
                values.append(self._copy(change, place))
        for part in self._listed(changes, "add"):
            if self._is_new(part, parts, shape.model):
                values.append(self._copy(part, (*path, len(values))))
        return values

    def _take(
        self, part: Part, operation: str, parts: list[Part], model: type[BaseModel] | None, taken: dict[int, Any]
    ) -> None:
        """Find the one item of the standard that a part of the overlay speaks of."""
        name = part.value if isinstance(part.value, str) else next(iter(names_of(part.value, model)), "")
        found = [number for number, each in enumerate(parts) if name in names_of(each.value, model)]
        if len(found) > 1:
            ids = [str(parts[number].value.get("id")) for number in found if "id" in parts[number].value]
            advice = f"Name one by its `id`: {', '.join(ids)}." if ids else "Replace the block as a whole task."
            self._fault(part, f"{len(found)} items of the standard mapping answer to `{name}`.", advice)
        elif not found:
            known = [called for each in parts for called in names_of(each.value, model)]
            self._missing(part, name, known, operation, model)
        elif found[0] in taken:
            self._fault(part, f"Two things are done with `{name}`.", "Keep one of the two.")
        else:
            taken[found[0]] = (operation, part)

    def _is_new(self, part: Part, parts: list[Part], model: type[BaseModel] | None) -> bool:
        name = next(iter(names_of(part.value, model)), "")
        if any(name and name in names_of(each.value, model) for each in parts):
            self._present(part, name)
            return False
        return True

    def _changed(self, base: Part, change: Part, shape: Shape, path: KeyPath) -> Any:
        if shape.kind == "block" and not isinstance(change.value, dict):
            self._fault(change, "`change` gives the words of the item that change.", "Write `word: value` lines.")
            return self._copy(base, path)
        if shape.kind in ("value", "values"):
            self._fault(change, "A plain value has nothing inside to change.", "Put it under `replace`.")
            return self._copy(base, path)
        return self._merge(base, change, shape, path)

    def _plain_list(self, base: Part, changes: Part, path: KeyPath) -> list[Any]:
        known = base.value if isinstance(base.value, list) else []
        added = {part.value: part for part in self._listed(changes, "add")}
        dropped = {part.value: part for part in self._listed(changes, "drop")}
        self._expect({"add": added, "drop": dropped}, known)
        for word in set(changes.value) - {"add", "drop"}:
            self._fault(changes.inside(word), f"`{word}` is not for a list of plain values.", "Use `add` and `drop`.")
        kept = [part for part in base.items() if part.value not in dropped]
        new = [part for name, part in added.items() if name not in known]
        return [self._copy(part, (*path, number)) for number, part in enumerate([*kept, *new])]

    def _listed(self, changes: Part, operation: str) -> list[Part]:
        if operation not in changes.value:
            return []
        if operation == "drop":
            return self._dropped(changes)
        return self._parts(changes.inside(operation), list, Part.items, "Give a list, each line beginning with `- `.")

    def _dropped(self, changes: Part) -> list[Part]:
        parts = self._parts(changes.inside("drop"), list, Part.items, "Give a list of names: `drop: [one, two]`.")
        for part in parts:
            if not isinstance(part.value, str | int | float | bool):
                self._fault(part, "`drop` takes names.", "Write `drop: [one, two]`.")
        return [part for part in parts if isinstance(part.value, str | int | float | bool)]

    def _named(self, changes: Part, operation: str) -> dict[str, Part]:
        if operation not in changes.value:
            return {}
        parts = self._parts(
            changes.inside(operation), dict, lambda part: [part.inside(name) for name in part.value],
            "Give `name: ...` lines.",
        )  # fmt: skip
        return {str(part.path[-1]): part for part in parts}

    def _parts(
        self, part: Part, kind: type[Any], inner: Callable[[Part], list[Part]], advice: str
    ) -> list[Part]:
        if isinstance(part.value, kind):
            return inner(part)
        self._fault(part, f"`{part.path[-1]}` is not written like this here.", advice)
        return []

    def _missing(
        self, part: Part, name: Any, known: Iterable[Any], operation: str, model: type[BaseModel] | None = None
    ) -> None:
        shown = written_name(str(name), model)
        advice = nearest(str(name), [str(each) for each in known]) or "Known are: " + ", ".join(map(str, known)) + "."
        self._fault(part, f"The standard mapping has no `{shown}` here to {operation}.", advice)

    def _present(self, part: Part, name: str) -> None:
        advice = "Move it to `change` or `replace`, or remove it; a second one of this kind needs an `id`."
        self._fault(part, f"The standard mapping has `{name}` here already.", advice)

    def _fault(self, part: Part, message: str, suggestion: str) -> None:
        self._faults.append(part.document.error(part.path, message, suggestion))

    def _copy(self, part: Part, path: KeyPath) -> Any:
        """Return a value as it is written, and remember for everything inside where that is."""
        self._place(part, path)
        if isinstance(part.value, dict):
            return {word: self._copy(part.inside(word), (*path, word)) for word in part.value}
        if isinstance(part.value, list):
            return [self._copy(each, (*path, number)) for number, each in enumerate(part.items())]
        return part.value

    def _place(self, part: Part, path: KeyPath) -> None:
        if path and part.path:
            file, line = part.document.place(part.path)
            self._result.lines[path] = line
            self._result.files[path] = file
