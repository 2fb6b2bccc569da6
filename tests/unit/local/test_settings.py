"""``airflow_settings.yaml`` becomes what Airflow's import commands read."""

from __future__ import annotations

import pytest

from local.settings import SettingsError, connections, pools, read_settings, variables

TEXT = """
airflow:
  connections:
    - {conn_id: one, conn_type: dataverse, conn_host: "${PLACE}", conn_extra: {tenant_id: t, instance_discovery: false}}
    - {conn_id: two, conn_uri: "sqlite:///x"}
    - {conn_id: , conn_type: http}
  pools:
    - {pool_name: api, pool_slot: 4, pool_description: }
    - {pool_name: packages, pool_slot: 1, pool_include_deferred: true}
  variables:
    - {variable_name: root, variable_value: "file://${PLACE}"}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(TEXT)
    return path


def test_settings_are_translated_and_placeholders_filled(file, monkeypatch):
    monkeypatch.setenv("PLACE", "/here")
    settings = read_settings(file)
    assert connections(settings) == {
        "one": {"conn_type": "dataverse", "host": "/here", "extra": {"tenant_id": "t", "instance_discovery": False}},
        "two": "sqlite:///x",
    }
    assert pools(settings) == {
        "api": {"slots": 4, "description": "", "include_deferred": False},
        "packages": {"slots": 1, "description": "", "include_deferred": True},
    }
    assert variables(settings) == {"root": "file:///here"}


def test_missing_environment_variable_is_named(file, monkeypatch):
    monkeypatch.delenv("PLACE", raising=False)
    with pytest.raises(SettingsError, match="`PLACE` is not set"):
        read_settings(file)


def test_other_yaml_is_refused(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text("connections: []")
    with pytest.raises(SettingsError, match="top-level key `airflow`"):
        read_settings(path)
