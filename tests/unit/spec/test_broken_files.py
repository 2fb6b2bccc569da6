"""Every way we know to get a mapping file wrong, and what the loader answers: file, line, key path, advice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fs_integration.errors import MappingError
from fs_integration.spec.loader import load_mapping, problems_in

Broken = Callable[[str, str], tuple[Path, int]]

CORPUS = {case["case"]: case for case in yaml.safe_load(Path(__file__).with_name("broken_files.yaml").read_text())}


def test_the_sound_mapping_has_no_problem(sound: str, folder: Path) -> None:
    (folder / "standard" / "parts.yaml").write_text(sound, encoding="utf-8")
    assert load_mapping("parts").title == "Parts"


@pytest.mark.parametrize("name", CORPUS)
def test_each_fault_is_answered_with_file_line_key_path_and_advice(name: str, broken: Broken) -> None:
    case = CORPUS[name]
    file, line = broken(case["replace"], case["by"])
    with pytest.raises(MappingError) as caught:
        load_mapping("parts")
    fault = caught.value
    assert fault.file == str(file)
    assert fault.key_path == case["key_path"]
    assert case["message"] in fault.message
    assert case["advice"] in fault.suggestion
    if line:
        assert fault.line == line


def test_vanished_rows_of_a_partial_read_are_a_contradiction(broken: Broken) -> None:
    file, _ = broken("      keep:", "      changed_since: {field: ModifiedAt}\n      keep:")
    assert problems_in(file)[2] == []
    text = file.read_text().replace("      addressed_by", "      vanished: {set: {price: 0}}\n      addressed_by")
    file.write_text(text)
    faults = problems_in(file)[2]
    assert [fault.key_path for fault in faults] == ["tasks[0].target.vanished"]
    assert "no row can be seen to vanish" in faults[0].message


def test_all_faults_of_a_file_are_found_at_once_in_the_order_of_the_file(broken: Broken) -> None:
    file, _ = broken("{from: ProductNumber, to: productnumber}", "{from: ProductNumber, too: productnumber}")
    file.write_text(file.read_text().replace("title: Parts\nvalue", "titel: Parts\nvalue"))
    faults = problems_in(file)[2]
    assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)
    assert {fault.key_path for fault in faults} >= {"titel", "tasks[0].fields[0].too"}
    with pytest.raises(MappingError, match="more; `python -m fs_integration lint` lists them"):
        load_mapping("parts")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n"])
def test_a_file_that_is_no_mapping_of_keys_is_refused(text: str, folder: Path) -> None:
    file = folder / "standard" / "parts.yaml"
    file.write_text(text)
    with pytest.raises(MappingError, match="`key: value` lines"):
        load_mapping("parts")


def test_a_file_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / "standard" / "parts.yaml").write_bytes(b"title: \xff\xfe\n")
    with pytest.raises(MappingError, match="UTF-8"):
        load_mapping("parts")


def test_a_missing_line_or_character_anywhere_never_ends_in_anything_but_an_answer(sound: str, folder: Path) -> None:
    file = folder / "standard" / "parts.yaml"
    lines = sound.splitlines(keepends=True)
    without_line = ["".join(lines[:at] + lines[at + 1 :]) for at in range(len(lines))]
    without_character = [sound[:at] + sound[at + 1 :] for at in range(0, len(sound), 7)]
    answered = 0
    for text in without_line + without_character:
        file.write_text(text)
        faults = problems_in(file)[2]
        assert all(fault.file == str(file) and fault.message for fault in faults)
        answered += bool(faults)
    assert answered > len(without_line) / 2
