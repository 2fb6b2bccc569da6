"""An overlay written for version 1 works over version 2, or the report says exactly why not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.spec.conftest import SOUND

from fs_integration.errors import MappingError
from fs_integration.spec.difference import differences
from fs_integration.spec.document import read_document
from fs_integration.spec.history import history_problems, kept_versions, release
from fs_integration.spec.loader import load_mapping, overlays
from fs_integration.spec.upgrade import UpgradeReport, upgrade_report

HEAD = "mapping: parts\nextends: parts\nwritten_for: 1\n"
Upgrade = Callable[[str, str], UpgradeReport]


@pytest.fixture
def upgraded(sound: str, folder: Path) -> Upgrade:
    """Keep the sound mapping as version 1, make `second` version 2 of it, and report on an overlay."""
    (folder / "standard" / "parts.yaml").write_text(sound)
    release()

    def write(second: str, overlay: str) -> UpgradeReport:
        second = second.replace("title: Parts\n", "version: 2\ntitle: Parts\n", 1)
        (folder / "standard" / "parts.yaml").write_text(second)
        file = folder / "custom" / "parts.yaml"
        file.write_text(overlay)
        return upgrade_report(file)

    return write


def in_task(text: str) -> str:
    return HEAD + f"tasks: {{change: [{{name: parts, {text}}}]}}\n"


PRICE = "      - {from: SalesPrice, to: price, round: 4}\n"
NAME = "{from: ProductName, to: name, max_length: 100, too_long: truncate, required: true}"
ADD_COLOUR = in_task("fields: {add: [{from: Colour, to: new_colour}]}")

# what version 2 replaces by what, the overlay, and what the merged mapping must say then
WORKS: dict[str, tuple[str, str, str, Callable[[Any], Any], Any]] = {
    "a field is added beside ours": (
        PRICE, PRICE + "      - {from: Weight, to: weight}\n", ADD_COLOUR,
        lambda task: [rule.to for rule in task.fields if rule.to in ("weight", "new_colour")], ["weight", "new_colour"],
    ),
    "a field that is not ours is removed": (
        PRICE, "", ADD_COLOUR, lambda task: {"price", "new_colour"} & {rule.to for rule in task.fields}, {"new_colour"},
    ),
    "a field that is not ours is renamed": (
        "to: price", "to: listprice", ADD_COLOUR,
        lambda task: {"listprice", "new_colour"} <= {rule.to for rule in task.fields}, True,
    ),
    "another word of a field that we change": (
        "max_length: 100", "max_length: 90", in_task("fields: {change: [{to: name, required: false}]}"),
        lambda task: next((rule.max_length, rule.required) for rule in task.fields if rule.to == "name"), (90, False),
    ),
    "a field that we drop is changed": (
        "round: 4", "round: 2", in_task("fields: {drop: [price]}"),
        lambda task: [rule for rule in task.fields if rule.to == "price"], [],
    ),
    "the order of fields is changed": (
        PRICE, "", in_task("fields: {change: [{to: productstructure, value: 2}]}"),
        lambda task: task.fields[-1].value, 2,
    ),
    "the standard comes to say what we say": (
        "round: 4", "round: 2", in_task("fields: {change: [{to: price, round: 2}]}"),
        lambda task: next(rule.round for rule in task.fields if rule.to == "price"), 2,
    ),
    "an entry is added to a list that we add to": (
        "take: [uomid]", "take: [uomid, b]", in_task("references: {change: {units: {take: {add: [c]}}}}"),
        lambda task: task.references["units"].take, ("uomid", "b", "c"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKS)
def test_an_overlay_goes_on_to_work(name: str, upgraded: Upgrade, sound: str) -> None:
    old, new, overlay, seen, expected = WORKS[name]
    assert old in sound
    report = upgraded(sound.replace(old, new, 1), overlay)
    assert [str(conflict) for conflict in report.conflicts] == []
    assert seen(load_mapping("parts").tasks[0]) == expected
    assert (report.written_for, report.version) == (1, 2)


# what version 2 replaces by what, the overlay, place of the conflict in it, and what the conflict says
CONFLICTS: dict[str, tuple[str, str, str, str, list[str]]] = {
    "a field that we drop is gone": (
        PRICE, "", in_task("fields: {drop: [price]}"), "tasks.change[0].fields.drop[0]",
        ["no `to: price` here to drop", "Version 2 removed it."],
    ),
    "a field that we change is renamed": (
        "to: price", "to: listprice", in_task("fields: {change: [{to: price, round: 2}]}"),
        "tasks.change[0].fields.change[0]", ["no `to: price`", "Version 2 calls it `listprice`."],
    ),
    "a field that we add comes along": (
        PRICE, PRICE + "      - {from: Colour, to: new_colour, max_length: 9}\n", ADD_COLOUR,
        "tasks.change[0].fields.add[0]",
        ["has `to: new_colour` here already", "Version 2 brings it along", "max_length"],
    ),
    "the task is renamed": (
        "  - name: parts", "  - name: pieces", in_task("enabled: false"), "tasks.change[0]",
        ["no `name: parts`", "Version 2 calls it `pieces`."],
    ),
    "a reference that our field looks up in is renamed": (
        "currencies", "money",
        in_task("fields: {add: [{from: C, to: c, lookup: {reference: currencies, take: transactioncurrencyid}}]}"),
        "tasks[0].fields[9].lookup.reference", ["no reference `currencies`", "Version 2 calls it `money`."],
    ),
    "a value map that our field uses is removed": (
        "value_map: kind}", "value_map: {Item: 1}}", in_task("fields: {add: [{from: C, to: c, value_map: kind}]}"),
        "tasks[0].fields[9].value_map", ["no value map `kind`", "Version 2 removed it."],
    ),
    "a word that we set is changed": (
        "max_length: 100", "max_length: 160", in_task("fields: {change: [{to: name, max_length: 50}]}"),
        "tasks.change[0].fields.change[0].max_length",
        ["changes tasks.parts.fields.name.max_length", "from 100 to 160"],
    ),
    "a word that we set is removed": (
        ", max_length: 100", "", in_task("fields: {change: [{to: name, max_length: 50}]}"),
        "tasks.change[0].fields.change[0].max_length", ["removes tasks.parts.fields.name.max_length"],
    ),
    "a word that we set comes along": (
        "round: 4", "round: 4, default: 0", in_task("fields: {change: [{to: price, default: 1}]}"),
        "tasks.change[0].fields.change[0].default", ["adds tasks.parts.fields.price.default", "0"],
    ),
    "a block that we set a word of comes along": (
        "    quality:\n", "    thresholds: {max_percent: 3}\n    quality:\n", in_task("thresholds: {max_percent: 5}"),
        "tasks.change[0].thresholds.max_percent", ["adds tasks.parts.thresholds"],
    ),
    "a block that we set a word of is removed": (
        ", clamp: {min: 0, max: 5}", "", in_task("fields: {change: [{to: quantitydecimal, clamp: {max: 4}}]}"),
        "tasks.change[0].fields.change[0].clamp.max", ["removes tasks.parts.fields.quantitydecimal.clamp"],
    ),
    "a field that we replace is changed": (
        "from: SalesPrice", "from: ListPrice", in_task("fields: {replace: [{value: 1, to: price}]}"),
        "tasks.change[0].fields.replace[0]", ["changes tasks.parts.fields.price.from", "from SalesPrice to ListPrice"],
    ),
    "a filter that we replace is changed": (
        'is: "Yes"', 'is_not: "No"',
        in_task('source: {keep: {replace: [{field: IsStockedProduct, is: "No", reason: Ours.}]}}'),
        "tasks.change[0].source.keep.replace[0]", ["tasks.parts.source.keep.IsStockedProduct"],
    ),
    "an entry of a value map that we replace is changed": (
        "Service: 3", "Service: 5", HEAD + "value_maps: {change: {kind: {replace: {Service: 4}}}}\n",
        "value_maps.change.kind.replace.Service", ["changes value_maps.kind.Service", "from 3 to 5"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_conflict_is_named_with_place_cause_and_advice(
    name: str, upgraded: Upgrade, sound: str, folder: Path
) -> None:
    old, new, overlay, key_path, said = CONFLICTS[name]
    second = sound.replace(old, new) if name.startswith("a reference") else sound.replace(old, new, 1)
    if name.startswith("a value map"):
        second = second.replace("value_maps:\n  kind: {Item: 1, Service: 3}\n", "")
    report = upgraded(second, overlay)
    assert [conflict.key_path for conflict in report.conflicts[:1]] == [key_path]
    conflict = report.conflicts[0]
    assert (conflict.file, conflict.line) == (str(folder / "custom" / "parts.yaml"), 4)
    assert [part for part in said if part not in conflict.message] == []
    assert conflict.suggestion


FIELDS = [rule["to"] for rule in yaml.safe_load(SOUND)["tasks"][0]["fields"]]
MUTATIONS: dict[str, Callable[[list[dict[str, Any]], int], None]] = {
    "removes": lambda fields, at: fields.pop(at) and None,
    "renames": lambda fields, at: fields[at].update(to=f"{fields[at]['to']}2"),
    "changes": lambda fields, at: fields[at].update(note="Another note.", default=7),
    "adds": lambda fields, at: fields.insert(at, {"value": 1, "to": "brand_new"}),
}
OPERATIONS = {
    "drop": "drop: [{0}]",
    "change": "change: [{{to: {0}, reason: Ours.}}]",
    "replace": "replace: [{{value: ours, to: {0}}}]",
    "add": "add: [{{value: ours, to: {0}_ours}}]",
}


@pytest.mark.parametrize(("mutation", "operation"), list(itertools.product(MUTATIONS, OPERATIONS)))
def test_whatever_version_2_does_to_a_field_the_overlay_holds_or_the_report_says_why_not(
    mutation: str, operation: str, upgraded: Upgrade, sound: str, folder: Path
) -> None:
    for at, ours in [*((at, FIELDS[at]) for at in (0, 1, 4, 7)), (7, FIELDS[1])]:
        data = yaml.safe_load(sound)
        MUTATIONS[mutation](data["tasks"][0]["fields"], at)
        overlay = in_task(f"fields: {{{OPERATIONS[operation].format(ours)}}}")
        report = upgraded(yaml.safe_dump(data, sort_keys=False), overlay)
        case = f"version 2 {mutation} {FIELDS[at]}, the overlay's {operation} is about {ours}"
        touched = FIELDS[at] == ours and operation != "add"
        fits = loads()
        assert bool(report.news), case
        if touched and mutation in ("removes", "renames"):
            assert "Version 2" in report.conflicts[0].message, case
            assert report.conflicts[0].file == str(folder / "custom" / "parts.yaml"), case
        if fits and not report.conflicts:
            assert effect(operation, ours), case
        else:
            assert report.conflicts, case
            assert all(each.file and each.line and each.message for each in report.conflicts), case


def loads() -> bool:
    try:
        load_mapping("parts")
    except MappingError:
        return False
    return True


def effect(operation: str, name: str) -> bool:
    """Whether the loaded mapping does what the overlay says."""
    rules = {rule.to: rule for rule in load_mapping("parts").tasks[0].fields}
    return {
        "drop": lambda: name not in rules,
        "change": lambda: rules[name].reason == "Ours.",
        "replace": lambda: rules[name].value == "ours",
        "add": lambda: rules[f"{name}_ours"].value == "ours",
    }[operation]()


def test_the_report_tells_what_is_new_and_what_of_it_lies_under_the_overlay(upgraded: Upgrade, sound: str) -> None:
    second = sound.replace("to: price", "to: listprice").replace("max_length: 100", "max_length: 90")
    second = second.replace("Service: 3}", "Service: 3, Kit: 4}")
    second = second.replace("    quality:\n", "    thresholds: {min_rows: 1}\n    quality:\n")
    report = upgraded(second, in_task("fields: {change: [{to: name, required: false}]}"))
    assert {(each.kind, ".".join(each.path), each.new_name) for each in report.news} == {
        ("renamed", "tasks.parts.fields.price", "listprice"),
        ("changed", "tasks.parts.fields.price.to", ""),
        ("changed", "tasks.parts.fields.name.max_length", ""),
        ("added", "value_maps.kind.Kit", ""),
        ("added", "tasks.parts.thresholds", ""),
    }
    assert [".".join(each.path) for each in report.under] == ["tasks.parts.fields.name.max_length"]


def test_a_file_has_no_differences_from_itself_and_every_difference_has_its_line(sound: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(sound)
    new.write_text("# a comment\n" + sound.replace("round: 4", "round: 2"))
    assert differences(read_document(old), read_document(old)) == []
    line = next(number for number, text in enumerate(new.read_text().splitlines(), 1) if "round: 2" in text)
    found = differences(read_document(old), read_document(new))
    assert [(each.kind, each.old, each.new, each.file, each.line) for each in found] == [
        ("changed", 4, 2, str(new), line)
    ]


def test_a_version_that_is_not_kept_is_said_so(folder: Path, sound: str) -> None:
    (folder / "standard" / "parts.yaml").write_text(sound.replace("title: Parts\n", "version: 2\ntitle: Parts\n", 1))
    (folder / "custom" / "parts.yaml").write_text(HEAD)
    with pytest.raises(MappingError, match="Version 1 of the standard mapping `parts` is not kept here"):
        upgrade_report(folder / "custom" / "parts.yaml")


def test_only_custom_files_that_extend_are_reported_on(folder: Path, sound: str) -> None:
    (folder / "custom" / "parts.yaml").write_text(HEAD)
    (folder / "custom" / "own.yaml").write_text(sound)
    (folder / "custom" / "broken.yaml").write_text("a: [\n")
    assert [file.name for file in overlays()] == ["parts.yaml"]


def test_a_released_version_is_kept_once(folder: Path, sound: str) -> None:
    (folder / "standard" / "parts.yaml").write_text(sound)
    assert [file.name for file in release()] == ["parts.1.yaml"]
    assert release() == []
    assert kept_versions("parts") == [1]


def test_a_released_version_may_get_other_comments_but_not_another_content(folder: Path, sound: str) -> None:
    file = folder / "standard" / "parts.yaml"
    file.write_text(sound)
    release()
    file.write_text("# said better\n" + sound)
    assert history_problems() == []
    file.write_text(sound.replace("round: 4", "round: 2"))
    fault = history_problems()[0]
    line = next(number for number, text in enumerate(sound.splitlines(), 1) if "round: 4" in text)
    assert (fault.file, fault.line) == (str(file), line)
    assert "`version: 2`" in fault.suggestion
    with pytest.raises(MappingError, match="differs from version 1"):
        release()


@pytest.mark.parametrize("version", [3, 7])
def test_versions_follow_one_another(version: int, folder: Path, sound: str) -> None:
    file = folder / "standard" / "parts.yaml"
    file.write_text(sound)
    release()
    file.write_text(sound.replace("title: Parts\n", f"version: {version}\ntitle: Parts\n", 1))
    assert "`version: 2`" in history_problems()[0].suggestion
    file.write_text(sound.replace("title: Parts\n", "version: 2\ntitle: Part\n", 1))
    assert history_problems() == []


def test_the_released_standard_mappings_say_what_they_said() -> None:
    assert [str(fault) for fault in history_problems()] == []
