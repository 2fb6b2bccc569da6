"""A company's settings, value maps and filters over a mapping."""

from __future__ import annotations

from typing import Any

import pytest

from fs_integration.errors import ConfigurationError
from fs_integration.spec.company import company_view
from fs_integration.spec.connection_set import Organization
from fs_integration.spec.mapping import Mapping


def area(**settings: Any) -> Mapping:
    return Mapping.model_validate({
        "mapping": "things", "title": "Things", "settings": settings,
        "value_maps": {"unit": {"pcs": "ea", "box": "bx"}},
        "tasks": [{
            "name": "things", "title": "Things",
            "source": {"system": "finance_operations", "entity": "Things", "key": ["Id"]},
            "target": {"system": "dataverse", "table": "things", "key": ["key"]},
            "fields": [
                {"from": "Id", "to": "key"}, *({"from": f"settings.{name}", "to": name} for name in settings),
            ],
        }],
    })  # fmt: skip


def view(mapping: Mapping, **company: Any) -> Any:
    organization = Organization.model_validate({"legal_entity": "usmf", **company})
    return company_view(mapping, mapping.tasks[0], organization)


def test_a_setting_takes_the_companys_value_else_its_default() -> None:
    mapping = area(zone={"description": "Z.", "default": "UTC"})
    assert view(mapping).settings == {"zone": "UTC", "legal_entity": "usmf"}
    assert view(mapping, settings={"zone": "Europe/Paris"}).settings["zone"] == "Europe/Paris"


def test_a_company_without_a_required_setting_is_told_which_one_and_where_to_add_it() -> None:
    mapping = area(quantity_sign={"description": "1 or -1.", "required": True})
    with pytest.raises(ConfigurationError, match=r"quantity_sign.*usmf.*1 or -1\..*connection set"):
        view(mapping)


def test_a_value_the_setting_does_not_allow_is_refused() -> None:
    mapping = area(quantity_sign={"description": "1 or -1.", "required": True, "one_of": [1, -1]})
    with pytest.raises(ConfigurationError, match=r"quantity_sign` to `2`.*allows only 1, -1"):
        view(mapping, settings={"quantity_sign": 2})
    assert view(mapping, settings={"quantity_sign": -1}).settings["quantity_sign"] == -1


def test_a_companys_value_map_entries_come_over_the_mappings() -> None:
    own = {"unit": {"box": "case"}, "warehouse_map": {"Van 1": "11"}}
    assert view(area(), value_maps=own).value_maps == {
        "unit": {"pcs": "ea", "box": "case"}, "warehouse_map": {"Van 1": "11"}
    }  # fmt: skip


@pytest.mark.parametrize("name", ["things", "things.things"])
def test_filters_skip_the_rows_a_company_does_not_choose(name: str) -> None:
    keep = view(area(), filters={name: [{"field": "Id", "in": ["1", "2"]}]}).task.source.keep
    assert [(rule.field, rule.in_, rule.otherwise.value) for rule in keep] == [("Id", ("1", "2"), "skip")]
    assert "company usmf" in keep[0].reason


def test_filters_of_another_mapping_change_nothing() -> None:
    assert view(area(), filters={"other": [{"field": "Id", "is": "1"}]}).task.source.keep == ()
