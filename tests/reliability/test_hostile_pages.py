"""X10: values that are HTML or scripts are shown as their text: on the pages, in Data Docs, report and `explain`."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from tests.reliability.hostile import MARKED_UP, TEXTS, TRIED, mappings
from tests.unit.spec.conftest import SOUND
from tests.unit.transform.builders import a_frame
from tests.unit.ui.conftest import HOSTILE, RUN_ID, books, site

from fs_integration.quality.checkpoint import run_checks
from fs_integration.quality.suite import Check, Suite
from fs_integration.spec.explain import describe_markdown
from fs_integration.spec.loader import load_mapping
from fs_integration.ui.report import write_report

__all__ = ["books", "mappings", "site"]

ATTACKS = (
    *MARKED_UP, "<svg onload=alert(1)>", '<a href="javascript:alert(1)">x</a>', "<iframe src=//evil.invalid>",
    "<scr<script></script>ipt>alert(1)</script>", "<style>@import url(//evil.invalid)</style>", "<!--", "]]>",
    "<form action=//evil.invalid><button>x</form>", '<meta http-equiv=refresh content="0;url=//evil.invalid">',
    "<base href=//evil.invalid>", "<math><mi xlink:href=javascript:alert(1)>", "' onmouseover=alert(1) x='",
    "[x](javascript:alert(1))", "![x](https://evil.invalid/p.png)", "``<script>alert(1)</script>", "$x ${y}",
    "&lt;b&gt;",
)  # fmt: skip
PASSIVE = {
    "a", "abbr", "article", "b", "body", "br", "button", "caption", "code", "dd", "details", "div", "dl", "dt",
    "em", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i", "input",
    "label", "li", "link", "main", "meta", "nav", "ol", "option", "p", "pre", "section", "select", "small", "span",
    "strong", "summary", "table", "tbody", "td", "th", "thead", "time", "title", "tr", "ul", "wbr",
}  # fmt: skip


class Shape(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple((name, value or "") for name, value in attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def active(self) -> list[object]:
        """Return what would act, load from elsewhere, or send something there."""
        return [
            (tag, attributes)
            for tag, attributes in self.elements
            if tag not in PASSIVE or any(_acts(tag, name, value) for name, value in attributes)
        ]


def _acts(tag: str, name: str, value: str) -> bool:
    where = re.sub(r"[\x00-\x20]", "", value).lower()
    leads = name in ("href", "src", "action", "formaction", "xlink:href", "srcset", "data", "poster", "background")
    elsewhere = leads and bool(re.match(r"([a-z][a-z0-9+.-]*:|//|\\)", where)) and where != "data:,"
    return name.startswith("on") or elsewhere or (tag == "meta" and name == "http-equiv")


def test_the_measure_itself_sees_each_attack_that_is_html():
    harmless = {"[red]x[/red]", "[link=https://evil.invalid]x[/link]", "[/]", "{{7*7}}", "javascript:alert(1)",
                "<!--", "]]>", "`</code><b>x</b>`", "' onmouseover=alert(1) x='", "[x](javascript:alert(1))", "$x ${y}",
                "&lt;b&gt;", "![x](https://evil.invalid/p.png)"}  # fmt: skip
    assert {attack for attack in ATTACKS if not Shape(attack).active()} == harmless


@pytest.mark.fault("X10")
@pytest.mark.parametrize("attack", ATTACKS)
def test_the_report_shows_every_text_as_its_text(attack, books, tmp_path, outcome):
    same = shape_of_report("harmless", books, tmp_path / "one")
    found = shape_of_report(attack, books, tmp_path / "two")
    assert found.active() == same.active()
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in same.elements]
    assert found.text.count(attack) >= same.text.count("harmless") >= 5
    outcome("OK")


def shape_of_report(text, books, folder):
    """Return the report of a ledger with a text in every place that one can have."""
    folder.mkdir()
    own = type(books)(type(books.ledger)(_engine(folder)))
    own.ledger.migrate()
    own.run(text, text, quarantined=1, status="stopped", message=text, value=text, dag_id=text, task=text)
    return Shape(write_report(own.ledger, folder, title=text).read_text(encoding="utf-8"))


def _engine(folder: Path):
    from fs_integration.ledger import open_engine

    return open_engine(f"sqlite:///{folder / 'ledger.db'}")


@pytest.mark.fault("X10")
@pytest.mark.parametrize("path", ["/", "/quarantine", f"/runs/fs_warehouses/{quote(RUN_ID, safe='')}",
                                  f"/runs/fs_warehouses/{quote(RUN_ID, safe='')}/data-docs"])  # fmt: skip
def test_the_pages_show_what_is_stored_and_what_is_asked_as_text(path, site, outcome):
    client = site.client("admin")
    for attack in ("", *ATTACKS):
        answer = client.get(f"/fs-integration{path}", params={"text": attack, "area": attack, "company": attack})
        assert answer.status_code == 200
        assert Shape(answer.text).active() == []
        assert "style=" not in answer.text
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == "'none'"
        assert policy["style-src"] == policy["form-action"] == "'self'"
        assert not {*policy} & {"script-src", "script-src-elem", "script-src-attr", "object-src", "connect-src"}
    assert HOSTILE in Shape(client.get("/fs-integration/").text).text
    outcome("OK")


@pytest.mark.fault("X10")
@pytest.mark.parametrize("path", ["/runs/{}/x", "/runs/fs_products/{}", "/data-docs/{}", "/nowhere/{}", "/?area={}"])
def test_an_address_that_is_html_is_answered_as_text(path, site, outcome):
    for attack in ATTACKS:
        answer = site.client("admin").get(f"/fs-integration{path.format(quote(attack, safe=''))}")
        assert answer.status_code in (200, 403, 404)
        assert Shape(answer.text).active() == []
    outcome("OK")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return the Data Docs of texts that are none of an attack."""
    return docs_of("harmless", tmp_path_factory.mktemp("plain"))


@pytest.mark.fault("X10")
@pytest.mark.parametrize("attack", ATTACKS)
def test_data_docs_show_rows_mapping_and_service_as_text(attack, plain, tmp_path, outcome):
    """Values come from rows, reasons and patterns from the mapping, sets of values from what the service says."""
    found = docs_of(attack, tmp_path)
    assert sorted(found.elements) == sorted(plain.elements)
    assert [each for each in found.active() if each not in plain.active()] == []
    outcome("OK")


def docs_of(text, folder):
    checks = (
        Check("one_of", ("k",), text, text, values=("a", text + "2")),
        Check("matches", ("k",), "m", text, pattern=re.escape(text) + "3"),
        Check("unique", ("k",), "u", text), Check("not_null", ("n",), text, text),
    )  # fmt: skip
    frame = a_frame(k=[text, text], n=[None, text])
    checked = run_checks(
        frame, Suite(("k",), ("k", "n"), checks), name="m.t.usmf.00000.raw", run_name="r", docs_root=folder
    )
    assert checked.batch_failures == ()
    assert checked.refused.all()
    return Shape((folder / checked.docs).read_text(encoding="utf-8"))


@pytest.mark.fault("X10")
def test_explain_shows_the_texts_of_a_mapping_and_nothing_acts(mappings, outcome):
    """Airflow shows the same Markdown as documentation of the DAG; here HTML inside it is let through to see it."""
    file = mappings / "standard" / "parts.yaml"
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table")

    def page(text):
        told = json.dumps(text, ensure_ascii=False)
        changed = SOUND.replace("title: Parts\n", f"title: {told}\ndescription: {told}\n", 1)
        changed = changed.replace("reason: Only stocked ones.", f"reason: {told}, note: {told}")
        changed = changed.replace("value: default unit", f"value: {told}").replace("{Item: 1", f"{{{told}: 1")
        file.write_text(changed, encoding="utf-8")
        return Shape(rendered.render(describe_markdown(load_mapping("parts"))))

    for attack in ATTACKS:
        assert page(attack).active() == [], attack

    @TRIED
    @given(TEXTS.filter(lambda text: text.isprintable() and text.strip()))
    def try_text(text):
        assert page(text).active() == []

    try_text()
    outcome("OK")
