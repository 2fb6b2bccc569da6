"""What a site may choose when it makes a DAG of a mapping: when it runs, and which tasks it has."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import Asset, AssetAll, AssetOrTimeSchedule, CronDataIntervalTimetable
from airflow.serialization.serialized_objects import DagSerialization

from fs_integration.assembly import assets_of, integration_dag
from fs_integration.errors import MappingError

AREAS = {"warehouses": [], "products": [], "stock": ["warehouses", "products"]}


@pytest.fixture(autouse=True)
def small_mappings(mappings):
    mappings(**AREAS)


def change(tmp_path, name, edit):
    """Change the mapping file of an area."""
    file = tmp_path / "mappings" / "standard" / f"{name}.yaml"
    content = json.loads(file.read_text(encoding="utf-8"))
    edit(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def second_task(*, enabled, table="fs_other"):
    """Give a mapping a second task like its first."""

    def edit(content):
        first = content["tasks"][0]
        content["tasks"].append(
            {**first, "name": "other", "enabled": enabled, "target": {**first["target"], "table": table}}
        )

    return edit


def names(assets):
    return [asset.name for asset in assets.objects]


def test_cron_text_gives_runs_with_a_data_interval():
    dag = integration_dag("stock", schedule="*/15 * * * *", timezone="Europe/Berlin")
    assert isinstance(dag.timetable, CronDataIntervalTimetable)
    assert str(dag.timetable.timezone) == "Europe/Berlin"


def test_an_area_may_run_after_the_areas_it_needs():
    dag = integration_dag("stock", schedule=assets_of("warehouses", "products"))
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert {asset.name for _, asset in stored.timetable.asset_condition.iter_assets()} == {
        "dataverse/fs_warehouses", "dataverse/fs_products",
    }  # fmt: skip


def test_it_waits_for_all_of_them():
    assert isinstance(assets_of("warehouses", "products"), AssetAll)
    condition = DagSerialization.from_dict(
        DagSerialization.to_dict(integration_dag("stock", schedule=assets_of("warehouses", "products")))
    ).timetable.asset_condition
    assert type(condition).__name__ == "SerializedAssetAll"


def test_it_may_run_at_times_as_well_as_after_others():
    both = AssetOrTimeSchedule(
        timetable=CronDataIntervalTimetable("0 5 * * *", timezone="UTC"), assets=assets_of("warehouses")
    )
    assert integration_dag("stock", schedule=both).timetable is both


def test_without_a_schedule_it_runs_only_when_started():
    assert not integration_dag("stock", schedule=None).timetable.can_be_scheduled


def test_the_asset_an_area_is_scheduled_on_is_the_one_the_other_publishes():
    reconcile = integration_dag("warehouses", schedule=None).get_task("warehouses.reconcile")
    assert reconcile.asset in assets_of("warehouses").objects
    assert reconcile.asset == Asset(
        name="dataverse/fs_warehouses", uri="dataverse://fs-integration/fs_warehouses", group="fs-integration"
    )


def test_all_tables_of_an_area_count_each_once(tmp_path):
    change(tmp_path, "warehouses", second_task(enabled=True))
    change(tmp_path, "products", second_task(enabled=True, table="fs_products"))
    assert names(assets_of("warehouses", "products")) == [
        "dataverse/fs_warehouses", "dataverse/fs_other", "dataverse/fs_products",
    ]  # fmt: skip


def test_a_disabled_task_is_neither_in_the_dag_nor_waited_for(tmp_path):
    change(tmp_path, "warehouses", second_task(enabled=False))
    assert {task_id.split(".")[0] for task_id in integration_dag("warehouses", schedule=None).task_ids} == {
        "warehouses"
    }
    assert names(assets_of("warehouses")) == ["dataverse/fs_warehouses"]


@pytest.fixture
def two_tasks(tmp_path):
    change(tmp_path, "warehouses", second_task(enabled=True))
    return integration_dag("warehouses", schedule=None)


def test_the_next_task_runs_for_the_other_companies_although_the_gate_stopped_some(two_tasks):
    extract = two_tasks.get_task("other.extract")
    assert extract.upstream_task_ids == {"warehouses.quality_gate", "warehouses.reconcile"}
    assert extract.trigger_rule == "all_done_min_one_success", "a failed gate makes both fail: nothing was written then"


def test_a_run_of_several_tasks_is_judged_by_all_of_them(two_tasks):
    outcome = two_tasks.get_task("outcome")
    assert outcome.upstream_task_ids == {"warehouses.reconcile", "other.reconcile"}
    assert outcome.trigger_rule == "all_done"
    assert [task.task_id for task in two_tasks.leaves] == ["outcome"]


def test_a_run_of_one_task_is_judged_by_its_books():
    dag = integration_dag("warehouses", schedule=None)
    assert [task.task_id for task in dag.leaves] == ["warehouses.reconcile"]
    assert dag.get_task("warehouses.extract").trigger_rule == "all_success"


def test_a_mapping_without_an_enabled_task_is_refused(tmp_path):
    change(tmp_path, "warehouses", lambda content: content["tasks"][0].update(enabled=False))
    with pytest.raises(MappingError, match="disabled"):
        integration_dag("warehouses", schedule=None)


def test_assets_of_an_unknown_area_are_refused():
    with pytest.raises(MappingError, match="no mapping `warehouse`"):
        assets_of("warehouse")


def test_a_dag_that_writes_to_finance_operations_waits_for_its_pool(mappings):
    mappings(inventory_transfers=[])
    tasks = {task.task_id: task.pool for task in integration_dag("inventory_transfers", schedule=None).tasks}
    assert tasks == {
        "lines.extract": "dataverse_api",
        "lines.transform": "default_pool",
        "lines.quality_gate": "default_pool",
        "lines.load": "finance_operations_api",
        "lines.reconcile": "finance_operations_api",
    }


def test_packages_are_imported_one_at_a_time(mappings, tmp_path):
    mappings(inventory_transfers=[])

    def by_package(content):
        columns = {"JournalNumber": "JOURNALNUMBER", "LineNumber": "LINENUMBER"}
        package = {"project": "P", "data_entity": "E", "columns": columns}
        content["tasks"][0]["target"].update(route="package", package=package)

    change(tmp_path, "inventory_transfers", by_package)
    dag = integration_dag("inventory_transfers", schedule=None)
    assert dag.get_task("lines.load").pool == "finance_operations_packages"
