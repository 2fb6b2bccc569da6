"""What is staged is what is read: any frame, any name, any store; and half a batch is never taken for a whole one."""

from __future__ import annotations

import errno
import json
import os
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from upath import UPath

from fs_integration.errors import ConnectionSetupError, ServiceUnavailable, StagingDamaged
from fs_integration.frames import empty_frame, frame_of
from fs_integration.records import BatchRef, Scope
from fs_integration.spec.metadata import ColumnKind
from fs_integration.staging import STAGES, StagingArea, run_key
from fs_integration.staging.names import folder_of

SCOPE = Scope("product_inventory", "product_inventory", "usmf")
KINDS = {"name": ColumnKind.TEXT, "count": ColumnKind.INTEGER}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = {
    ColumnKind.TEXT: TEXTS,
    ColumnKind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    ColumnKind.DECIMAL: st.decimals(min_value=-(10**27), max_value=10**27, places=10),
    ColumnKind.BOOLEAN: st.booleans(),
    ColumnKind.DATE: st.dates(),
    ColumnKind.DATETIME: st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
}


def a_frame(*names: str):
    return frame_of({"name": list(names), "count": list(range(len(names)))}, KINDS)


@pytest.fixture
def area(tmp_path) -> StagingArea:
    return StagingArea(tmp_path)


@pytest.fixture(params=["local", "object store"])
def any_root(request, tmp_path):
    if request.param == "local":
        yield tmp_path / "staging"
        return
    root = UPath("memory://staging-area-tests")
    yield root
    if root.exists():
        root.rmdir(recursive=True)


@st.composite
def frames(draw):
    kinds = draw(st.dictionaries(TEXTS.filter(bool), st.sampled_from(list(VALUES)), min_size=1, max_size=5))
    rows = draw(st.integers(0, 6))
    columns = {
        name: draw(st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows)) for name, kind in kinds.items()
    }
    return frame_of(columns, kinds)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames())
def test_any_frame_comes_back_with_its_values_and_types(area, frame):
    ref = area.write_batch(SCOPE, "r", "03_shaped", 0, frame)
    back = area.read(ref)
    assert list(back.dtypes.items()) == list(frame.dtypes.items())
    assert back.equals(frame)
    assert ref.rows == len(frame)


def test_values_that_are_easily_damaged_come_back(area):
    kinds = {"d": ColumnKind.DECIMAL, "t": ColumnKind.DATETIME, "day": ColumnKind.DATE, "text": ColumnKind.TEXT}
    columns = {
        "d": [Decimal("0.0000000001"), None], "t": [datetime(2026, 11, 1, 0, 0, 0, 1, tzinfo=UTC), None],
        "day": [date(1900, 1, 1), None], "text": ["a\x00b", None],
    }  # fmt: skip
    frame = frame_of(columns, kinds)
    assert area.read(area.write_batch(SCOPE, "r", "01_raw", 0, frame)).to_dict("list") == frame.to_dict("list")


def test_batches_references_and_documents_work_on_every_store(any_root):
    area = StagingArea(any_root)
    refs = area.write_batches(SCOPE, "r", "01_raw", iter([a_frame("a", "b"), a_frame("c")]))
    assert [(ref.number, ref.rows) for ref in refs] == [(0, 2), (1, 1)]
    assert area.read(refs[1])["name"].tolist() == ["c"]
    assert list(area.read_columns(refs[0], ["count", "name", "count"])) == ["count", "name"]
    assert not area.has_reference(SCOPE, "r", "products")
    assert area.write_reference(SCOPE, "r", "products", iter([a_frame("a"), a_frame("b", "c")])) == 3
    assert area.has_reference(SCOPE, "r", "products")
    assert area.read_reference(SCOPE, "r", "products")["name"].tolist() == ["a", "b", "c"]
    area.write_json(SCOPE, "r", "source", {"name": "Ærø", "keys": [1, None]})
    assert area.read_json(SCOPE, "r", "source") == {"name": "Ærø", "keys": [1, None]}
    area.write_bytes(SCOPE, "r", "package.zip", b"PK\x00")
    assert area.read_bytes(SCOPE, "r", "package.zip") == b"PK\x00"


def test_a_reference_names_its_place_below_the_root_and_survives_its_way_through_xcom(area, tmp_path):
    ref = area.write_batch(SCOPE, "r", "01_raw", 7, a_frame("a"))
    assert ref.uri == "product_inventory/product_inventory/usmf/r/01_raw/00007/rows.parquet"
    assert (tmp_path / ref.uri).is_file()
    again = BatchRef.from_dict(json.loads(json.dumps(ref.to_dict())))
    assert area.read(again)["name"].tolist() == ["a"]


def test_a_reference_table_without_pages_or_rows_is_there_and_empty(area):
    assert area.write_reference(SCOPE, "r", "none", iter([])) == 0
    assert len(area.read_reference(SCOPE, "r", "none")) == 0
    area.write_reference(SCOPE, "r", "empty", iter([empty_frame(KINDS)]))
    assert list(area.read_reference(SCOPE, "r", "empty")) == ["name", "count"]


def test_a_retry_gives_the_same_files_and_leaves_none_of_the_earlier_try(any_root):
    area = StagingArea(any_root)
    first = area.write_batches(SCOPE, "r", "01_raw", iter([a_frame("a"), a_frame("b"), a_frame("c")]))
    again = area.write_batches(SCOPE, "r", "01_raw", iter([a_frame("a"), a_frame("x")]))
    assert again[0] == first[0]
    with pytest.raises(StagingDamaged, match="written anew"):
        area.read(first[1])
    with pytest.raises(StagingDamaged, match="missing"):
        area.read(first[2])
    folder = any_root / folder_of(SCOPE, "r", "01_raw")
    assert sorted(path.name for path in folder.iterdir()) == ["00000", "00001"]


def test_a_retry_of_one_run_leaves_other_runs_companies_and_batches_alone(area):
    kept = [
        area.write_batch(SCOPE, "other", "01_raw", 0, a_frame("a")),
        area.write_batch(Scope("product_inventory", "product_inventory", "demf"), "r", "01_raw", 0, a_frame("b")),
        area.write_batch(SCOPE, "r", "03_shaped", 0, a_frame("c")),
        area.write_batch(SCOPE, "r", "03_shaped", 1, a_frame("d")),
    ]
    area.write_batches(SCOPE, "r", "01_raw", iter([a_frame("new")]))
    area.write_batch(SCOPE, "r", "03_shaped", 2, a_frame("new"))
    assert [area.read(ref)["name"].tolist() for ref in kept] == [["a"], ["b"], ["c"], ["d"]]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda folder: truncate(folder / "rows.parquet"), "altered", id="truncated"),
        pytest.param(lambda folder: flip_a_bit(folder / "rows.parquet"), "altered", id="one bit flipped"),
        pytest.param(lambda folder: (folder / "rows.parquet").unlink(), "missing", id="file missing"),
        pytest.param(lambda folder: (folder / "manifest.json").unlink(), "never finished", id="manifest missing"),
        pytest.param(lambda folder: truncate(folder / "manifest.json"), "cannot be read", id="manifest truncated"),
        pytest.param(lambda folder: (folder / "manifest.json").write_text("{}"), "cannot be read", id="manifest empty"),
        pytest.param(lambda folder: shutil.rmtree(folder), "missing", id="folder gone"),
    ],
)
def test_damage_is_noticed_and_the_message_says_what_to_do(area, tmp_path, damage, words):
    ref = area.write_batch(SCOPE, "r", "01_raw", 0, a_frame("a", "b"))
    damage((tmp_path / ref.uri).parent)
    with pytest.raises(StagingDamaged, match=rf"{words}.*Clear the extract task"):
        area.read(ref)


def test_a_batch_of_another_run_in_this_runs_place_is_noticed(area, tmp_path):
    other = area.write_batch(SCOPE, "other", "01_raw", 0, a_frame("x", "y"))
    ref = area.write_batch(SCOPE, "r", "01_raw", 0, a_frame("a", "b"))
    shutil.rmtree((tmp_path / ref.uri).parent)
    shutil.copytree((tmp_path / other.uri).parent, (tmp_path / ref.uri).parent)
    with pytest.raises(StagingDamaged, match="written anew"):
        area.read(ref)


def test_a_column_that_was_never_staged_is_named(area):
    ref = area.write_batch(SCOPE, "r", "01_raw", 0, a_frame("a"))
    with pytest.raises(StagingDamaged, match="lacks price"):
        area.read_columns(ref, ["name", "price"])


class FullDisk:
    """Stands in for a file: takes some bytes, then the disk is full."""

    def __init__(self, file, room: int) -> None:
        self.file, self.room = file, room

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, content: bytes) -> None:
        self.file.write(content[: self.room])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("file", ["rows.parquet", "manifest.json"])
@pytest.mark.parametrize("room", [0, 20])
def test_a_full_disk_is_said_and_leaves_nothing_that_looks_whole(area, monkeypatch, file, room):
    ref = area.write_batch(SCOPE, "r", "01_raw", 0, a_frame("a"))
    opened = Path.open

    def open_until_full(self, mode="r", *rest, **options):
        handle = opened(self, mode, *rest, **options)
        return FullDisk(handle, room) if "w" in mode and self.name.startswith(file) else handle

    monkeypatch.setattr(Path, "open", open_until_full)
    with pytest.raises(ServiceUnavailable, match=r"No space left on device.*Free space"):
        area.write_batch(SCOPE, "r", "01_raw", 0, a_frame("b"))
    monkeypatch.undo()
    with pytest.raises(StagingDamaged):
        area.read(ref)
    assert area.read(area.write_batch(SCOPE, "r", "01_raw", 0, a_frame("b")))["name"].tolist() == ["b"]


def test_the_manifest_is_written_after_the_rows(area, monkeypatch):
    written = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, to: written.append(Path(to).name) or replace(self, to))
    area.write_batch(SCOPE, "r", "01_raw", 0, a_frame("a"))
    assert written == ["rows.parquet", "manifest.json"]


def test_a_folder_we_may_not_write_to_is_a_matter_of_setup(area, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ConnectionSetupError, match="no right to write"):
        area.write_batch(SCOPE, "r", "01_raw", 0, a_frame("a"))


NAMES = TEXTS.filter(bool) | st.sampled_from(
    [".", "..", "../..", "/etc", "a/b", "a\\b", "C:", "%2e%2e", "\x00", "us mf"]
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mapping=NAMES, company=NAMES, run=NAMES)
def test_no_name_leads_out_of_its_folder(tmp_path, mapping, company, run):
    folder = folder_of(Scope(mapping, "task", company), run, "01_raw")
    place = Path(os.path.normpath(tmp_path / folder))
    assert place.relative_to(tmp_path).parts == tuple(folder.split("/"))
    assert len(folder.split("/")) == 5
    assert not set(folder) & set("\x00\\: ")


@given(first=st.tuples(NAMES, NAMES), second=st.tuples(NAMES, NAMES))
def test_different_scopes_have_different_folders(first, second):
    folders = [folder_of(Scope("m", task, company), "r", "01_raw") for task, company in (first, second)]
    assert (folders[0] == folders[1]) == (first == second)


@given(first=st.text(max_size=90), second=st.text(max_size=90))
def test_run_keys_are_safe_short_and_as_different_as_the_run_ids(first, second):
    assert (run_key(first) == run_key(second)) == (first == second)
    assert len(run_key(first)) <= 71
    assert run_key(first).replace("-", "").isalnum()
    assert run_key(first).isascii()


def test_a_run_key_can_be_recognised_by_people():
    assert run_key("scheduled__2026-11-20T00:00:00+00:00").startswith("scheduled-2026-11-20T00-00-00-00-00-")


def test_an_unknown_stage_is_refused_with_the_known_ones(area):
    with pytest.raises(ValueError, match="03_shaped"):
        area.write_batch(SCOPE, "r", "../03_shaped", 0, a_frame("a"))
    assert tuple(sorted(STAGES)) == STAGES, "stages sort in the order in which rows pass them"
