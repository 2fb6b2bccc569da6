"""Which pages of Great Expectations belong to a run, and which files may be served at all.

Great Expectations writes ``validations/<suite name, one folder per dotted part>/<run key>/<moment>/<id>.html``; the first
parts of a suite name are mapping, task and legal entity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from fs_integration.records import Scope

SERVED = frozenset({".html", ".css", ".png", ".svg", ".ico", ".woff", ".woff2", ".ttf"})  # scripts would not run anyway


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
    if not file.is_relative_to(top) or file.suffix.lower() not in SERVED or not file.is_file():
        return None
    return file


def may_read(path: Path, mappings: Collection[str]) -> bool:
    """Tell whether a file is about one of these mappings. The index, style and pictures hold no values of rows.

    :param path: relative to the Data Docs root.
    """
    section, *rest = path.parts
    return section in {"static", "index.html"} or (bool(rest) and Path(rest[0]).stem in mappings)
