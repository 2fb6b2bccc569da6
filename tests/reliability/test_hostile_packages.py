"""Packages that are traps, X8: the area stops before it writes anything, and memory stays bounded."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reliability.packages import open_site, run_by_package
from tests.reliability.trouble import assert_untouched

from fs_integration.clients.archive import Archive
from fs_integration.errors import AnswerTooLarge, FsIntegrationError, RequestRefused, ServiceUnavailable
from sandbox.finops.packages.blobs import BlobStore

MEBIBYTE = 1024 * 1024
CSV = b'"WAREHOUSEID"\r\n"1"\r\n'


def packed(*files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip; names may be given twice."""
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", method) as made:
        warnings.simplefilter("ignore")
        for name, content in files:
            made.writestr(name, content)
    return target.getvalue()


def linked() -> zipfile.ZipInfo:
    link = zipfile.ZipInfo("rows.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return link


def patched(content: bytes, place: int, form: str, value: int) -> bytes:
    """Return a zip whose list of files says something else, at a place within each entry."""
    first, *entries = content.split(b"PK\x01\x02")
    told = struct.pack(form, value)
    return b"PK\x01\x02".join([first, *(one[: place - 4] + told + one[place - 4 + len(told) :] for one in entries)])


ONE = packed(("rows.csv", CSV))
TRAPS = {
    "bomb by ratio": (packed(("rows.csv", b" " * 64 * MEBIBYTE)), "200 times its own size"),
    "bomb by size": (
        patched(packed(("a.csv", CSV), ("b.csv", CSV)), 24, "<I", 0xFFFFFFF0),
        "unpacks to 8589934560 bytes, more than 4294967296",
    ),
    "bomb by number of files": (packed(*((f"{number}.csv", b"") for number in range(1001))), "more than 1000 files"),
    "bomb in a bomb": (packed(("rows.csv", packed(("rows.csv", b" " * 64 * MEBIBYTE)))), "holds another zip"),
    "name that climbs": (packed(("../rows.csv", CSV)), "name leads out of it"),
    "name that climbs later": (packed(("a/../../rows.csv", CSV)), "name leads out of it"),
    "absolute name": (packed(("/etc/rows.csv", CSV)), "name leads out of it"),
    "name with a drive": (packed(("C:rows.csv", CSV)), "name leads out of it"),
    "name with backslashes": (packed(("..\\rows.csv", CSV)), "name leads out of it"),
    "name with an end in it": (packed(("rowsX.csv", CSV)).replace(b"rowsX", b"rows\0"), "name leads out of it"),
    "link": (packed((linked(), b"/etc/passwd")), "holds a link"),
    "name twice": (packed(("rows.csv", CSV), ("rows.csv", CSV)), "two files of one name"),
    "name twice, in another case": (packed(("rows.csv", CSV), ("ROWS.csv", CSV)), "two files of one name"),
    "encrypted": (patched(ONE, 8, "<H", 1), "encrypted"),
    "packed in another way": (packed(("rows.csv", CSV), method=zipfile.ZIP_LZMA), "packed by method 14"),
}


@contextlib.contextmanager
def exported(package: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every export end as this package."""
    original = BlobStore.put
    with monkeypatch.context() as patch:
        patch.setattr(BlobStore, "put", lambda store, name, _, **more: original(store, name, package, **more))
        yield


@pytest.mark.fault("X8")
@pytest.mark.parametrize(("package", "why"), TRAPS.values(), ids=TRAPS)
def test_a_package_that_is_a_trap_stops_the_area(package, why, sites, monkeypatch, outcome):
    site, _ = open_site("warehouses", sites)
    with exported(package, monkeypatch), pytest.raises(RequestRefused, match=rf"{why}.*It was not read"):
        run_by_package(site)
    assert_untouched(site)
    outcome("STOP")


@pytest.mark.fault("X8")
@pytest.mark.parametrize("package", [ONE[:-30], patched(ONE, 24, "<I", 5), ONE.replace(b"rows", b"cols", 1), b"no zip"],
                         ids=["cut", "another size than listed", "another name than listed", "no zip"])  # fmt: skip
def test_a_package_that_is_damaged_is_never_empty(package, sites, monkeypatch, outcome):
    site, _ = open_site("warehouses", sites)
    with exported(package, monkeypatch), pytest.raises(ServiceUnavailable, match="cannot be read"):
        run_by_package(site)
    assert_untouched(site)
    outcome("STOP")


@pytest.mark.fault("X8")
def test_a_download_of_many_packed_members_stops_at_the_limit(sites, outcome):
    """Each member is within the limit, all of them are not."""
    site, _ = open_site("warehouses", sites)
    sites.restart(site, page_bytes=4 * MEBIBYTE)
    site.faults({"system": "finops", "path_regex": "/blob/", "action": "inflate", "times": None,
                 "args": {"bytes": 64 * MEBIBYTE}})  # fmt: skip
    with pytest.raises(AnswerTooLarge, match="larger than 4194304 bytes"):
        run_by_package(site)
    assert_untouched(site)
    outcome("STOP")


@pytest.mark.parametrize("trap", ["bomb by ratio", "bomb by size", "bomb by number of files"])
def test_a_bomb_takes_no_memory(trap):
    tracemalloc.start()
    try:
        with pytest.raises(RequestRefused):
            Archive(TRAPS[trap][0], "The package")
        assert tracemalloc.get_traced_memory()[1] < MEBIBYTE
    finally:
        tracemalloc.stop()


@given(place=st.integers(0, len(ONE) - 1), value=st.integers(0, 255))
def test_whatever_is_wrong_with_a_package_is_said_in_our_words(place, value):
    content = ONE[:place] + bytes([value]) + ONE[place + 1 :]
    with contextlib.suppress(FsIntegrationError):
        opened = Archive(content, "The package")
        assert {name: opened.read(name) for name in opened.names} in ({}, {"rows.csv": CSV})
