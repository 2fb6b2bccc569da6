"""What lint finds, and what it looks at while it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fs_integration.spec.advice import nearest
from fs_integration.spec.document import KeyPath

Contradiction = tuple[KeyPath, str, str]  # key path, what is wrong, what to do


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit.

    :param path: place in the mapping; :param serious: the mapping cannot work so, as opposed to a warning.
    """

    path: KeyPath
    message: str
    suggestion: str = ""
    serious: bool = True


def error(path: KeyPath, message: str, suggestion: str = "") -> Finding:
    """Return a finding that makes lint fail."""
    return Finding(path, message, suggestion)


def warning(path: KeyPath, message: str, suggestion: str = "") -> Finding:
    """Return a finding that is only shown."""
    return Finding(path, message, suggestion, serious=False)


def placed(parent: KeyPath, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings with their place seen from further up."""
    for finding in findings:
        yield replace(finding, path=(*parent, *finding.path))


def unknown_table(path: KeyPath, name: str) -> Finding:
    """Return that nobody has described a table."""
    return error(
        path, f"Nothing is known of the table `{name}`.",
        "Correct the name, or save its description with `python -m fs_integration metadata`.",
    )  # fmt: skip


def unknown_column(path: KeyPath, name: str, table: str, columns: Iterable[str]) -> Finding:
    """Return that a table has no such column."""
    known = list(columns)
    advice = nearest(name, known) or f"Its columns are listed in the saved description of `{table}`."
    return error(path, f"`{table}` has no column `{name}`.", advice)
