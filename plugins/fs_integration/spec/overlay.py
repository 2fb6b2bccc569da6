"""Put an overlay over the standard mapping it extends: one document, in which every value knows its file and line.

An overlay has the shape of a mapping, but says of lists and names what is done with their items: ``add``, ``change``,
``replace``, ``drop``. What it speaks of must be as it expects; nothing is ever changed or left out silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from fs_integration.errors import MappingError
from fs_integration.spec.advice import nearest
from fs_integration.spec.changes import OPERATIONS, Part, Reader
from fs_integration.spec.document import Document, KeyPath
from fs_integration.spec.shape import MAPPING, Shape, name_of, names_of, telling_words, written_name

_HOW = 'Write `add`, `change`, `replace` or `drop` and the items below it (docs/mapping-reference.md, "Overlay").'


def merged(standard: Document, overlay: Document) -> tuple[Document, list[MappingError]]:
    """Return the standard document as the overlay changes it, and everything the overlay expects in vain."""
    merge = _Merge(overlay.file)
    changes = Part.whole(overlay)
    if "version" in overlay.data:
        merge.reader.fault(changes.inside("version"), "The version is the standard mapping's.", "Remove the line.")
    merge.result.data.update(merge.block(Part.whole(standard), changes, MAPPING, ()))
    return merge.result, sorted(merge.reader.faults, key=lambda fault: fault.line)


class _Merge:
    """One walk through both files, side by side."""

    def __init__(self, file: str) -> None:
        self.result = Document(file, {}, {})
        self.reader = Reader()

    def block(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> dict[str, Any]:
        """Return a block of known words: those of both files."""
        dropped = self._dropped_words(base, changes)
        values: dict[str, Any] = {}
        for word in dict.fromkeys([*base.value, *changes.value]):
            place, inner = (*path, word), shape.at(word)
            if word in dropped or (word == "drop" and "drop" in changes.value):
                continue
            if word not in changes.value:
                values[word] = self._copy(base.inside(word), place)
            elif word in base.value:
                values[word] = self._merge(base.inside(word), changes.inside(word), inner, place)
            elif inner.kind in ("items", "names"):
                nothing = Part(base.document, (), [] if inner.kind == "items" else {})
                values[word] = self._merge(nothing, changes.inside(word), inner, place)
            else:
                values[word] = self._copy(changes.inside(word), place)
        return values

    def _merge(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> Any:
        """Return the value at a place of which the overlay speaks."""
        both = isinstance(base.value, dict) and isinstance(changes.value, dict)
        if shape.kind == "block" and both:
            self._remember(base, path)
            return self.block(base, changes, shape, path)
        if shape.kind in ("items", "names"):
            self._remember(base if base.path else changes, path)
            return self._collection(base, changes, shape, path)
        if shape.kind == "values" and isinstance(changes.value, dict):
            self._remember(changes, path)
            return self._plain_list(base, changes, path)
        return self._copy(changes, path)

    def _dropped_words(self, base: Part, changes: Part) -> set[str]:
        dropped = self.reader.named(changes, "drop")
        for word, part in dropped.items():
            if word in changes.value:
                self.reader.fault(part, f"`{word}` is dropped and given in one block.", "Keep one of the two.")
            elif word not in base.value:
                self._missing(part, word, base.value, "drop")
        return set(dropped)

    def _collection(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> Any:
        if not isinstance(changes.value, dict):
            self.reader.fault(changes, "This does not say what is done with the standard's items.", _HOW)
            return self._copy(base, path)
        odd = [word for word in changes.value if word not in OPERATIONS]
        for word in odd:
            message = f"`{word}` does not say what is done with the standard's items."
            self.reader.fault(changes.inside(word), message, f"{nearest(word, OPERATIONS)} {_HOW}".strip())
        if odd:
            return self._copy(base, path)
        if shape.kind == "items":
            return self._items(base, changes, shape, path)
        return self._names(base, changes, shape, path)

    def _names(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> dict[str, Any]:
        known: dict[str, Any] = base.value if isinstance(base.value, dict) else {}
        given = {operation: self.reader.named(changes, operation) for operation in OPERATIONS}
        self._expect(given, known)
        values: dict[str, Any] = {}
        for name in known:
            place = (*path, name)
            if name in given["drop"]:
                continue
            if name in given["change"]:
                values[name] = self._changed(base.inside(name), given["change"][name], shape.at(name), place)
            else:
                values[name] = self._copy(given["replace"].get(name) or base.inside(name), place)
        new = {name: part for name, part in given["add"].items() if name not in known}
        return values | {name: self._copy(part, (*path, name)) for name, part in new.items()}

    def _expect(self, given: dict[str, dict[Any, Part]], known: Iterable[Any]) -> None:
        """Find names that are not there although they should be, there although they should not, or spoken of twice."""
        seen: set[Any] = set()
        for operation, parts in given.items():
            for name, part in parts.items():
                if name in seen:
                    self.reader.fault(part, f"Two things are done with `{name}`.", "Keep one of the two.")
                elif operation == "add" and name in known:
                    self._present(part, name)
                elif operation != "add" and name not in known:
                    self._missing(part, name, known, operation)
                seen.add(name)

    def _items(self, base: Part, changes: Part, shape: Shape, path: KeyPath) -> list[Any]:
        parts = base.items() if isinstance(base.value, list) else []
        taken: dict[int, tuple[str, Part]] = {}
        for operation in ("drop", "replace", "change"):
            for part in self.reader.listed(changes, operation):
                self._take(part, operation, parts, shape.model, taken)
        values: list[Any] = []
        for number, part in enumerate(parts):
            operation, change = taken.get(number, ("", part))
            if operation == "change":
                values.append(self._changed(part, change, shape.at(0), (*path, len(values))))
            elif operation != "drop":
                values.append(self._copy(change, (*path, len(values))))
        for part in self.reader.listed(changes, "add"):
            if self._is_new(part, parts, shape.model):
                values.append(self._copy(part, (*path, len(values))))
        return values

    def _take(
        self, part: Part, operation: str, parts: list[Part], model: type[BaseModel] | None, taken: dict[int, Any]
    ) -> None:
        """Find the one item of the standard that a part of the overlay speaks of."""
        name = str(part.value) if operation == "drop" else name_of(part.value, model)
        found = [number for number, each in enumerate(parts) if name and name in names_of(each.value, model)]
        if not name:
            words = " and ".join(f"`{word}`" for word in telling_words(model)[:2])
            self.reader.fault(part, f"This does not say which item is meant to {operation}.", f"Give {words}, or `id`.")
        elif not found:
            known = [called for each in parts for called in names_of(each.value, model)]
            self._missing(part, name, known, operation, model)
        elif len(found) > 1:
            ids = [f"`{each.value['id']}`" for each in (parts[number] for number in found) if "id" in each.value]
            advice = f"Name one by its `id`: {', '.join(ids)}." if ids else "Ask for an `id` in the standard mapping."
            self.reader.fault(part, f"{len(found)} items of the standard mapping answer to `{name}`.", advice)
        elif found[0] in taken:
            self.reader.fault(part, f"Two things are done with `{name}`.", "Keep one of the two.")
        else:
            taken[found[0]] = (operation, part)

    def _is_new(self, part: Part, parts: list[Part], model: type[BaseModel] | None) -> bool:
        name = name_of(part.value, model)
        if name and any(name in names_of(each.value, model) for each in parts):
            self._present(part, written_name(name, model))
            return False
        return True

    def _changed(self, base: Part, change: Part, shape: Shape, path: KeyPath) -> Any:
        if shape.kind not in ("block", "items", "names"):
            self.reader.fault(change, "A plain value has nothing inside to change.", "Put it under `replace`.")
        elif not isinstance(change.value, dict):
            self.reader.fault(change, "`change` gives what changes inside.", "Write `word: value` lines.")
        else:
            return self._merge(base, change, shape, path)
        return self._copy(base, path)

    def _plain_list(self, base: Part, changes: Part, path: KeyPath) -> list[Any]:
        known = base.value if isinstance(base.value, list) else []
        given = {operation: self.reader.plain(changes, operation) for operation in ("add", "drop")}
        self._expect(given, known)
        for word in [word for word in changes.value if word not in given]:
            message = f"`{word}` is not for a list of plain values."
            self.reader.fault(changes.inside(word), message, "Use `add` and `drop`, or write the whole list.")
        kept = [part for part in base.items() if part.value not in given["drop"]]
        new = [part for value, part in given["add"].items() if value not in known]
        return [self._copy(part, (*path, number)) for number, part in enumerate([*kept, *new])]

    def _missing(
        self, part: Part, name: Any, known: Iterable[Any], operation: str, model: type[BaseModel] | None = None
    ) -> None:
        names = [str(each) for each in known]
        advice = nearest(str(name), names) or (f"There are: {', '.join(names)}." if names else "There is nothing here.")
        shown = written_name(str(name), model)
        self.reader.fault(part, f"The standard mapping has no `{shown}` here to {operation}.", advice)

    def _present(self, part: Part, name: Any) -> None:
        advice = "Move yours to `change` or `replace`, or remove it. A second one beside it needs an `id`."
        self.reader.fault(part, f"The standard mapping has `{name}` here already.", advice)

    def _copy(self, part: Part, path: KeyPath) -> Any:
        """Return a value as it is written, and remember for everything inside where that is."""
        self._remember(part, path)
        if isinstance(part.value, dict):
            return {word: self._copy(part.inside(word), (*path, word)) for word in part.value}
        if isinstance(part.value, list):
            return [self._copy(each, (*path, number)) for number, each in enumerate(part.items())]
        return part.value

    def _remember(self, part: Part, path: KeyPath) -> None:
        self.result.files[path], self.result.lines[path] = part.document.place(part.path)
