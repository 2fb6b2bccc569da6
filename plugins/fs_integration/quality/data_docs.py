"""Data Docs: one page per batch and stage, one folder per run, and an index per run.

Great Expectations renders the page; only the page is kept. Its own site builder would copy four megabytes of fonts and
pictures per site and rewrite an index that knows one batch only. What a page would load from other hosts is taken out: the
pages are served beside Airflow, where a foreign script could act as the person who looks at them.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

INDEX = "index.html"
FOREIGN = re.compile(r"<script[^>]*\bsrc=[^>]*>\s*</script>|<link\b[^>]*\bhref=[^>]*>", re.IGNORECASE)
STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; width: 100%; } td, th { border: 1px solid #ddd; padding: .3rem .6rem; text-align: left; }
img, nav { display: none; }
</style>"""


def write_page(result: Any, *, name: str, run_name: str, docs_root: Path) -> str:
    """Write what Great Expectations found as a page and enter it in the run's index.

    :returns: the page's place below the root, with forward slashes.
    """
    folder = docs_root / run_name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.html").write_text(_page(result), encoding="utf-8")
    _write_index(folder, run_name)
    return f"{run_name}/{name}.html"


def _page(result: Any) -> str:
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    html: str = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    return FOREIGN.sub("", html).replace("</head>", f"{STYLE}</head>", 1)


def _write_index(folder: Path, run_name: str) -> None:
    """List the pages of the folder. Batches run side by side, so the list is written again until nothing was added."""
    listed: list[str] = []
    while (found := sorted(page.name for page in folder.glob("*.html") if page.name != INDEX)) != listed:
        listed = found
        links = "".join(
            f'<li><a href="{escape(page)}">{escape(page.removesuffix(".html"))}</a></li>' for page in listed
        )
        text = f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Data Docs</title>{STYLE}</head>"
        text += f"<body><h1>Data Docs of run {escape(run_name)}</h1><ul>{links}</ul></body></html>"
        (folder / INDEX).write_text(text, encoding="utf-8")
