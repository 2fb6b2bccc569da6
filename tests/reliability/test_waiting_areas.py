"""Areas that wait for each other, C6: refused where they are written and where the cycle is built."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from fs_integration.commands.mappings import problems_of_file
from fs_integration.cycle import STAGES, cycle_dag
from fs_integration.errors import MappingError
from fs_integration.spec.loader import load_mapping, mapping_file
from fs_integration.spec.tables import saved_tables

CIRCLES = {
    "itself": ("accounts", ["accounts"], ["accounts"]),
    "two": ("accounts", ["projects"], ["accounts", "projects"]),
    "three": ("accounts", ["work_orders"], ["accounts", "projects", "work_orders"]),
}
NEEDED = ("warehouses", "products")


@pytest.fixture
def mappings(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's mappings, to be changed."""
    shutil.copytree(root / "include" / "mappings", tmp_path / "mappings")
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path / "mappings"))
    return tmp_path / "mappings"


def require(name: str, areas: list[str]) -> None:
    """Let a mapping require further areas."""
    file = mapping_file(name)
    text = file.read_text(encoding="utf-8")
    assert "\nrequires:" not in text
    file.write_text(text.replace("\nsettings:", f"\nrequires: [{', '.join(areas)}]\nsettings:", 1), encoding="utf-8")
    assert load_mapping(name).requires == tuple(areas)


@pytest.mark.fault("C6")
@pytest.mark.parametrize(("name", "areas", "circle"), CIRCLES.values(), ids=CIRCLES)
def test_areas_that_wait_for_each_other_are_refused_in_any_order(name, areas, circle, mappings, outcome):
    cycle_dag(schedule=None, stages=STAGES)
    require(name, areas)
    with pytest.raises(MappingError, match=r"before `.*requires"):
        cycle_dag(schedule=None, stages=STAGES)
    for order in itertools.permutations(circle):
        with pytest.raises(MappingError, match=r"before `.*requires"):
            cycle_dag(schedule=None, stages={"needed": NEEDED, **{f"stage_{one}": [one] for one in order}})
    problems = list(problems_of_file(mapping_file(name), saved_tables(mappings / "metadata")))
    said = [str(fault) for fault, serious in problems if serious]
    assert len(said) == 1
    assert f"wait for each other: {name} -> " in said[0]
    assert f"-> {name}." in said[0]
    outcome("STOP")
