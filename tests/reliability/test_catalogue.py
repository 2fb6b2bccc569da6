"""The catalogue is complete: 95 faults, and a test for each cell."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.reliability import matrix
from tests.reliability.catalogue import CELLS, FAULTS
from tests.reliability.plugin import cells_of


def test_the_catalogue_holds_every_numbered_fault():
    assert Counter(name[0] for name in FAULTS) == {
        "N": 14, "T": 8, "S": 13, "W": 9, "C": 6, "D": 20, "B": 9, "X": 16,
    }  # fmt: skip


def test_every_cell_has_a_test(request):
    folder = request.path.parent
    files = {item.path for item in request.session.items}
    if not set(folder.glob("test_*.py")) <= files:
        pytest.skip("only a part of the folder was collected")
    covered = {cell for item in request.session.items for cell in cells_of(item)}
    assert sorted(set(CELLS) - covered) == []
    assert sorted(covered - set(CELLS)) == []


def test_the_matrix_names_each_cell_and_its_outcome(tmp_path):
    file = tmp_path / "doc.md"
    file.write_text(f"before\n{matrix.BEGIN}\nformer table\n{matrix.END}\nafter\n")
    matrix.write(file, {cell: FAULTS[cell[0]].outcomes[0] for cell in CELLS})
    text = file.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "former table" not in text
    assert all(f"\n| {fault} | {entry.title} |" in text for fault, entry in FAULTS.items())
