"""How values look on a page: one Jinja environment, everything escaped, undefined names are errors."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fs_integration.frames import NULL_TEXT, readable_key
from fs_integration.records import Interval

HERE = Path(__file__).parent
STYLE = HERE / "static" / "style.css"


def render(template: str, **values: Any) -> str:
    """Return one page as HTML. Every value is escaped, wherever it came from."""
    return _environment.get_template(template).render(now=datetime.now(UTC), **values)


def style_text() -> Markup:
    """Return the style sheet for a page that must stand alone; the one text that is not escaped."""
    return Markup(STYLE.read_text(encoding="utf-8"))  # noqa: S704  our own file, not a value


def run_path(dag_id: str, run_id: str) -> str:
    """Return the address of a run's page below the pages' prefix, as the buttons of the quality gate build it too."""
    return f"/runs/{quote(dag_id, safe='')}/{quote(run_id, safe='')}"


def _number(value: int) -> str:
    return f"{value:,}"


def _moment(value: datetime | None) -> str:
    if value is None:
        return ""
    moment = value.astimezone(UTC) if value.tzinfo else value
    return f"{moment:%Y-%m-%d %H:%M}"


def _window(interval: Interval) -> str:
    return f"{_moment(interval.start) or 'the beginning'} to\n{_moment(interval.end)}"


def visible(text: str) -> str:
    """Show a missing part of a key, which the books keep as an invisible character."""
    return text.replace(NULL_TEXT, "(blank)")


def _build() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=_number,
        moment=_moment,
        window=_window,
        visible=visible,
        readable_key=readable_key,
        run_path=lambda line: run_path(line.dag_id, line.run_id),
    )
    return environment


_environment = _build()
