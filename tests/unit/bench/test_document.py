"""The measured tables find their place in the document, and nothing around them changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.bench.conftest import Measure

from bench.document import BEGIN, END, write_document
from bench.measure import BenchError
from bench.targets import targets


def test_tables_replace_those_of_the_last_time(measure: Measure, tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold figures\n{END}\nafter\n", encoding="utf-8")
    lines = [measure("wide", "ours", title="ours", rows=2500), measure("wide", "hand")]
    for _ in range(2):
        write_document(page, lines, targets(lines))
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\nMeasured ")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "old figures" not in text
    assert text.count("| ours | 2,500 | 2,500 |") == 1
    assert "| at least 0.8 | 2.5 | pass |" in text


def test_a_document_without_the_place_is_refused(measure: Measure, tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(BenchError, match="no place for the figures"):
        write_document(page, [], [])
    assert page.read_text(encoding="utf-8") == "no marks"
