"""What a new version of a standard mapping means for an overlay written for an older one.

Three answers: what the new version brings, what of it lies under lines of the overlay, and what a person must decide: a
line of the overlay that no longer fits, or one that hides what the new version changes in the same place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fs_integration.errors import MappingError
from fs_integration.spec.difference import Difference, NamePath, differences
from fs_integration.spec.document import read_document, spelled
from fs_integration.spec.history import version_of
from fs_integration.spec.loader import extended_file, problems_over, version_number
from fs_integration.spec.touches import Touch, touches


@dataclass(frozen=True)
class UpgradeReport:
    """One overlay and one upgrade.

    :param news: everything the present version changes; :param under: the part of it that the overlay speaks of too.
    :param conflicts: what a person must decide, with file and line.
    """

    overlay: str
    standard: str
    written_for: int
    version: int
    news: tuple[Difference, ...]
    under: tuple[Difference, ...]
    conflicts: tuple[MappingError, ...]


def upgrade_report(file: Path) -> UpgradeReport:
    """Compare the standard version an overlay was written for with the present one.

    :raises MappingError: the overlay cannot be read, or the version it was written for is not kept.
    """
    overlay = read_document(file)
    if "extends" not in overlay.data:
        advice = "Only a custom file with `extends` has a standard mapping to be compared with."
        raise overlay.error((), "This file extends no standard mapping.", advice)
    present = read_document(extended_file(overlay))
    name, written_for = overlay.data["extends"], overlay.data["written_for"]
    news = differences(version_of(name, written_for), present)
    spoken = touches(overlay)
    misfits = [_explained(fault, news, spoken, version_number(present)) for fault in problems_over(present, overlay)[2]]
    hidden = [fault for fault in _hiding(news, spoken, version_number(present)) if not _is_told(fault, misfits)]
    return UpgradeReport(
        overlay.file, name, written_for, version_number(present), tuple(news),
        tuple(each for each in news if any(_meet(each.path, path) for path in _narrowest(spoken))),
        tuple(sorted([*misfits, *hidden], key=lambda fault: (fault.file, fault.line))),
    )  # fmt: skip


def spelled_names(path: NamePath) -> str:
    """Return a place as people read it, for example ``tasks.products.fields.price``."""
    return ".".join(path)


def shown(value: Any) -> str:
    """Return a value short enough for one line."""
    text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _narrowest(spoken: list[Touch]) -> list[NamePath]:
    """Return the places the overlay speaks of, without those that only lead to items further in."""
    items = [touch.path for touch in spoken if touch.operation != "set"]
    leading = {path[:length] for path in items for length in range(1, len(path))}
    return [touch.path for touch in spoken if touch.path not in leading]


def _meet(one: NamePath, other: NamePath) -> bool:
    """Tell whether one place lies in the other."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _explained(fault: MappingError, news: list[Difference], spoken: list[Touch], version: int) -> MappingError:
    """Add what the new version did to the thing a fault is about."""
    paths = {touch.path for touch in spoken if spelled(touch.part.path) == fault.key_path}
    causes = [each for each in news if each.path in paths] or [each for each in news if _is_named(each, fault)]
    said = dict(_cause(each, version) for each in causes)
    message, advice = " ".join([fault.message, *said]), " ".join([*said.values(), fault.suggestion]).strip()
    return MappingError(message, file=fault.file, line=fault.line, key_path=fault.key_path, suggestion=advice)


def _is_named(difference: Difference, fault: MappingError) -> bool:
    gone = difference.kind in ("removed", "renamed")
    return gone and f"`{difference.path[-1]}`" in fault.message


def _cause(difference: Difference, version: int) -> tuple[str, str]:
    """Return what the new version did, and what to do about it."""
    if difference.kind == "renamed":
        return f"Version {version} calls it `{difference.new_name}`.", f"Write `{difference.new_name}` in the overlay."
    if difference.kind == "removed":
        return f"Version {version} removed it.", "Remove it from the overlay too, or add what it needs there."
    return f"Version {version} brings it along: {shown(difference.new)}.", ""


def _hiding(news: list[Difference], spoken: list[Touch], version: int) -> Iterator[MappingError]:
    """Yield the places that both the overlay and the new version change, each in its own way."""
    for touch in spoken:
        for each in news:
            if _hides(touch, each):
                yield _hidden(touch, each, version)


def _hides(touch: Touch, difference: Difference) -> bool:
    if difference.kind == "reordered" or touch.operation not in ("set", "replace"):
        return False
    if touch.path == difference.path and touch.value == difference.new:
        return False
    if difference.path[: len(touch.path)] == touch.path:
        return True
    if touch.path[: len(difference.path)] != difference.path:
        return False
    beneath = _inside(difference.new, touch.path[len(difference.path) :])
    return difference.kind in ("removed", "changed") or beneath not in (None, touch.value)


def _inside(value: Any, path: NamePath) -> Any:
    """Return what a block of plain values holds at a place; None when nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _hidden(touch: Touch, difference: Difference, version: int) -> MappingError:
    place = f"{spelled_names(difference.path)} ({difference.file}:{difference.line})"
    did = {
        "added": f"adds {place}: {shown(difference.new)}", "removed": f"removes {place}",
        "renamed": f"calls {place} `{difference.new_name}`",
    }.get(difference.kind, f"changes {place} from {shown(difference.old)} to {shown(difference.new)}")  # fmt: skip
    return touch.part.document.error(
        touch.part.path, f"Version {version} {did}; the overlay has its own here, which hides that.",
        f"Decide which is right, then write `written_for: {version}`.",
    )  # fmt: skip


def _is_told(fault: MappingError, others: list[MappingError]) -> bool:
    """Tell whether another fault already speaks of the same place or of what it lies in."""
    return any(
        fault.file == other.file and fault.key_path.startswith(other.key_path) for other in others if other.key_path
    )
