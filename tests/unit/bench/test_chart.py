"""The chart: valid SVG, a bar per measured program, longer for a faster one."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.unit.bench.conftest import Measure

from bench.chart import write_chart
from bench.check import Verdict

SVG = "{http://www.w3.org/2000/svg}"


def test_faster_programs_have_longer_bars_and_lost_rows_are_told(measure: Measure, tmp_path: Path) -> None:
    lines = [
        measure("wide", "ours", title="ours & fast", rows=20_000),
        measure("wide", "rows", title="slow", rows=20, verdict=Verdict(2, 0, 0, 0)),
        measure("wide", "dlt", title="absent", verdict=None, seconds=0.0),
    ]
    write_chart(tmp_path / "bench.svg", lines)
    root = ElementTree.parse(tmp_path / "bench.svg").getroot()
    bars = [float(bar.attrib["width"]) for bar in root.iter(f"{SVG}rect") if bar.attrib["fill"] != "#ffffff"]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert len(bars) == 2
    assert bars[0] > bars[1]
    assert {"ours & fast", "20,000", "18, 2 rows missing"} <= set(texts)
    assert "absent" not in texts


def test_a_chart_of_nothing_is_still_a_picture(tmp_path: Path) -> None:
    write_chart(tmp_path / "bench.svg", [])
    assert ElementTree.parse(tmp_path / "bench.svg").getroot().tag == f"{SVG}svg"
