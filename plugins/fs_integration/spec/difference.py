"""What a new version of a standard mapping adds, removes, renames and changes, by name and not by position.

Works on files as read, so that a version written in an older vocabulary can still be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Words
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from fs_integration.spec.changes import Part
from fs_integration.spec.document import Document
from fs_integration.spec.shape import MAPPING, Shape, name_of, telling_words

NamePath = tuple[str, ...]  # words and names from the top, for example ("tasks", "products", "fields", "price")

_SAID = {"id", "note", "basis", "reason", "title", "description"}  # words that make nothing alike
_ALIKE = 0.5  # an item that shares more of its words than this with a removed one is that one under another name


@dataclass(frozen=True)
class Difference:
    """One thing that differs.

    :param path: where, in the names of the old version; :param old: as it was; :param new: as it is, None when gone.
    :param file: where it is written: the new file, or the old one of what is gone; :param new_name: of what is renamed.
    """

    kind: Literal["added", "removed", "renamed", "changed", "reordered"]
    path: NamePath
    file: str
    line: int
    old: Any = None
    new: Any = None
    new_name: str = ""


def differences(old: Document, new: Document) -> list[Difference]:
    """Return everything in which two versions of a mapping differ, except the version itself."""
    found = _between(Part.whole(old), Part.whole(new), MAPPING, ())
    return [each for each in found if each.path != ("version",)]


def named_parts(part: Part, model: type[BaseModel] | None) -> dict[str, Part]:
    """Return the items of a list by name; one that shares its name with an earlier one gets a number."""
    named: dict[str, Part] = {}
    for number, item in enumerate(part.items(), start=1):
        name = name_of(item.value, model) or f"({number})"
        named[name if name not in named else f"{name} ({number})"] = item
    return named


def _between(old: Part, new: Part, shape: Shape, path: NamePath) -> Iterator[Difference]:
    if shape.kind == "items" and isinstance(old.value, list) and isinstance(new.value, list):
        before, after = named_parts(old, shape.model), named_parts(new, shape.model)
        yield from _collections(before, after, shape, path)
        yield from _order(before, after, new, path)
    elif shape.kind in ("names", "block") and isinstance(old.value, dict) and isinstance(new.value, dict):
        before, after = _members(old, new, shape), _members(new, old, shape)
        yield from _collections(before, after, shape, path)
    elif old.value != new.value:
        yield _difference("changed", path, new, old=old.value, new=new.value)


def _members(part: Part, other: Part, shape: Shape) -> dict[str, Part]:
    """Return what stands behind each word; of a list or of names that only the other has, an empty one."""
    members = {str(member.path[-1]): member for member in part.members()}
    empty = {"items": list, "names": dict}
    for word in other.value:
        kind = shape.at(word).kind
        if shape.kind == "block" and word not in members and kind in empty:
            members[word] = Part(part.document, (*part.path, word), empty[kind]())
    return members


def _collections(
    before: Words[str, Part], after: Words[str, Part], shape: Shape, path: NamePath
) -> Iterator[Difference]:
    renamed = {} if shape.kind == "block" else _renamed(before, after, shape.model)
    for name, part in before.items():
        if name in after or name in renamed:
            if name in renamed:
                there = after[renamed[name]]
                yield _difference("renamed", (*path, name), there, part.value, there.value, renamed[name])
            yield from _between(part, after[renamed.get(name, name)], shape.at(name), (*path, name))
        else:
            yield _difference("removed", (*path, name), part, old=part.value)
    for name, part in after.items():
        if name not in before and name not in renamed.values():
            yield _difference("added", (*path, name), part, new=part.value)


def _renamed(before: Words[str, Part], after: Words[str, Part], model: type[BaseModel] | None) -> dict[str, str]:
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    found: dict[str, str] = {}
    for name in gone:
        likeness = {other: _likeness(before[name].value, after[other].value, model) for other in come}
        best = max(likeness, key=lambda other: likeness[other], default=None)
        if best is not None and likeness[best] > _ALIKE:
            found[name] = best
            come.remove(best)
    return found


def _likeness(old: Any, new: Any, model: type[BaseModel] | None) -> float:
    """Return which share of the words of two items is equal, apart from their names; of plain values 0 or 1."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return float(old == new)
    words = (set(old) | set(new)) - _SAID - (set(telling_words(model)) - {"expect"})
    equal = [word for word in words if word in old and word in new and old[word] == new[word]]
    return len(equal) / len(words) if words else 0.0


def _order(before: Words[str, Part], after: Words[str, Part], new: Part, path: NamePath) -> Iterator[Difference]:
    old_order, new_order = [name for name in before if name in after], [name for name in after if name in before]
    if old_order != new_order:
        yield _difference("reordered", path, new, old=old_order, new=new_order)


def _difference(
    kind: Literal["added", "removed", "renamed", "changed", "reordered"], path: NamePath, part: Part, old: Any = None,
    new: Any = None, new_name: str = "",
) -> Difference:  # fmt: skip
    file, line = part.document.place(part.path)
    return Difference(kind, path, file, line, old, new, new_name)
