"""Great Expectations as we use it: quicker than it comes, with the same answers."""

from __future__ import annotations

from fs_integration.quality.library import imported


def test_a_configuration_is_kept_only_while_an_expectation_collects_its_arguments() -> None:
    expectation = imported().expectations.ExpectColumnValuesToBeInSet(column="status", value_set=["1"])
    assert expectation._get_runtime_kwargs()["value_set"] == ["1"]
    expectation.value_set = ["2"]
    assert expectation.configuration.kwargs["value_set"] == ["2"]
    assert expectation._get_runtime_kwargs()["value_set"] == ["2"]
    assert expectation.configuration.type == "expect_column_values_to_be_in_set"


def test_arguments_of_one_expectation_are_not_those_of_another() -> None:
    gxe = imported().expectations
    both = [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in ("a", "b")]
    assert [one._get_runtime_kwargs()["column"] for one in both] == ["a", "b"]
