"""Commands about versions of the standard mappings: what an upgrade means for overlays, and keeping a release."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from fs_integration.errors import MappingError
from fs_integration.spec.difference import Difference
from fs_integration.spec.history import release
from fs_integration.spec.loader import mapping_file, overlays
from fs_integration.spec.upgrade import UpgradeReport, shown, spelled_names, upgrade_report

UNABLE = 2


def report_upgrades(console: Console, name: str | None) -> int:
    """Show what the present standard mappings mean for one overlay, or for all."""
    files = [mapping_file(name)] if name else overlays()
    if not files:
        console.print("No custom file extends a standard mapping; nothing to compare.")
    return max((_report(console, file) for file in files), default=0)


def keep_release(console: Console) -> int:
    """Keep the present version of every standard mapping, to compare later ones with."""
    written = release()
    for file in written:
        console.print(f"Kept {file}", soft_wrap=True)
    if not written:
        console.print("Every standard mapping is kept in its present version already.")
    return 0


def _report(console: Console, file: Path) -> int:
    try:
        report = upgrade_report(file)
    except MappingError as exc:
        console.print(str(exc), style="red", soft_wrap=True)
        return UNABLE
    for line in _lines(report):
        console.print(line, highlight=False, soft_wrap=True)
    return 1 if report.conflicts else 0


def _lines(report: UpgradeReport) -> list[str]:
    if report.written_for == report.version:
        lines = [f"{report.overlay}: written for version {report.version} of `{report.standard}`, the present one."]
    else:
        lines = [
            f"{report.overlay}: written for version {report.written_for} of `{report.standard}`; "
            f"the present one is {report.version}.",
            *_listed(f"  New in version {report.version}:", report.news),
            *_listed("  Of this, in places the overlay speaks of:", report.under),
        ]
    if report.conflicts:
        return [*lines, "  Conflicts:", *(f"    {conflict}" for conflict in report.conflicts)]
    done = f" When you have read this, write `written_for: {report.version}`." if report.news else ""
    return [*lines, f"  No conflicts.{done}"]


def _listed(head: str, found: tuple[Difference, ...]) -> list[str]:
    return [head, *(f"    {_line(each)}" for each in found)] if found else [f"{head} nothing"]


def _line(difference: Difference) -> str:
    said = {
        "added": shown(difference.new),
        "removed": shown(difference.old),
        "renamed": f"is now `{difference.new_name}`",
    }.get(difference.kind, f"{shown(difference.old)} -> {shown(difference.new)}")
    place = f"({difference.file}:{difference.line})"
    return f"{difference.kind:<9} {spelled_names(difference.path)}: {said} {place}"
