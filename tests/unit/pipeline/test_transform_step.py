"""The transform step: one raw batch in, shaped rows, rejections and Data Docs out."""

from __future__ import annotations

from tests.unit.pipeline.conftest import things
from tests.unit.transform.builders import a_frame


def test_rows_and_rejections_of_all_three_stages_are_staged_and_add_up(new_site):
    rule = {"expect": "matches", "stage": "raw", "field": "Name", "pattern": "^o", "reason": "Names start with o."}
    site = new_site(quality=[rule])
    frame = a_frame(Id=["1", "2", "3", "4"], X=["1", "2", "x", "4"], Name=["ok", "bad", "ok", "o_long"])
    result = site.transform(frame)
    shaped, rejected = site.staging.read(result.shaped), site.staging.read(result.rejected)
    assert shaped["key"].tolist() == ["1"]
    assert list(zip(rejected["row_key"], rejected["rule"], strict=True)) == [
        ("2", "matches"), ("3", "conversion"), ("4", "max_length"),
    ]  # fmt: skip
    assert shaped["_source_rows"].sum() + rejected["source_rows"].sum() == len(frame)
    assert (result.failures, result.warnings) == ((), ())


def test_a_sum_that_lost_a_row_to_the_raw_checks_is_not_written(new_site):
    source = {"key": ["Id"], "group": {"by": ["Name"], "sum": ["X"]}}
    site = new_site(source=source, fields=[{"from": "Name", "to": "key"}, {"from": "X", "to": "x"}])
    frame = a_frame(Id=["1", None, "3"], X=["1", "2", "3"], Name=["a", "a", "b"])
    result = site.transform(frame)
    assert site.staging.read(result.shaped)["key"].tolist() == ["b"]
    rejected = site.staging.read(result.rejected)
    assert sorted(rejected["rule"].tolist()) == ["group_incomplete", "key_missing"]
    assert rejected["source_rows"].sum() == 2


def test_a_batch_that_fails_as_a_whole_stages_no_shaped_row(new_site):
    rule = {"expect": "not_null", "stage": "raw", "field": "X", "failing": "stop_batch", "reason": "X is never empty."}
    result = new_site(quality=[rule]).transform(things("1", "2", x=["1", None]))
    assert result.shaped.rows == 0
    assert "X is never empty." in result.failures[0]


def test_a_rule_that_only_warns_lets_its_rows_through(new_site):
    rule = {"expect": "between", "field": "x", "max": 1, "failing": "warn", "reason": "Usually small."}
    result = new_site(quality=[rule]).transform(things("1", "2", x=["1", "7"]))
    assert result.shaped.rows == 2
    assert "Usually small. Found: `7`." in result.warnings[0]


def test_a_result_survives_the_way_through_xcom_and_names_its_data_docs(new_site):
    site = new_site()
    result = site.transform(things("1"))
    assert type(result).from_dict(result.to_dict()) == result
    assert len(result.docs) == 2
    assert all((site.docs_root / page).is_file() for page in result.docs)


def test_a_second_try_replaces_what_the_first_one_staged(new_site):
    site = new_site()
    first, second = site.transform(things("1", "2")), site.transform(things("1", "2"))
    assert (first.shaped, first.rejected) == (second.shaped, second.rejected)
    assert site.staging.read(second.shaped)["key"].tolist() == ["1", "2"]
