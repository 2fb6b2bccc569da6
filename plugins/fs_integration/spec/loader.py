"""Find, read and check mapping files and connection sets. Runs at each parse of a DAG file, so it must stay light.

A file is read again only when it has changed. What comes back is immutable; nobody touches dictionaries afterwards.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from fs_integration.errors import MappingError
from fs_integration.spec.advice import nearest, problems_of
from fs_integration.spec.connection_set import ConnectionSet
from fs_integration.spec.consistency import contradictions
from fs_integration.spec.document import Document, read_document
from fs_integration.spec.mapping import Mapping
from fs_integration.spec.metadata import Frozen

FOLDER_VARIABLE = "FS_INTEGRATION_MAPPINGS"
PLACES = ("custom", "standard")  # a custom file takes the place of the standard file of the same name

Model = TypeVar("Model", bound=Frozen)


def mappings_folder() -> Path:
    """Return the folder of the mapping files: the environment variable's, else the one beside ``plugins/``.

    :raises MappingError: when there is no such folder.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    folder = Path(given) if given else Path(__file__).resolve().parents[3] / "include" / "mappings"
    if not folder.is_dir():
        raise MappingError(
            "There is no folder of mapping files here.", file=str(folder),
            suggestion=f"Set {FOLDER_VARIABLE} in the environment to the folder that holds `standard/` and `custom/`.",
        )  # fmt: skip
    return folder


def mapping_file(name: str) -> Path:
    """Return the file of a mapping. :raises MappingError: when no file has this name."""
    folder = mappings_folder()
    files = {file.stem: file for place in reversed(PLACES) for file in sorted((folder / place).glob("*.yaml"))}
    if name not in files:
        raise MappingError(
            f"There is no mapping `{name}`.",
            file=str(folder),
            suggestion=nearest(name, files) or f"Known are: {sorted(files)}.",
        )
    return files[name]


def mapping_names() -> list[str]:
    """Return the names of all mappings, standard and custom."""
    folder = mappings_folder()
    return sorted({file.stem for place in PLACES for file in (folder / place).glob("*.yaml")})


def load_mapping(name: str) -> Mapping:
    """Return a mapping by name.

    :raises MappingError: names file, line and key path of the first fault; ``lint`` lists all of them.
    """
    return _loaded(mapping_file(name), Mapping)


def load_connection_set(name: str) -> ConnectionSet:
    """Return a connection set by name. :raises MappingError: as ``load_mapping``."""
    folder = mappings_folder() / "connection_sets"
    file = folder / f"{name}.yaml"
    if not file.is_file():
        names = [path.stem for path in folder.glob("*.yaml")]
        raise MappingError(
            f"There is no connection set `{name}`.", file=str(folder),
            suggestion=nearest(name, names) or f"Known are: {sorted(names)}.",
        )  # fmt: skip
    return _loaded(file, ConnectionSet)


def mapping_hash(mapping: Mapping) -> str:
    """Return a short text that changes whenever the content of the mapping does."""
    return hashlib.sha256(mapping.model_dump_json(by_alias=True).encode()).hexdigest()[:12]


def problems_in(file: Path, model: type[Frozen] = Mapping) -> tuple[Document | None, Frozen | None, list[MappingError]]:
    """Read a file and return all its faults; document and model as far as they could be built."""
    try:
        document = read_document(file)
    except MappingError as fault:
        return None, None, [fault]
    try:
        built = model.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as exc:
        return document, None, problems_of(exc, model, document)
    return document, built, _own_faults(built, file, document)


def _own_faults(built: Frozen, file: Path, document: Document) -> list[MappingError]:
    """Return what is wrong although every single line is well-formed."""
    key = "mapping" if isinstance(built, Mapping) else "connection_set"
    name = getattr(built, key)
    faults = []
    if name != file.stem:
        faults.append(document.error((key,), f"`{name}` is not the name of the file.", f"Write `{key}: {file.stem}`."))
    if isinstance(built, Mapping):
        faults += [document.error(*fault) for fault in contradictions(built)]
    return sorted(faults, key=lambda fault: fault.line)


def _loaded(file: Path, model: type[Model]) -> Model:
    state = file.stat()
    return _read(file, model, state.st_mtime_ns, state.st_size)  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _read(file: Path, model: type[Model], _changed_at: int, _size: int) -> Model:
    _, built, faults = problems_in(file, model)
    if faults:
        raise faults[0] if len(faults) == 1 else _with_rest(faults)
    return built  # type: ignore[return-value]


def _with_rest(faults: list[MappingError]) -> MappingError:
    first = faults[0]
    rest = f"{first.suggestion} There are {len(faults) - 1} more; `python -m fs_integration lint` lists them.".strip()
    return MappingError(first.message, file=first.file, line=first.line, key_path=first.key_path, suggestion=rest)
