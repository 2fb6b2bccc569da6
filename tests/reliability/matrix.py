"""Write what a complete run of this folder found into docs/reliability.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.reliability.catalogue import AREAS, FAULTS, OUTCOMES, SHARED

BEGIN, END = "<!-- matrix: written by the tests -->", "<!-- end of matrix -->"
SHORT = {
    "accounts": "acc", "warehouses": "wh", "products": "prod", "projects": "proj", "inventory_adjustments": "adj",
    "inventory_transfers": "trf", "work_orders": "wo", "product_inventory": "stock", "agreement_invoices": "inv",
    SHARED: "shared",
}  # fmt: skip
Found = Mapping[tuple[str, str], str]


def write(file: Path, found: Found) -> None:
    """Replace the matrix in a document. :param found: outcome of each cell.

    :raises ValueError: the document has no place for it.
    """
    text = file.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{file} lacks the lines `{BEGIN}` and `{END}`.")
    new = f"{before}{BEGIN}\n{table(found)}\n{END}{after}"
    if new != text:
        file.write_text(new, encoding="utf-8")


def table(found: Found) -> str:
    """Return the matrix as Markdown; a cell that does not exist names the reason by its letter."""
    reasons = sorted({entry.elsewhere for entry in FAULTS.values()})
    letters = {reason: chr(ord("a") + number) for number, reason in enumerate(reasons)}
    columns = (*AREAS, SHARED)
    lines = [
        "| | fault | " + " | ".join(SHORT[area] for area in columns) + " |",
        "|---|---|" + "---|" * len(columns),
    ]
    for fault, entry in FAULTS.items():
        other = "" if SHARED not in entry.areas and len(entry.areas) == len(AREAS) else letters[entry.elsewhere]
        cells = [found[fault, area] if area in entry.areas else other for area in columns]
        lines.append(f"| {fault} | {entry.title} | " + " | ".join(cell or "·" for cell in cells) + " |")
    lines += ["", *(f"- **{code}**: {meaning}" for code, meaning in OUTCOMES.items())]
    lines += ["- **·**: tried in every area, so nothing is left to try once more for all"]
    lines += [f"- **{letter}**: {reason}" for reason, letter in letters.items()]
    return "\n".join([f"{len(FAULTS)} faults, tested in {len(found)} cells; all passed.", "", *lines])
