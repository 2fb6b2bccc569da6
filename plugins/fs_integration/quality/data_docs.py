"""Data Docs: one page per run, batch and stage, and one index per mapping and run.

Great Expectations renders the page, and it lies where its own site builder would put it; only the page is kept. The
site builder would copy four megabytes of fonts and pictures per site and rewrite an index that knows one batch only.

The pages are served beside Airflow, where a script could act as the person who looks at them. Hence scripts and
whatever a page would load from other hosts are taken out. Texts of rows, of the mapping and of the services, which
Great Expectations writes as they are, are escaped.
"""

from __future__ import annotations

import copy
import functools
import re
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from fs_integration.points import point

ACTIVE = re.compile(r"<script\b.*?</script>|<(link|img)\b[^>]*>|url\([^)]*\)", re.IGNORECASE | re.DOTALL)
STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; }
td, th { border: 1px solid #ddd; padding: .3rem .6rem; text-align: left; }
nav, .sticky, footer { display: none; }
td .fa-check-circle::before { content: "passed"; color: #14713d; font-style: normal; }
td .fa-times::before { content: "failed"; color: #b3261e; font-style: normal; }
td .fa-exclamation-triangle::before { content: "error"; color: #8a5300; font-style: normal; }
</style>"""


def write_page(result: Any, *, name: str, run_name: str, docs_root: Path) -> str:
    """Write what Great Expectations found as a page and enter it in the index of the run.

    :param name: mapping, task, legal entity, batch and stage, joined by dots; each becomes a folder.
    :returns: the page's place below the root, with forward slashes.
    """
    parts = name.split(".")
    moment = result.meta["run_id"].run_time.strftime("%Y%m%dT%H%M%S.%fZ")
    place = "/".join(["validations", *parts, run_name, moment, "page.html"])
    _write(docs_root / place, _page(result))
    _write_index(docs_root, mapping=parts[0], run_name=run_name)
    return place


def _page(result: Any) -> str:
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    result = copy.copy(result)
    result.results = [_shown(item) for item in result.results]
    html: str = _view().render(ValidationResultsPageRenderer().render(result))
    return ACTIVE.sub("", html).replace("</head>", f"{STYLE}</head>", 1)


@functools.cache
def _view() -> Any:
    """Return one view for the whole process: each new one would compile its twenty templates again."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _shown(item: Any) -> Any:
    """Return a result as the page shows it: what it holds of rows, of the mapping and of the services is escaped."""
    item, wanted = copy.copy(item), copy.copy(item.expectation_config)
    item.result, item.exception_info = _harmless(item.result), _harmless(item.exception_info)
    wanted.kwargs, wanted.meta = _harmless(wanted.kwargs), _harmless(wanted.meta)
    wanted.description, wanted.notes = _harmless(wanted.description), _harmless(wanted.notes)
    item.expectation_config = wanted
    return item


def _harmless(value: Any) -> Any:
    """Return what a result holds with escaped text, and missing values as None, which the renderer understands."""
    if isinstance(value, dict):
        return {_harmless(name): _harmless(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(part) for part in value]
    if value is pd.NA:
        return None
    return escape(value) if isinstance(value, str) else value


def _write_index(root: Path, *, mapping: str, run_name: str) -> None:
    """List the pages of the run. Batches run side by side, so the list is written again until nothing was added."""
    folder = root / "validations" / mapping
    pattern = f"*/*/*/*/{run_name}/*/page.html"  # task, legal entity, batch, stage
    listed: list[str] = []
    while (found := sorted(str(page.relative_to(folder).as_posix()) for page in folder.glob(pattern))) != listed:
        listed = found
        _write(root / "runs" / mapping / f"{run_name}.html", _index(mapping, run_name, listed))


def _index(mapping: str, run_name: str, pages: list[str]) -> str:
    title = f"{escape(mapping)}, run {escape(run_name)}"
    items = []
    for page in pages:
        task, company, batch, stage, _, moment, _ = map(escape, page.split("/"))
        link = f"../../validations/{escape(mapping)}/{escape(page)}"
        items.append(f'<li><a href="{link}">{task}, {company}, batch {batch}, {stage} rows, {moment}</a></li>')
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{STYLE}</head>'
    return f"{head}<body><h1>Data Docs of {title}</h1><ul>{''.join(items)}</ul></body></html>"


def _write(file: Path, text: str) -> None:
    point(f"docs.write {file.name}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
