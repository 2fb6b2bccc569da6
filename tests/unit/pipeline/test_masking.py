"""What a mapping masks is in no rejection: not in value, reason or payload, under no name it goes by."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from tests.unit.transform.builders import a_task

from fs_integration.frames import KEY, REJECTION_COLUMNS, frame_of
from fs_integration.pipeline.masking import hidden_columns, masked
from fs_integration.spec.mapping import MappingTask

PHONE = {"from": "Phone", "to": "telephone"}


def a_line(**changes: Any) -> pd.DataFrame:
    line = {"row_key": "A", "field": "name", "rule": "required", "reason": "Why.", "value": "", "source_rows": 1,
            "outcome": "quarantined", "payload": "{}", **changes}  # fmt: skip
    return frame_of({name: [line[name]] for name in REJECTION_COLUMNS}, REJECTION_COLUMNS)


def task_that_masks(*names: str, fields: tuple[dict[str, Any], ...] = (PHONE,), **changes: Any) -> MappingTask:
    return a_task(*fields, quarantine={"mask": list(names)}, **changes)


def shown(task: MappingTask, **line: Any) -> dict[str, Any]:
    found: dict[str, Any] = masked(a_line(**line), task).to_dict("records")[0]
    return found


def test_a_column_is_masked_under_the_name_of_its_source_and_of_its_target() -> None:
    payload = json.dumps({"Phone": "5551234", "telephone": "5551234", "Id": "A", "Empty": None})
    for name in ("Phone", "telephone"):
        line = shown(task_that_masks(name), payload=payload, field="Phone", value="5551234")
        assert json.loads(line["payload"]) == {"Phone": "***", "telephone": "***", "Id": "A", "Empty": None}
        assert (line["row_key"], line["value"]) == ("A", "***")


def test_what_a_function_or_an_added_column_makes_of_it_is_masked_as_well() -> None:
    fields = ({"fn": "first_given", "args": ["Mobile", "settings.phone"], "to": "telephone"},)
    assert hidden_columns(task_that_masks("Mobile", fields=fields)) == {"Mobile", "telephone"}
    assert hidden_columns(task_that_masks("telephone", fields=fields)) == {"Mobile", "telephone"}


def test_the_key_of_the_target_row_is_not_shown_when_a_part_of_it_is_masked() -> None:
    assert KEY not in hidden_columns(task_that_masks("Phone"))
    assert KEY in hidden_columns(task_that_masks("Id"))


def test_a_message_that_quotes_a_masked_value_does_not_show_it() -> None:
    payload = json.dumps({"telephone": "+1 (555) 1234", "name": "ok"})
    reason = "The value '+1 (555) 1234' of telephone is not valid; try 555."
    line = shown(task_that_masks("Phone"), payload=payload, reason=reason, field="", value="Error at +1 (555) 1234")
    assert line["reason"] == "The value '***' of telephone is not valid; try 555."
    assert "555" not in line["value"] + line["payload"]


def test_a_short_value_does_not_eat_letters_of_other_words() -> None:
    line = shown(task_that_masks("Phone"), payload=json.dumps({"Phone": "a"}), reason="a value `a` that stays")
    assert line["reason"] == "*** value `***` that stays"


def test_a_value_of_another_column_is_shown() -> None:
    line = shown(task_that_masks("Phone"), payload=json.dumps({"Phone": "5551234"}), value="too long", field="name")
    assert line["value"] == "too long"


def test_a_mapping_that_masks_nothing_leaves_rejections_as_they_are() -> None:
    lines = a_line(value="5551234")
    assert masked(lines, a_task(PHONE)) is lines
