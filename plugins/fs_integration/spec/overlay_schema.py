"""The JSON schema of overlays, for completion and hints in editors; made from the vocabulary like that of mappings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from fs_integration.spec.mapping import Mapping
from fs_integration.spec.shape import MAPPING, Shape

Schema = dict[str, Any]

_NAMES: Schema = {"type": "array", "items": {"type": ["string", "number", "boolean"]}}
_HEAD = ["mapping", "extends", "written_for"]


def overlay_schema() -> Schema:
    """Return the schema of an overlay. It lets pass what only a comparison with the standard mapping can tell."""
    whole = Mapping.model_json_schema(by_alias=True)
    changes = {_name(model): _block(model, _properties(model, whole)) for model in _models(MAPPING, set())}
    top = changes.pop(_name(Mapping))
    top["properties"].pop("version")
    return {"title": "Overlay", **top, "required": _HEAD, "$defs": {**whole["$defs"], **changes}}


def _name(model: type[BaseModel]) -> str:
    return f"{model.__name__}Changes"


def _models(shape: Shape, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """Yield every block of the vocabulary once."""
    if shape.model is not None and shape.model not in seen:
        seen.add(shape.model)
        yield shape.model
        for word in _words(shape.model):
            yield from _models(Shape("block", shape.model).at(word), seen)
    elif shape.kind == "names":
        yield from _models(shape.at(""), seen)


def _words(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _properties(model: type[BaseModel], whole: Schema) -> Schema:
    """Return how the words of a block are written in a mapping."""
    own: Schema = whole if model is Mapping else whole["$defs"][model.__name__]
    properties: Schema = own["properties"]
    return properties


def _block(model: type[BaseModel], properties: Schema) -> Schema:
    block = Shape("block", model)
    written = {word: _change(block.at(word), properties[word]) for word in _words(model)}
    return {"type": "object", "additionalProperties": False, "properties": {**written, "drop": _NAMES}}


def _change(shape: Shape, written: Schema) -> Schema:
    """Return what an overlay may write where a mapping writes something."""
    if shape.kind == "block" and shape.model is not None:
        return {"anyOf": [_reference(shape.model), written]}
    if shape.kind == "items" and shape.model is not None:
        return _operations(_list(written["items"]), _list(_reference(shape.model)))
    if shape.kind == "names":
        entry = _entry(written)
        inner = shape.at("")
        changed = None if inner.kind in ("value", "values") else _named(_change(inner, entry))
        return _operations(_named(entry), changed)
    if shape.kind == "values":
        return {"anyOf": [written, _object({"add": written, "drop": _NAMES})]}
    return written


def _entry(written: Schema) -> Schema:
    """Return what a mapping writes behind a name."""
    patterns: Schema = written.get("patternProperties", {})
    entry: Schema = next(iter(patterns.values()), written.get("additionalProperties", {}))
    return entry


def _reference(model: type[BaseModel]) -> Schema:
    return {"$ref": f"#/$defs/{_name(model)}"}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _named(entry: Schema) -> Schema:
    return {"type": "object", "additionalProperties": entry}


def _operations(items: Schema, changed: Schema | None) -> Schema:
    given = {"add": items, "replace": items, "drop": _NAMES}
    return _object(given if changed is None else {**given, "change": changed})


def _object(properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}
