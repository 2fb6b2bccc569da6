"""Keep the world in a folder between two starts of the sandbox."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from sandbox.landscape import Landscape
from sandbox.rows import read_rows, write_rows

_DESCRIPTION = "world.json"


def save(landscape: Landscape, folder: Path) -> None:
    """Write every entity set; the old folder stays complete until the new one is."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for system, entity_sets in landscape.entity_sets.items():
        (fresh / system).mkdir(parents=True)
        for entity_set in entity_sets:
            with (fresh / system / f"{entity_set}.ndjson").open("wb") as file:
                file.writelines(write_rows(landscape.dump(system, entity_set)))
    (fresh / _DESCRIPTION).write_bytes(msgspec.json.encode(landscape.world))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def restore(landscape: Landscape, folder: Path) -> bool:
    """Load a kept world; False when the folder has none."""
    description = folder / _DESCRIPTION
    if not description.is_file():
        return False
    for system, entity_sets in landscape.entity_sets.items():
        tables: dict[str, list[dict[str, Any]]] = {}
        for entity_set in entity_sets:
            file = folder / system / f"{entity_set}.ndjson"
            if file.is_file():
                tables[entity_set] = read_rows(file.read_bytes())
        landscape.systems[system].load(tables)
    landscape.world = msgspec.json.decode(description.read_bytes(), type=dict[str, Any])
    return True
