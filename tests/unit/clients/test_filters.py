"""Conditions become filter text, one dialect per service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from fs_integration.clients.filters import dataverse_filter, finance_operations_filter, query
from fs_integration.errors import MappingError
from fs_integration.records import Interval
from fs_integration.spec.mapping import Condition
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

GUID = "4624eff7-0000-4000-8000-00000000000a"
KINDS = {kind.value: kind for kind in ColumnKind}


def metadata(system: str) -> EntityMetadata:
    columns = {name: Column(name=name, kind=kind) for name, kind in KINDS.items()}
    columns["up.text"] = Column(name="Up/text", kind=ColumnKind.TEXT)
    columns["up.lookup"] = Column(name="Up/_lookup_value", kind=ColumnKind.LOOKUP)
    columns["up.datetime"] = Column(name="Up/datetime", kind=ColumnKind.DATETIME)
    columns["enum"] = Column(name="enum", kind=ColumnKind.ENUM, enum_type="NoYes", options=("No", "Yes"))
    return EntityMetadata(system=system, name="rows", logical_name="row", columns=columns)


def condition(**given: Any) -> Condition:
    return Condition.model_validate(given)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param({"field": "text", "is": "O'Br"}, "text eq 'O''Br'", id="quotes are doubled"),
        pytest.param({"field": "text", "is": None}, "text eq ''", id="no value is empty text"),
        pytest.param({"field": "date", "is": None}, "date eq 1900-01-01T12:00:00Z", id="no value is the empty date"),
        pytest.param({"field": "date", "at_least": "2026-01-02"}, "date ge 2026-01-02T12:00:00Z", id="dates at noon"),
        pytest.param(
            {"field": "enum", "is": "Yes"},
            "enum eq Microsoft.Dynamics.DataEntities.NoYes'Yes'",
            id="members are qualified",
        ),
        pytest.param(
            {"field": "enum", "is_not": True}, "enum ne Microsoft.Dynamics.DataEntities.NoYes'Yes'", id="true is Yes"
        ),
        pytest.param({"field": "integer", "in": [1, 2]}, "(integer eq 1 or integer eq 2)", id="in is spelled out"),
        pytest.param({"field": "text", "is_not": "x"}, "text ne 'x'", id="there is no null to ask for"),
        pytest.param(
            {"field": "decimal", "at_least": 0.5, "at_most": 1e3},
            "decimal ge 0.5 and decimal le 1000.0",
            id="both bounds",
        ),
        pytest.param(
            {"any_of": [{"field": "enum", "is": "No"}, {"field": "text", "is": None}]},
            "(enum eq Microsoft.Dynamics.DataEntities.NoYes'No' or text eq '')",
            id="a choice",
        ),
    ],
)
def test_finance_operations(given: dict[str, Any], text: str) -> None:
    assert finance_operations_filter([condition(**given)], metadata("finance_operations")) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param({"field": "text", "is": None}, "text eq null", id="null is null"),
        pytest.param({"field": "text", "is_not": None}, "text ne null", id="not null"),
        pytest.param(
            {"field": "boolean", "is_not": True},
            "(boolean ne true or boolean eq null)",
            id="is_not finds missing values",
        ),
        pytest.param({"field": "option", "in": [1]}, "(option eq 1)", id="options are numbers"),
        pytest.param(
            {"field": "lookup", "is": GUID.upper()}, f"_lookup_value eq {GUID}", id="lookups by their own name"
        ),
        pytest.param({"field": "date", "is": "2026-01-02"}, "date eq 2026-01-02", id="dates without time"),
        pytest.param(
            {"field": "datetime", "at_most": "2026-01-02T03:00:00+02:00"}, "datetime le 2026-01-02T01:00:00Z", id="UTC"
        ),
        pytest.param({"field": "up.text", "is": "x"}, "Up/text eq 'x'", id="a column behind a lookup"),
        pytest.param({"field": "up.lookup", "is": GUID}, f"Up/_lookup_value eq {GUID}", id="a lookup behind a lookup"),
        pytest.param(
            {"any_of": [{"field": "option", "in": [1, 2]}, {"field": "up.text", "is_not": None}]},
            "((option eq 1 or option eq 2) or Up/text ne null)",
            id="a choice",
        ),
        pytest.param(
            {"any_of": [{"field": "integer", "at_least": 1, "at_most": 2}, {"any_of": [{"field": "text", "is": "x"}]}]},
            "(integer ge 1 and integer le 2 or (text eq 'x'))",
            id="choices inside a choice",
        ),
    ],
)
def test_dataverse(given: dict[str, Any], text: str) -> None:
    assert dataverse_filter([condition(**given)], metadata("dataverse")) == text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"field": "txt", "is": "x"}, "Did you mean `text`", id="unknown column"),
        pytest.param({"field": "integer", "is": "many"}, "does not fit", id="a word for a number"),
        pytest.param({"field": "integer", "is": True}, "does not fit", id="a truth for a number"),
        pytest.param({"field": "boolean", "is": "maybe"}, "does not fit", id="neither true nor false"),
        pytest.param({"field": "lookup", "is": "x"}, "does not fit", id="no id"),
        pytest.param({"field": "date", "is": "tomorrow"}, "does not fit", id="no date"),
        pytest.param({"field": "datetime", "is": "noon"}, "does not fit", id="no moment"),
        pytest.param({"field": "text", "is": "ab*"}, "takes for any text", id="a star is a wildcard"),
        pytest.param({"field": "enum", "is": "Maybe"}, "no member", id="no member"),
        pytest.param({"field": "enum", "at_least": "Yes"}, "enumeration", id="members have no order"),
        pytest.param({"field": "text", "in": []}, "empty `in`", id="in nothing"),
        pytest.param({"field": "integer", "is": None}, "never empty", id="numbers are never empty"),
        pytest.param({"any_of": [{"field": "txt", "is": "x"}]}, "Did you mean `text`", id="unknown inside a choice"),
        pytest.param({"field": "text", "same_as": "enum"}, "under `keep`", id="two columns with one another"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_asking(given: dict[str, Any], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        finance_operations_filter([condition(**given)], metadata("finance_operations"))


def test_a_window_includes_its_start_and_not_its_end() -> None:
    window = Interval(
        datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 2, 0, 0, 0, 5, UTC)
    )
    text = dataverse_filter([condition(field="text", **{"is": "x"})], metadata("dataverse"), ("datetime", window))
    assert text == "text eq 'x' and datetime ge 2026-01-01T00:00:00Z and datetime lt 2026-01-02T00:00:00.000005Z"


def test_a_window_may_look_at_the_row_behind_a_lookup() -> None:
    window = Interval(None, datetime(2026, 1, 2, tzinfo=UTC))
    assert dataverse_filter([], metadata("dataverse"), ("up.datetime", window)) == "Up/datetime lt 2026-01-02T00:00:00Z"


def test_a_window_without_start_reads_from_the_beginning() -> None:
    window = Interval(None, datetime(2026, 1, 2, tzinfo=UTC))
    assert dataverse_filter([], metadata("dataverse"), ("datetime", window)) == "datetime lt 2026-01-02T00:00:00Z"


def test_options_are_encoded_and_empty_ones_left_out() -> None:
    assert query(cross_company="true", select="a,b", filter="a eq 'x&y+z #1'", orderby="") == (
        "cross-company=true&$select=a,b&$filter=a%20eq%20%27x%26y%2Bz%20%231%27"
    )
