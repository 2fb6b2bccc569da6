"""X7: XML that is an attack. The one XML we read is the manifest of a package; tables describe themselves in JSON."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reliability.hostile import TRIED, in_bounded_time
from tests.reliability.packages import open_site, project_of, run_by_package
from tests.reliability.test_hostile_packages import CSV, exported, packed
from tests.reliability.trouble import assert_untouched

from fs_integration.clients.xml_reader import MOST_BYTES, read_xml
from fs_integration.errors import FsIntegrationError, RequestRefused
from fs_integration.spec.loader import load_mapping

SOUND = "<Manifest><Data><EntityName>Warehouses</EntityName><InputFilePath>rows.csv</InputFilePath></Data></Manifest>"
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
TEXT = SOUND.replace("rows.csv", "&x;")
ATTACKS = {
    "document type": (f"<!DOCTYPE Manifest>{SOUND}", "document type"),
    "document type elsewhere": (f'<!DOCTYPE Manifest SYSTEM "https://evil.invalid/x.dtd">{SOUND}', "document type"),
    "entity": (f'<!DOCTYPE Manifest [<!ENTITY x "rows.csv">]>{TEXT}', "document type"),
    "entity that is a file": (f'<!DOCTYPE Manifest [<!ENTITY x SYSTEM "file:///etc/passwd">]>{TEXT}', "document type"),
    "entity of parameters": ('<!DOCTYPE Manifest [<!ENTITY % x SYSTEM "http://169.254.169.254/"> %x;]>' + SOUND,
                             "document type"),
    "entities without end": (f'<!DOCTYPE Manifest [<!ENTITY a0 "lol">{LAUGHS}]>{TEXT.replace("&x;", "&a11;")}',
                             "document type"),
    "entity that grows by the square": (f'<!DOCTYPE Manifest [<!ENTITY x "{"x" * 50_000}">]>'
                                        + TEXT.replace("&x;", "&x;" * 50_000), "document type"),
    "deep nesting": ("<a>" * 100_000 + SOUND + "</a>" * 100_000, "inside one another"),
    "nesting without end": ("<a>" * 1_000_000, "inside one another"),
    "document without end": (f"<Manifest>{'<a/>' * (MOST_BYTES // 4)}", "bytes, more than"),
    "encoding that is none": (f'<?xml version="1.0" encoding="rot13"?>{SOUND}', "encoding"),
}  # fmt: skip


@pytest.mark.fault("X7")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_in_bounded_time(attack, encoding, outcome):
    text, said = ATTACKS[attack]
    with in_bounded_time(), pytest.raises(RequestRefused, match=rf"The manifest.*{said}.*was not read"):
        read_xml(text.encode(encoding), "The manifest")
    outcome("STOP")


@pytest.mark.fault("X7")
def test_a_package_with_such_a_manifest_stops_the_area(sites, monkeypatch, outcome):
    site, _ = open_site("warehouses", sites)
    package = packed(("rows.csv", CSV), ("more.csv", CSV), ("Manifest.xml", ATTACKS["entity"][0].encode()))
    project = project_of(load_mapping("warehouses").tasks[0])
    with exported(package, monkeypatch), pytest.raises(RequestRefused, match=f"manifest .*{project}.* document type"):
        run_by_package(site)
    assert_untouched(site)
    outcome("STOP")


def test_a_sound_document_is_read_in_each_encoding():
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        root = read_xml(SOUND.encode(encoding), "The manifest")
        assert [node.text for node in root.iter("InputFilePath")] == ["rows.csv"]


@TRIED
@given(st.integers(0, len(SOUND)), st.sampled_from(["<", "&", "<!--", "<![CDATA[", "]]>", "<?x ?>", "\x00", "\ufffe"]))
def test_whatever_is_wrong_with_a_document_is_said_in_our_words(place, part):
    with contextlib.suppress(FsIntegrationError):
        assert read_xml(f"{SOUND[:place]}{part}{SOUND[place:]}".encode(), "The manifest").tag
