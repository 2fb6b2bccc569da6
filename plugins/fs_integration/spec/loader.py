"""Find, read and check mapping files and connection sets. Runs at each parse of a DAG file, so it must stay light.

A mapping is read again only when its file, or the file it extends, has changed. What comes back is immutable; nobody
touches dictionaries afterwards.
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
from fs_integration.spec.overlay import merged

FOLDER_VARIABLE = "FS_INTEGRATION_MAPPINGS"
PLACES = ("custom", "standard")  # a custom file takes the place of the standard file of the same name

Model = TypeVar("Model", bound=Frozen)
Stamp = tuple[Path, int, int]  # a file, when it changed, its size


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
    return loaded(mapping_file(name), Mapping)


def load_connection_set(name: str) -> ConnectionSet:
    """Return a connection set by name. :raises MappingError: as ``load_mapping``."""
    folder = mappings_folder() / "connection_sets"
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if name not in files:
        raise MappingError(
            f"There is no connection set `{name}`.", file=str(folder),
            suggestion=nearest(name, files) or f"Known are: {sorted(files)}.",
        )  # fmt: skip
    return loaded(files[name], ConnectionSet)


def mapping_hash(mapping: Mapping) -> str:
    """Return a short text that changes whenever the content of the mapping does."""
    return hashlib.sha256(mapping.model_dump_json(by_alias=True).encode()).hexdigest()[:12]


def standard_file(name: str) -> Path:
    """Return the file of a standard mapping, whether or not it is there."""
    return mappings_folder() / "standard" / f"{name}.yaml"


def standard_names() -> list[str]:
    """Return the names of the standard mappings."""
    return sorted(file.stem for file in (mappings_folder() / "standard").glob("*.yaml"))


def version_number(document: Document) -> int:
    """Return the version a mapping file says it has; 1 when it says none."""
    version = document.data.get("version", 1)
    return version if type(version) is int else 1


def overlays() -> list[Path]:
    """Return the custom files that extend a standard mapping; files that cannot be read are left to ``lint``."""
    files = sorted((mappings_folder() / "custom").glob("*.yaml"))
    return [file for file in files if _extends_another(file)]


def problems_in(file: Path, model: type[Frozen] = Mapping) -> tuple[Document | None, Frozen | None, list[MappingError]]:
    """Read a file and return all its faults; document and model as far as they could be built."""
    try:
        overlay = read_document(file)
        standard = read_document(extended_file(overlay)) if _is_overlay(overlay, model) else None
    except MappingError as fault:
        return None, None, [fault]
    if standard is None:
        return _checked(overlay, model, file)
    return problems_over(standard, overlay)


def problems_over(standard: Document, overlay: Document) -> tuple[Document, Frozen | None, list[MappingError]]:
    """Put an overlay over a standard mapping; return what comes out and all its faults."""
    document, faults = merged(standard, overlay)
    if faults:
        return document, None, faults
    return _checked(document, Mapping, Path(overlay.file))


def _checked(document: Document, model: type[Frozen], file: Path) -> tuple[Document, Frozen | None, list[MappingError]]:
    try:
        built = model.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as exc:
        return document, None, problems_of(exc, model, document)
    return document, built, _own_faults(built, file, document)


def _extends_another(file: Path) -> bool:
    try:
        return _is_overlay(read_document(file), Mapping)
    except MappingError:
        return False


def _is_overlay(document: Document, model: type[Frozen]) -> bool:
    return model is Mapping and "extends" in document.data


def extended_file(overlay: Document) -> Path:
    """Return the file an overlay extends. :raises MappingError: when there is none, or a newer one is expected."""
    name = overlay.data["extends"]
    names = standard_names()
    if name not in names:
        advice = nearest(str(name), names) or f"There are: {', '.join(names)}."
        raise overlay.error(("extends",), f"There is no standard mapping `{name}`.", advice)
    file = standard_file(name)
    standard, written_for = read_document(file), overlay.data.get("written_for")
    version = version_number(standard)
    if "mapping" not in overlay.data:
        raise overlay.error((), "`mapping` is missing here.", f"Write `mapping: {Path(overlay.file).stem}`.")
    if "extends" in standard.data:
        raise overlay.error(("extends",), f"`{name}` is an overlay itself.", "Extend the mapping that it extends.")
    if type(written_for) is not int or written_for > version:
        message = "`written_for` must be the version of the standard mapping that you know."
        raise overlay.error(("written_for",), message, f"Write `written_for: {version}`.")
    return file


def _own_faults(built: Frozen, file: Path, document: Document) -> list[MappingError]:
    """Return what is wrong although every single line is well-formed."""
    key = next((key for key in ("mapping", "connection_set") if hasattr(built, key)), None)
    name = getattr(built, key) if key else None
    faults = []
    if key and name != file.stem:
        faults.append(document.error((key,), f"`{name}` is not the name of the file.", f"Write `{key}: {file.stem}`."))
    if isinstance(built, Mapping):
        faults += [document.error(*fault) for fault in contradictions(built)]
    return sorted(faults, key=lambda fault: (fault.file, fault.line))


def loaded(file: Path, model: type[Model]) -> Model:
    """Return what a file says; it is read again only when it has changed. :raises MappingError: its first fault."""
    extended = _extended_name(_stamp(file)) if model is Mapping else None
    stamps = (_stamp(file),) if extended is None else (_stamp(file), _stamp(standard_file(extended)))
    return _read(model, stamps)  # type: ignore[no-any-return]


def _stamp(file: Path) -> Stamp:
    """Return what changes when the content of a file does. A file that is not there has a stamp too."""
    try:
        state = file.stat()
    except FileNotFoundError:
        return file, 0, 0
    return file, state.st_mtime_ns, state.st_size


@lru_cache(maxsize=64)
def _extended_name(stamp: Stamp) -> str | None:
    name = read_document(stamp[0]).data.get("extends")
    return None if name is None else str(name)


@lru_cache(maxsize=64)
def _read(model: type[Model], stamps: tuple[Stamp, ...]) -> Model:
    _, built, faults = problems_in(stamps[0][0], model)
    if faults:
        raise faults[0] if len(faults) == 1 else _with_rest(faults)
    return built  # type: ignore[return-value]


def _with_rest(faults: list[MappingError]) -> MappingError:
    first = faults[0]
    rest = f"{first.suggestion} There are {len(faults) - 1} more; `python -m fs_integration lint` lists them.".strip()
    return MappingError(first.message, file=first.file, line=first.line, key_path=first.key_path, suggestion=rest)
