"""Finding, caching and identifying mapping files and connection sets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fs_integration.errors import MappingError
from fs_integration.spec.loader import load_connection_set, load_mapping, mapping_hash, mapping_names

STANDARD = ("product_inventory", "products", "warehouses")
CONNECTION_SET = "connection_set: test\norganizations: [{legal_entity: usmf}]\n"


def test_the_standard_mappings_and_the_default_connection_set_load() -> None:
    assert set(STANDARD) <= set(mapping_names())
    assert [load_mapping(name).mapping for name in STANDARD] == list(STANDARD)
    assert [each.legal_entity for each in load_connection_set("default").organizations] == ["usmf", "demf", "frrt"]


def test_an_unchanged_file_is_read_once(sound: str, folder: Path) -> None:
    (folder / "standard" / "parts.yaml").write_text(sound)
    assert load_mapping("parts") is load_mapping("parts")


def test_a_changed_file_is_read_again(sound: str, folder: Path) -> None:
    file = folder / "standard" / "parts.yaml"
    file.write_text(sound)
    before = load_mapping("parts")
    file.write_text(sound.replace("title: Parts", "title: Spare parts", 1))
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1))
    assert load_mapping("parts").title == "Spare parts"
    assert mapping_hash(load_mapping("parts")) != mapping_hash(before)


def test_the_hash_depends_on_content_not_on_comments(sound: str, folder: Path) -> None:
    file = folder / "standard" / "parts.yaml"
    file.write_text(sound)
    before = mapping_hash(load_mapping("parts"))
    file.write_text("# a comment\n" + sound)
    assert mapping_hash(load_mapping("parts")) == before


def test_a_custom_file_takes_the_place_of_the_standard_file_of_its_name(sound: str, folder: Path) -> None:
    (folder / "standard" / "parts.yaml").write_text(sound)
    (folder / "custom" / "parts.yaml").write_text(sound.replace("title: Parts", "title: Ours", 1))
    assert load_mapping("parts").title == "Ours"
    assert mapping_names() == ["parts"]


def test_an_unknown_mapping_is_answered_with_the_nearest_name(sound: str, folder: Path) -> None:
    (folder / "standard" / "parts.yaml").write_text(sound)
    with pytest.raises(MappingError, match="Did you mean `parts`"):
        load_mapping("part")


def test_an_unknown_connection_set_is_answered_with_the_nearest_name(folder: Path) -> None:
    (folder / "connection_sets" / "test.yaml").write_text(CONNECTION_SET)
    assert load_connection_set("test").dataverse == "dataverse_default"
    with pytest.raises(MappingError, match="Did you mean `test`"):
        load_connection_set("tset")


def test_a_legal_entity_without_quotes_that_looks_like_a_number_is_refused(folder: Path) -> None:
    (folder / "connection_sets" / "test.yaml").write_text(CONNECTION_SET.replace("usmf", "100"))
    with pytest.raises(MappingError, match="Put quotes around it") as caught:
        load_connection_set("test")
    assert (caught.value.line, caught.value.key_path) == (2, "organizations[0].legal_entity")


def test_a_legal_entity_given_twice_is_refused_because_it_would_be_loaded_twice(folder: Path) -> None:
    text = CONNECTION_SET.replace("[{legal_entity: usmf}]", "[{legal_entity: usmf}, {legal_entity: USMF}]")
    (folder / "connection_sets" / "test.yaml").write_text(text)
    with pytest.raises(MappingError, match="`usmf` is given twice"):
        load_connection_set("test")


def test_a_missing_folder_is_answered_with_the_variable_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path / "nowhere"))
    with pytest.raises(MappingError, match="FS_INTEGRATION_MAPPINGS"):
        load_mapping("warehouses")


def test_loading_and_describing_a_mapping_imports_neither_pandas_nor_airflow() -> None:
    program = (
        "import sys; from fs_integration.spec.loader import load_mapping; "
        "from fs_integration.spec.explain import describe_markdown; describe_markdown(load_mapping('warehouses')); "
        "sys.exit(any(name in sys.modules for name in ('pandas', 'pyarrow', 'numpy', 'airflow', 'sqlalchemy')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
