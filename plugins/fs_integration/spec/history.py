"""The released versions of the standard mappings, kept to compare them with what an overlay was written for.

``standard/history/<name>.<version>.yaml`` is a copy made when a version is released. From then on the standard file of
that version must say the same; another content needs another version (docs/customising.md, "Versions").
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from fs_integration.errors import MappingError
from fs_integration.spec.difference import differences
from fs_integration.spec.document import Document, read_document
from fs_integration.spec.loader import problems_in, standard_file, standard_names, version_number

_KEPT = re.compile(r"(?P<name>[a-z][a-z0-9_]*)\.(?P<version>[1-9][0-9]*)")


def kept_file(name: str, version: int) -> Path:
    """Return the file that keeps a released version, whether or not it is there."""
    return standard_file(name).parent / "history" / f"{name}.{version}.yaml"


def kept_versions(name: str) -> list[int]:
    """Return the released versions of a standard mapping, oldest first."""
    files = standard_file(name).parent.glob(f"history/{name}.*.yaml")
    matches = (_KEPT.fullmatch(file.stem) for file in files)
    return sorted(int(match["version"]) for match in matches if match and match["name"] == name)


def version_of(name: str, version: int) -> Document:
    """Return a standard mapping as it was in a version.

    :raises MappingError: when that version was not kept.
    """
    present = read_document(standard_file(name))
    kept = kept_file(name, version)
    if kept.is_file():
        return read_document(kept)
    if version_number(present) == version:
        return present
    raise MappingError(
        f"Version {version} of the standard mapping `{name}` is not kept here.", file=str(kept),
        suggestion=f"Copy the file from that release; kept are {kept_versions(name) or 'none'}.",
    )  # fmt: skip


def history_problems() -> list[MappingError]:
    """Return what is wrong with the versions of the standard mappings; unreadable files are left to ``lint``."""
    readable = (name for name in standard_names() if problems_in(standard_file(name))[0] is not None)
    return [fault for name in readable for fault in _problems(name)]


def release() -> list[Path]:
    """Keep every standard mapping whose version is not kept yet; return the new files.

    :raises MappingError: when a standard mapping is wrong, or differs from its released version.
    """
    wrong = [fault for name in standard_names() for fault in problems_in(standard_file(name))[2]]
    problems = wrong or history_problems()
    if problems:
        raise problems[0]
    written = []
    for name in standard_names():
        kept = kept_file(name, version_number(read_document(standard_file(name))))
        if not kept.is_file():
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(standard_file(name), kept)
            written.append(kept)
    return written


def _problems(name: str) -> list[MappingError]:
    present = read_document(standard_file(name))
    version, versions = version_number(present), kept_versions(name)
    if version in versions:
        changed = differences(read_document(kept_file(name, version)), present)
        lines = [each.line for each in changed if each.file == present.file]
        return [_altered(present, version, min(lines, default=1))] if changed else []
    if versions and version != versions[-1] + 1:
        message = f"Version {version} does not follow the last released one, {versions[-1]}."
        return [present.error(("version",), message, f"Write `version: {versions[-1] + 1}`.")]
    return []


def _altered(present: Document, version: int, line: int) -> MappingError:
    message = f"The file differs from version {version} as it was released."
    advice = f"Changes of your own belong into `custom/`; a new release of the file needs `version: {version + 1}`."
    return MappingError(message, file=present.file, line=line, suggestion=advice)
