"""The JSON schemas of mapping files, overlays and connection sets, for completion and hints in editors.

They are made from the models, so they cannot say anything else than the loader does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fs_integration.spec.connection_set import ConnectionSet
from fs_integration.spec.error_rules import ErrorRules
from fs_integration.spec.mapping import Mapping
from fs_integration.spec.overlay_schema import overlay_schema

FILES = ("mapping.json", "overlay.json", "connection_set.json", "error_rules.json")


def schemas() -> dict[str, str]:
    """Return file name -> content of every schema."""
    contents = (
        Mapping.model_json_schema(by_alias=True),
        overlay_schema(),
        ConnectionSet.model_json_schema(by_alias=True),
        ErrorRules.model_json_schema(by_alias=True),
    )
    return {name: _text(content) for name, content in zip(FILES, contents, strict=True)}


def outdated(folder: Path) -> list[str]:
    """Return the names of the schema files that are missing or say something else than the models."""
    return [name for name, text in schemas().items() if not _same(folder / name, text)]


def write_schemas(folder: Path) -> list[Path]:
    """Write all schemas and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in FILES]


def _same(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


def _text(content: dict[str, Any]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
