"""Data Docs: kept per run and batch, listed, and harmless."""

from __future__ import annotations

import re
from pathlib import Path

from tests.unit.transform.builders import a_frame

from fs_integration.quality.checkpoint import run_checks
from fs_integration.quality.suite import Check, Suite

CHECK = Check("one_of", ("k",), "kinds", "Only a is known, for $5.", values=("a",))


def write(folder: Path, *values: str | None, batch: str = "00000", run: str = "run1", stage: str = "raw") -> str:
    suite = Suite(("k",), ("k",), (CHECK, Check("not_null", ("k",), "key_missing", "`k` must have a value.")))
    frame = a_frame(k=list(values))
    return run_checks(frame, suite, name=f"m.t.usmf.{batch}.{stage}", run_name=run, docs_root=folder).docs


def test_a_page_tells_what_was_checked_and_found(tmp_path: Path) -> None:
    page = (tmp_path / write(tmp_path, "a", "wrong", None)).read_text(encoding="utf-8")
    assert "Only a is known, for $5. (kinds)" in page
    assert "`k` must have a value. (key_missing)" in page
    assert "wrong" in page
    assert "1 unexpected values found" in page


def test_pages_of_runs_batches_stages_and_tries_lie_beside_each_other(tmp_path: Path) -> None:
    pages = [
        write(tmp_path, "a"),
        write(tmp_path, "a"),
        write(tmp_path, "a", batch="00001"),
        write(tmp_path, "a", run="run2"),
        write(tmp_path, "a", stage="shaped"),
    ]
    assert len(set(pages)) == 5
    assert all((tmp_path / page).is_file() for page in pages)
    assert pages[2].startswith("validations/m/t/usmf/00001/raw/run1/")


def test_the_index_of_a_run_links_its_pages_only(tmp_path: Path) -> None:
    first, second, _ = write(tmp_path, "a"), write(tmp_path, "b", batch="00001"), write(tmp_path, "a", run="run2")
    index = tmp_path / "runs" / "m" / "run1.html"
    links = re.findall(r'href="([^"]+)"', index.read_text(encoding="utf-8"))
    found = sorted((index.parent / link).resolve() for link in links)
    assert found == sorted((tmp_path / page).resolve() for page in (first, second))


def test_values_cannot_act_on_whoever_looks_at_the_page(tmp_path: Path) -> None:
    page = (tmp_path / write(tmp_path, "<img src=x onerror=alert(1)>", "<script>x</script>")).read_text(
        encoding="utf-8"
    )
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert not re.search(r"<(script|img|iframe|object)\b", page, re.IGNORECASE)


def test_a_page_loads_nothing_from_another_host(tmp_path: Path) -> None:
    page = (tmp_path / write(tmp_path, "a")).read_text(encoding="utf-8")
    assert not re.search(r"""(\bsrc=|<link\b|@import|url\()\s*["']?\s*(https?:)?//""", page, re.IGNORECASE)
