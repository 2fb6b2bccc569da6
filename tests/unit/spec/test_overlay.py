"""An overlay changes what it names and nothing else; what it expects in vain is answered with file, line, advice."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from fs_integration.errors import MappingError
from fs_integration.spec.document import read_document
from fs_integration.spec.explain import describe_markdown
from fs_integration.spec.loader import load_mapping, mapping_hash, problems_in
from fs_integration.spec.mapping import Mapping
from fs_integration.spec.schema import schemas
from fs_integration.spec.shape import MAPPING, Shape, name_of
from fs_integration.spec.upgrade import upgrade_report

STANDARD = Path(__file__).resolve().parents[3] / "include" / "mappings" / "standard"
HEAD = "mapping: parts\nextends: parts\nwritten_for: 1\n"
IN_TASK = HEAD + "tasks:\n  change:\n    - name: parts\n"

Overlay = Callable[[str], Path]


@pytest.fixture
def overlay(sound: str, folder: Path) -> Overlay:
    """Write the standard mapping `parts` and an overlay on it; return the overlay's file."""
    (folder / "standard" / "parts.yaml").write_text(sound, encoding="utf-8")

    def write(text: str) -> Path:
        file = folder / "custom" / "parts.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(schemas()["overlay.json"]))


def task_lines(text: str) -> str:
    """An overlay that changes the task; the text is indented under it."""
    return IN_TASK + "".join(f"      {line}\n" for line in text.splitlines())


def field(mapping: Mapping, name: str) -> Any:
    return next((rule for rule in mapping.tasks[0].fields if rule.to == name), None)


CHANGES: dict[str, tuple[str, Callable[[Mapping], Any], Any]] = {
    "title": (HEAD + "title: Our parts\n", lambda m: m.title, "Our parts"),
    "nothing": (HEAD, lambda m: len(m.tasks[0].fields), 9),
    "added field comes last": (
        task_lines("fields:\n  add:\n    - {from: Colour, to: new_colour}"),
        lambda m: [rule.to for rule in m.tasks[0].fields][-2:], ["productstructure", "new_colour"],
    ),
    "replaced field keeps its place": (
        task_lines("fields:\n  replace:\n    - {value: x, to: name}"),
        lambda m: [(rule.to, rule.value, rule.max_length) for rule in m.tasks[0].fields][1], ("name", "x", None),
    ),
    "changed field keeps its other words": (
        task_lines("fields:\n  change:\n    - {to: name, max_length: 50}"),
        lambda m: (field(m, "name").max_length, field(m, "name").from_, field(m, "name").required),
        (50, "ProductName", True),
    ),
    "word dropped from a field": (
        task_lines("fields:\n  change:\n    - {to: name, drop: [max_length, too_long]}"),
        lambda m: (field(m, "name").max_length, field(m, "name").required), (None, True),
    ),
    "dropped field": (task_lines("fields: {drop: [price]}"), lambda m: field(m, "price"), None),
    "block inside a field": (
        task_lines("fields:\n  change:\n    - {to: quantitydecimal, clamp: {max: 3}}"),
        lambda m: (field(m, "quantitydecimal").clamp.min, field(m, "quantitydecimal").clamp.max), (0, 3),
    ),
    "names inside a field": (
        task_lines("fields:\n  change:\n    - {to: defaultuomid, lookup: {within: {replace: {uomscheduleid: name}}}}"),
        lambda m: field(m, "defaultuomid").lookup.within, {"uomscheduleid": "name"},
    ),
    "map in place": (
        task_lines("fields:\n  change:\n    - {to: producttypecode, value_map: {Item: 2}}"),
        lambda m: field(m, "producttypecode").value_map, {"Item": 2},
    ),
    "entries of a value map": (
        HEAD + "value_maps:\n  change:\n    kind: {add: {Kit: 9}, replace: {Item: 7}, drop: [Service]}\n",
        lambda m: m.value_maps["kind"], {"Item": 7, "Kit": 9},
    ),
    "whole value map": (
        HEAD + "value_maps: {add: {colour: {R: red}}}\n", lambda m: sorted(m.value_maps), ["colour", "kind"],
    ),
    "first setting": (
        HEAD + "settings: {add: {site: {description: Which site, default: \"1\"}}}\ntasks: {change: [{name: parts, "
        "fields: {add: [{from: settings.site, to: a}]}}]}\n",
        lambda m: m.settings["site"].default, "1",
    ),
    "first requirement": (HEAD + "requires: [others]\n", lambda m: m.requires, ("others",)),
    "filter added": (
        task_lines("source:\n  where: {add: [{field: Blocked, is: \"No\"}]}"),
        lambda m: [rule.field for rule in m.tasks[0].source.where], ["Blocked"],
    ),
    "filter replaced by its column": (
        task_lines("source:\n  keep: {replace: [{field: IsStockedProduct, is: \"No\", reason: Ours.}]}"),
        lambda m: [(rule.is_, rule.reason) for rule in m.tasks[0].source.keep], [("No", "Ours.")],
    ),
    "filter dropped by its column": (
        task_lines("source:\n  keep: {drop: [IsStockedProduct]}"), lambda m: m.tasks[0].source.keep, (),
    ),
    "second filter on the same column, with an id": (
        task_lines("source:\n  keep: {add: [{id: ours, field: IsStockedProduct, is_not: Maybe, reason: Ours.}]}"),
        lambda m: [rule.id for rule in m.tasks[0].source.keep], [None, "ours"],
    ),
    "quality rule by expectation and column": (
        task_lines("quality:\n  change: [{expect: not_null, field: ProductNumber, reason: Ours.}]"),
        lambda m: m.tasks[0].quality[0].reason, "Ours.",
    ),
    "quality rule dropped": (
        task_lines("quality: {drop: [not_null ProductNumber]}"),
        lambda m: [rule.expect for rule in m.tasks[0].quality], ["row_count_change"],
    ),
    "reference": (
        task_lines("references: {change: {units: {take: {add: [name2]}}}}"),
        lambda m: m.tasks[0].references["units"].take, ("uomid", "name2"),
    ),
    "list as a whole": (
        task_lines("references: {change: {units: {take: [uomid, other]}}}"),
        lambda m: m.tasks[0].references["units"].take, ("uomid", "other"),
    ),
    "block that the standard lacks": (
        task_lines("thresholds: {max_percent: 5}"), lambda m: m.tasks[0].thresholds.max_percent, 5,
    ),
    "word of a block": (
        task_lines("target: {request_rows: 50}"),
        lambda m: (m.tasks[0].target.request_rows, m.tasks[0].target.table), (50, "products"),
    ),
    "optional task": (task_lines("enabled: false"), lambda m: m.tasks[0].enabled, False),
    "own task": (
        HEAD + "tasks:\n  add:\n    - name: more\n      title: More\n"
        "      source: {system: finance_operations, entity: A, key: [Id]}\n"
        "      target: {system: dataverse, table: b, key: [id]}\n      fields: [{from: Id, to: id}]\n",
        lambda m: [task.name for task in m.tasks], ["parts", "more"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_an_overlay_changes_what_it_names(name: str, overlay: Overlay) -> None:
    text, seen, expected = CHANGES[name]
    overlay(text)
    assert seen(load_mapping("parts")) == expected


@pytest.mark.parametrize("name", CHANGES)
def test_the_schema_for_editors_takes_every_change(name: str, validator: Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(yaml.safe_load(CHANGES[name][0]))] == []


def test_what_an_overlay_does_not_name_is_the_standard_s(overlay: Overlay, folder: Path) -> None:
    overlay(task_lines("fields: {drop: [price]}"))
    changed = load_mapping("parts").model_dump()
    (folder / "custom" / "parts.yaml").unlink()
    standard = load_mapping("parts").model_dump()
    standard["tasks"][0]["fields"] = tuple(rule for rule in standard["tasks"][0]["fields"] if rule["to"] != "price")
    assert changed == standard | {"extends": "parts", "written_for": 1}


# text of the overlay (the faulty line is marked), key path, part of the message, part of the advice
REFUSED: dict[str, tuple[str, str, str, str]] = {
    "drop of what is not there": (
        task_lines("fields:\n  drop: [prize]  #!"), "tasks.change[0].fields.drop[0]", "no `to: prize`", "`price`",
    ),
    "replacement of what is not there": (
        task_lines("fields:\n  replace:\n    - {value: 1, to: prize}  #!"), "tasks.change[0].fields.replace[0]",
        "no `to: prize` here to replace", "`price`",
    ),
    "change of what is not there": (
        HEAD + "tasks:\n  change:\n    - name: part  #!\n      enabled: false\n", "tasks.change[0]", "no `name: part`",
        "`parts`",
    ),
    "addition of what is there": (
        task_lines("fields:\n  add:\n    - {value: 1, to: price}  #!"), "tasks.change[0].fields.add[0]",
        "has `to: price` here already", "`change` or `replace`",
    ),
    "addition of a name that is there": (
        HEAD + "value_maps:\n  add:\n    kind: {A: 1}  #!\n", "value_maps.add.kind",
        "has `kind` here already", "`change`",
    ),
    "addition of a plain value that is there": (
        task_lines("target:\n  key:\n    add: [productnumber]  #!"), "tasks.change[0].target.key.add[0]",
        "`productnumber` here already", "remove it",
    ),
    "entry of a value map that is not there": (
        HEAD + "value_maps:\n  change:\n    kind: {drop: [Itme]}  #!\n", "value_maps.change.kind.drop[0]",
        "no `Itme` here to drop", "`Item`",
    ),
    "word that is not there": (
        task_lines("target:\n  drop: [vanished]  #!"), "tasks.change[0].target.drop[0]", "no `vanished`", "There are:",
    ),
    "two things done with one item": (
        task_lines("fields:\n  drop: [price]\n  replace: [{value: 1, to: price}]  #!"),
        "tasks.change[0].fields.replace[0]", "Two things are done with `price`", "one of the two",
    ),
    "dropped and given": (
        task_lines("target:\n  request_rows: 5\n  drop: [request_rows]  #!"), "tasks.change[0].target.drop[0]",
        "`request_rows` is dropped and given", "one of the two",
    ),
    "list written like a standard mapping's": (
        task_lines("fields:  #!\n  - {value: 1, to: price}"), "tasks.change[0].fields", "does not say what is done",
        "`add`, `change`, `replace` or `drop`",
    ),
    "names written like a standard mapping's": (
        HEAD + "value_maps:\n  kind: {A: 1}  #!\n", "value_maps.kind", "`kind` does not say what is done", "`add`",
    ),
    "misspelt operation": (
        task_lines("fields:\n  repalce: []  #!"), "tasks.change[0].fields.repalce", "does not say", "mean `replace`",
    ),
    "change without saying of what": (
        task_lines("fields:\n  change:\n    - {max_length: 5}  #!"), "tasks.change[0].fields.change[0]",
        "which item is meant", "Give `to`, or `id`",
    ),
    "change of a plain value": (
        HEAD + "value_maps:\n  change:\n    kind:\n      change: {Item: 5}  #!\n", "value_maps.change.kind.change.Item",
        "nothing inside to change", "`replace`",
    ),
    "drop that is no list": (
        task_lines("fields:\n  drop: price  #!"), "tasks.change[0].fields.drop", "not written like this", "[one, two]",
    ),
    "drop of a block": (
        task_lines("fields:\n  drop: [{to: price}]  #!"), "tasks.change[0].fields.drop[0]", "takes plain values",
        "[one, two]",
    ),
    "add that is no list": (
        task_lines("fields:\n  add: {to: a, value: 1}  #!"), "tasks.change[0].fields.add", "not written like this",
        "beginning with `- `",
    ),
    "change of plain values": (
        task_lines("target:\n  key:\n    change: [a]  #!"), "tasks.change[0].target.key.change", "list of plain values",
        "`add` and `drop`",
    ),
    "own version": (HEAD + "version: 2  #!\n", "version", "is the standard mapping's", "Remove the line"),
    "unknown standard mapping": (
        "mapping: parts\nextends: part  #!\nwritten_for: 1\n", "extends", "no standard mapping `part`", "`parts`",
    ),
    "no version": ("mapping: parts\nextends: parts\n", "written_for", "`written_for` must be", "`written_for: 1`"),
    "version to come": (
        "mapping: parts\nextends: parts\nwritten_for: 2  #!\n", "written_for", "`written_for` must be",
        "`written_for: 1`",
    ),
    "no name": ("extends: parts\nwritten_for: 1\n", "", "`mapping` is missing", "`mapping: parts`"),
    "name of another file": (HEAD.replace("mapping: parts", "mapping: pars  #!"), "mapping", "not the name of the file",
                             "`mapping: parts`"),
    "unknown word": (
        task_lines("fields:\n  add:\n    - {value: 1, too: a}  #!"), "tasks[0].fields[9].too", "`too` is not a key",
        "`to`",
    ),
    "unknown word in a change": (
        task_lines("target: {request_row: 5}  #!"), "tasks[0].target.request_row", "is not a key", "`request_rows`",
    ),
    "wrong value": (task_lines("target: {request_rows: 0}  #!"), "tasks[0].target.request_rows", "greater", ""),
    "contradiction": (
        task_lines("fields:\n  add:\n    - {from: A, to: a, value_map: knd}  #!"), "tasks[0].fields[9].value_map",
        "no value map `knd`", "`kind`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_an_overlay_expects_in_vain_is_answered_with_file_line_key_path_and_advice(
    name: str, overlay: Overlay
) -> None:
    text, key_path, message, advice = REFUSED[name]
    file = overlay(text)
    with pytest.raises(MappingError) as caught:
        load_mapping("parts")
    fault = caught.value
    marked = next((number for number, line in enumerate(text.splitlines(), 1) if "#!" in line), 1)
    assert (fault.file, fault.line, fault.key_path) == (str(file), marked, key_path)
    assert message in fault.message
    assert advice in fault.suggestion


def test_a_fault_in_a_standard_line_that_lacks_what_was_dropped_names_both_files(
    overlay: Overlay, folder: Path, sound: str
) -> None:
    file = overlay(task_lines("references: {drop: [currencies]}"))
    fault = problems_in(file)[2][0]
    line = next(number for number, text in enumerate(sound.splitlines(), 1) if "CurrencyCode" in text)
    assert (fault.file, fault.line) == (str(folder / "standard" / "parts.yaml"), line)
    assert f"The cause may be in `{file}`" in fault.suggestion


def test_two_lines_about_one_column_are_told_apart_by_id_only(sound: str, overlay: Overlay, folder: Path) -> None:
    second = "        - {id: second, field: IsStockedProduct, is_not: Maybe, reason: Second.}\n"
    text = sound.replace("    references:\n", second + "    references:\n", 1)
    (folder / "standard" / "parts.yaml").write_text(text)
    file = overlay(task_lines("source: {keep: {drop: [IsStockedProduct]}}"))
    fault = problems_in(file)[2][0]
    assert "2 items of the standard mapping answer to `IsStockedProduct`" in fault.message
    assert "`second`" in fault.suggestion
    overlay(task_lines("source: {keep: {drop: [second]}}"))
    assert [rule.reason for rule in load_mapping("parts").tasks[0].source.keep] == ["Only stocked ones."]


def test_all_faults_of_an_overlay_are_found_at_once(overlay: Overlay) -> None:
    file = overlay(task_lines("fields:\n  drop: [one, two]\n  add: [{value: 1, to: price}]"))
    assert len(problems_in(file)[2]) == 3


def test_an_overlay_of_another_name_leaves_the_standard_mapping_beside_it(overlay: Overlay, folder: Path) -> None:
    text = HEAD.replace("mapping: parts", "mapping: spares") + "title: Spares\n"
    (folder / "custom" / "spares.yaml").write_text(text)
    assert (load_mapping("spares").title, load_mapping("parts").title) == ("Spares", "Parts")


def test_an_overlay_of_an_overlay_is_refused(overlay: Overlay, folder: Path) -> None:
    (folder / "standard" / "spares.yaml").write_text(HEAD.replace("mapping: parts", "mapping: spares"))
    overlay(HEAD.replace("extends: parts", "extends: spares"))
    with pytest.raises(MappingError, match="an overlay itself"):
        load_mapping("parts")


def test_a_changed_standard_mapping_is_read_again_under_its_overlay(overlay: Overlay, folder: Path, sound: str) -> None:
    overlay(task_lines("fields: {drop: [price]}"))
    before = load_mapping("parts")
    assert load_mapping("parts") is before
    standard = folder / "standard" / "parts.yaml"
    standard.write_text(sound.replace("title: Parts", "title: Spare parts", 1))
    os.utime(standard, ns=(1, standard.stat().st_mtime_ns + 1))
    assert load_mapping("parts").title == "Spare parts"
    assert mapping_hash(load_mapping("parts")) != mapping_hash(before)


def test_the_description_says_that_a_mapping_is_ours_and_what_it_extends(overlay: Overlay) -> None:
    overlay(task_lines("fields:\n  add:\n    - {from: Colour, to: new_colour}"))
    text = describe_markdown(load_mapping("parts"))
    assert "Extends the standard mapping `parts`, version 1." in text
    assert "`new_colour`" in text


@pytest.mark.parametrize("file", sorted(STANDARD.glob("*.yaml")), ids=lambda file: file.stem)
def test_each_item_of_a_standard_mapping_can_be_addressed(file: Path) -> None:
    assert list(unaddressable(read_document(file).data, MAPPING)) == []


def unaddressable(value: Any, shape: Shape) -> Iterator[str]:
    """Names that several items of one list answer to first, and items without any; not inside `any_of`."""
    if isinstance(value, dict) and shape.kind in ("block", "names"):
        for word, inner in value.items():
            yield from unaddressable(inner, shape.at(word)) if word != "any_of" else ()
    if isinstance(value, list) and shape.kind == "items":
        names = [name_of(item, shape.model) for item in value]
        yield from (name or str(value) for name in names if names.count(name) > 1 or not name)
        for item in value:
            yield from unaddressable(item, shape.at(0))


RICH = """\
mapping: parts
extends: parts
written_for: 1
value_maps:
  add: {colour: {R: red}}
  change:
    kind: {add: {Kit: 9}, replace: {Item: 7}, drop: [Service]}
tasks:
  change:
    - name: parts
      thresholds: {max_percent: 5}
      source:
        keep:
          add: [{id: ours, field: IsStockedProduct, is_not: Maybe, reason: Ours.}]
      references:
        change: {units: {take: {add: [name2], drop: [uomid]}}}
      target: {request_rows: 50, drop: [addressed_by]}
      fields:
        change: [{to: name, max_length: 50, drop: [too_long]}]
        replace: [{value: 1, to: quantitydecimal}]
        drop: [price, productstructure]
      quality: {drop: [not_null ProductNumber]}
"""


def test_a_missing_line_or_character_of_an_overlay_never_ends_in_anything_but_an_answer(
    overlay: Overlay, folder: Path
) -> None:
    lines = RICH.splitlines(keepends=True)
    without_line = ["".join(lines[:at] + lines[at + 1 :]) for at in range(len(lines))]
    without_character = [RICH[:at] + RICH[at + 1 :] for at in range(3, len(RICH), 41)]
    odd_values = [RICH.replace(word, "[[1], {a: b}]", 1) for word in ("[Service]", "[name2]", "50", "parts", "5}")]
    files = {str(folder / "custom" / "parts.yaml"), str(folder / "standard" / "parts.yaml")}
    for text in without_line + without_character + odd_values:
        file = overlay(text)
        assert all(fault.file in files and fault.line and fault.message for fault in problems_in(file)[2])
        with contextlib.suppress(MappingError):
            upgrade_report(file)
