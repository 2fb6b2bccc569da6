"""Error rules: those of a site come first, and a file that is wrong says where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fs_integration.cli import main
from fs_integration.errors import MappingError
from fs_integration.spec.error_rules import ErrorRule, ErrorRules, load_error_rules

LOCKED = ("transient", 400, "", "The journal CONTOSO-1 is locked by another user.")


@pytest.fixture
def rules_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The rules of a site that has none yet."""
    (tmp_path / "standard").mkdir()
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path))
    return tmp_path / "error_rules.yaml"


def test_a_site_without_rules_has_those_of_the_package(rules_file):
    rules = load_error_rules("dataverse")
    found = rules.find(400, "0X80072322", "")
    assert found is not None
    assert found.kind == "throttled"
    assert load_error_rules("finance_operations").find(400, "0x80072322", "") is None


def test_rules_of_a_site_come_before_those_of_the_package_and_are_read_again_when_they_change(rules_file):
    rules_file.write_text('error_rules:\n  - {code: "0x80072322", kind: fatal, advice: Call us.}\n')
    found = load_error_rules("dataverse").find(429, "0x80072322", "")
    assert found == ErrorRule(code="0x80072322", kind="fatal", advice="Call us.")
    rules_file.write_text("error_rules:\n  - {system: finance_operations, text: IS LOCKED BY, kind: transient}\n")
    kind, status, code, text = LOCKED
    found = load_error_rules("finance_operations").find(status, code, text)
    assert found is not None
    assert found.kind == kind
    assert load_error_rules("dataverse").find(status, code, text) is None


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ({"status": 400}, True),
        ({"status": 404}, False),
        ({"status": 400, "text": "LOCKED"}, True),
        ({"status": 400, "text": "posted"}, False),
        ({"status": 400, "code": "0x1"}, False),
    ],
)
def test_an_answer_must_have_all_that_a_rule_gives(rule, matches):
    rules = ErrorRules(error_rules=(ErrorRule(kind="row", **rule),))
    assert (rules.find(*LOCKED[1:]) is not None) == matches


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("error_rules:\n  - {kind: row}\n", "at least one of"),
        ("error_rules:\n  - {status: 400, kind: rows}\n", "row"),
        ("error_rules:\n  - {states: 400, kind: row}\n", "Did you mean `status`?"),
        ("error_rules:\n  - {status: 200, kind: row}\n", "300"),
        ("error_rules:\n  - {code: 0x80072322, kind: row}\n", "quotes"),
        ("error_rules: !!python/object:os.system {}\n", "tag"),
        ("rules: []\n", "error_rules"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place_by_the_client_and_by_lint(rules_file, capsys, text, advice):
    rules_file.write_text(text)
    with pytest.raises(MappingError, match=r"error_rules\.yaml:\d") as caught:
        load_error_rules("dataverse")
    assert advice in str(caught.value)
    assert main(["lint", str(rules_file)]) == 1
    assert main(["lint"]) == 1
    assert advice in capsys.readouterr().out


def test_lint_has_nothing_against_sound_rules_and_does_not_count_them_as_a_mapping(rules_file, capsys):
    rules_file.write_text("error_rules:\n  - {status: 409, kind: transient}\n")
    assert main(["lint"]) == 0
    assert "0 mappings compared" in capsys.readouterr().out


def test_the_example_of_the_page_is_sound(rules_file, root):
    page = (root / "docs" / "customising.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```yaml\n# include/mappings/error_rules.yaml\n(.*?)^```$", page, re.M | re.S)
    rules_file.write_text(example)
    kinds = [rule.kind for rule in load_error_rules("dataverse").error_rules[:2]]
    assert kinds == ["configuration", "fatal"]
