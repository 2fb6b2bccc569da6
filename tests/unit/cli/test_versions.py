"""`upgrade-report` and `release` as a person types them: what is printed, and the exit code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fs_integration.cli import main

OVERLAY = "mapping: warehouses\nextends: warehouses\nwritten_for: {version}\ntasks:\n  change:\n    - name: warehouse\n"
OURS = "      fields:\n        change:\n          - {to: msdyn_description, max_length: 50}\n"


@pytest.fixture
def mappings(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the mapping files with version 1 of `warehouses` released and nothing of one's own."""
    folder = tmp_path / "mappings"
    shutil.copytree(root / "include" / "mappings", folder)
    shutil.rmtree(folder / "standard")
    shutil.rmtree(folder / "custom")
    (folder / "standard" / "history").mkdir(parents=True)
    (folder / "custom").mkdir()
    text = (root / "include/mappings/standard/warehouses.yaml").read_text()
    for file in ("warehouses.yaml", "history/warehouses.1.yaml"):
        (folder / "standard" / file).write_text(text)
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(folder))
    return folder


def overlay(folder: Path, version: int = 1, text: str = OURS) -> Path:
    file = folder / "custom" / "warehouses.yaml"
    file.write_text(OVERLAY.format(version=version) + text)
    return file


def second(folder: Path, old: str, new: str) -> None:
    """Make version 2 of the standard mapping."""
    file = folder / "standard" / "warehouses.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1).replace("version: 1", "version: 2", 1))


def test_without_overlays_there_is_nothing_to_report(mappings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upgrade-report"]) == 0
    assert "nothing to compare" in capsys.readouterr().out


def test_an_overlay_of_the_present_version_is_up_to_date(mappings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overlay(mappings)
    assert main(["upgrade-report"]) == 0
    printed = capsys.readouterr().out
    assert "written for version 1 of `warehouses`, the present one." in printed
    assert "No conflicts." in printed


def test_news_without_conflict_are_listed_with_file_and_line(
    mappings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overlay(mappings)
    second(mappings, "        max: 10\n", "        max: 8\n")
    assert main(["upgrade-report", "warehouses"]) == 0
    printed = capsys.readouterr().out
    assert "changed   tasks.warehouse.quality.max_length WarehouseId.max: 10 -> 8" in printed
    assert f"{mappings / 'standard' / 'warehouses.yaml'}:" in printed
    assert "places the overlay speaks of: nothing" in printed
    assert "write `written_for: 2`" in printed


def test_a_conflict_is_named_with_file_and_line_and_fails(mappings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = overlay(mappings)
    second(mappings, "to: msdyn_description", "to: msdyn_notes")
    assert main(["upgrade-report"]) == 1
    printed = capsys.readouterr().out
    assert f"{file}:9 tasks.change[0].fields.change[0]:" in printed
    assert "Version 2 calls it `msdyn_notes`." in printed


def test_lint_warns_of_an_overlay_for_an_older_version(mappings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = overlay(mappings)
    second(mappings, "title: Warehouse\n", "title: Warehouses\n")
    assert main(["lint", str(file)]) == 0
    printed = capsys.readouterr().out
    assert f"{file}:3 written_for:" in printed
    assert "0 errors, 1 warnings" in printed


def test_lint_finds_a_released_file_that_was_changed(mappings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = mappings / "standard" / "warehouses.yaml"
    file.write_text(file.read_text().replace("is: Standard", "is: Transit"))
    assert main(["lint"]) == 1
    assert "differs from version 1 as it was released" in capsys.readouterr().out


def test_one_unusable_overlay_does_not_hide_the_report_of_another(
    mappings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overlay(mappings)
    (mappings / "custom" / "other.yaml").write_text("mapping: other\nextends: warehuoses\nwritten_for: 1\n")
    assert main(["upgrade-report"]) == 2
    printed = capsys.readouterr().out
    assert "Did you mean `warehouses`?" in printed
    assert "the present one" in printed


def test_release_keeps_what_is_not_kept_yet(mappings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second(mappings, "title: Warehouse\n", "title: Warehouses\n")
    assert main(["release"]) == 0
    assert (mappings / "standard/history/warehouses.2.yaml").is_file()
    assert "warehouses.2.yaml" in capsys.readouterr().out
    assert main(["release"]) == 0
    assert "already" in capsys.readouterr().out


def test_a_mapping_that_extends_nothing_has_nothing_to_report(
    mappings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["upgrade-report", "warehouses"]) == 2
    assert "This file extends no standard mapping." in capsys.readouterr().out


def test_lint_finds_what_an_overlay_breaks_in_lines_of_either_file(
    mappings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, standard = overlay(mappings, text="      target: {table: products}\n"), mappings / "standard/warehouses.yaml"
    added = "      fields: {add: [{from: WarehouseNam, to: description}]}\n"
    file.write_text(file.read_text() + added)
    assert main(["lint", str(file)]) == 1
    printed = capsys.readouterr().out
    line = next(number for number, text in enumerate(standard.read_text().splitlines(), 1) if "to: msdyn_name" in text)
    assert f"{file}:8 tasks[0].fields[3].from: `Warehouses` has no column `WarehouseNam`." in printed
    assert f"{standard}:{line} tasks[0].fields[0].to: `products` has no column `msdyn_name`." in printed
    assert f"The cause may be in `{file}`, which extends this file." in printed
