"""What stands where in a mapping, told from the vocabulary: blocks, lists of blocks, names of one's own, plain values.

Overlays and the upgrade report walk two files side by side; this room tells them how, and by which name an item of a
list is addressed (docs/mapping-reference.md, "Overlay").
"""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from fs_integration.spec.mapping import Condition, Enrich, FieldRule, Mapping, MappingTask, Preflight, QualityRule

Kind = Literal["block", "items", "names", "values", "value"]


@dataclass(frozen=True)
class Shape:
    """What may stand at one place.

    :param kind: ``block`` of known words, ``items`` (list of blocks), ``names`` (own name -> anything), ``values``
        (list of plain values) or one ``value``; :param model: of a block or of each item.
    :param inner: annotation of what a name stands for.
    """

    kind: Kind
    model: type[BaseModel] | None = None
    inner: Any = None

    def at(self, word: str | int) -> Shape:
        """Return what stands one step further in; an unknown word stands for a plain value."""
        if self.kind == "names":
            return shape_of(self.inner)
        if self.kind == "items" and self.model is not None:
            return Shape("block", self.model)
        if self.kind == "block" and self.model is not None:
            fields = self.model.model_fields.items()
            field = next((field for name, field in fields if word == (field.alias or name)), None)
            return shape_of(field.annotation) if field else Shape("value")
        return Shape("value")


def shape_of(annotation: Any) -> Shape:
    """Return the shape of an annotation; of a choice between several kinds a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape("block", annotation)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(inner[0])
    if origin in (Union, UnionType):
        kinds = [kind for kind in inner if kind is not type(None)]
        return shape_of(kinds[0]) if len(kinds) == 1 else Shape("value")
    if origin is tuple:
        element = shape_of(inner[0])
        return Shape("items", element.model) if element.kind == "block" else Shape("values")
    return Shape("names", inner=inner[1]) if origin is dict else Shape("value")


MAPPING = Shape("block", Mapping)

# The words that tell one item of a list from the next, when it has no `id`.
_TELLING: dict[type[BaseModel], tuple[str, ...]] = {
    MappingTask: ("name",), FieldRule: ("to",), Enrich: ("reference",), Preflight: ("reference",),
    QualityRule: ("expect", "field", "fields"), Condition: ("field",),
}  # fmt: skip


def telling_words(model: type[BaseModel] | None) -> tuple[str, ...]:
    """Return the words of an item by which it is addressed."""
    return next((words for kind, words in _TELLING.items() if model is not None and issubclass(model, kind)), ())


def names_of(item: Any, model: type[BaseModel] | None) -> list[str]:
    """Return the names an item answers to: its ``id`` first, if it has one, then what it is about."""
    if not isinstance(item, dict):
        return []
    told = [item.get(word) for word in telling_words(model)]
    parts = [
        str(part) for value in told for part in (value if isinstance(value, list) else [value]) if part is not None
    ]
    about = " ".join(parts) or ("any_of" if "any_of" in item else "")
    return [name for name in dict.fromkeys((item.get("id"), about)) if isinstance(name, str) and name]


def name_of(item: Any, model: type[BaseModel] | None) -> str:
    """Return the name an item is called by; an empty text when it has none."""
    return next(iter(names_of(item, model)), "")


def written_name(name: str, model: type[BaseModel] | None) -> str:
    """Return how the name of an item is written in a file, for advice."""
    words = telling_words(model)
    return f"{words[0]}: {name}" if len(words) == 1 else name
