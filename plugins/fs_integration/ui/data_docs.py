"""Which Data Docs belong to a run, and which files below their root may be served at all.

The quality room writes ``validations/<mapping>/<task>/<legal entity>/<batch>/<stage>/<run key>/<moment>/page.html`` and
``runs/<mapping>/<run key>.html``: the second part of every path is a mapping.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fs_integration.records import Scope

SERVED = ".html"  # the pages bring their style along and have no pictures


@dataclass(frozen=True)
class DocsPage:
    """:param path: below the Data Docs root, with forward slashes; :param title: what was checked."""

    path: str
    title: str


def pages_of(root: Path, run_key: str, scopes: Iterable[Scope]) -> list[DocsPage]:
    """Return the validation pages of one run, company by company, batch by batch."""
    pages = []
    for scope in scopes:
        folder = root / "validations" / scope.mapping / scope.task / scope.legal_entity
        for file in sorted(folder.glob(f"*/*/{run_key}/*/*.html")):
            batch, stage = file.relative_to(folder).parts[:2]
            title = f"{scope}, batch {batch}, {stage} rows"
            pages.append(DocsPage(file.relative_to(root).as_posix(), title))
    return pages


def file_below(root: Path, path: str) -> Path | None:
    """Return the file that ``path`` names below ``root``; None when there is none or it may not be served.

    Links are resolved first, so neither ``..`` nor a symbolic link leads out.
    """
    if "\x00" in path:
        return None
    top = root.resolve()
    file = (top / path).resolve()
    if not file.is_relative_to(top) or file.suffix != SERVED or not file.is_file():
        return None
    return file


def mapping_of(path: Path) -> str:
    """Return the mapping that a file is about. :param path: relative to the Data Docs root."""
    return path.parts[1] if len(path.parts) > 2 else ""
