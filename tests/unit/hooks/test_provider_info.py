"""Airflow finds the connection types in both ways of deployment, and every field of the form means something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fs_integration.clients.settings import EXTRA_KEYS
from fs_integration.provider_info import get_provider_info

TYPES = {kind["connection-type"]: kind for kind in get_provider_info()["connection-types"]}
BOTH = pytest.mark.parametrize("kind", TYPES.values(), ids=list(TYPES))
ASK = """
import json
from airflow.providers_manager import ProvidersManager
manager = ProvidersManager()
forms = {form.connection_type: form.hook_class_name for form in manager.iter_connection_type_hook_ui_metadata()}
fields = [name for name in manager.connection_form_widgets if name.startswith("extra__dataverse__")]
print("ANSWER" + json.dumps([forms, fields]))
"""


@BOTH
def test_the_hook_class_exists_and_agrees(kind: dict[str, Any]) -> None:
    module, _, name = kind["hook-class-name"].rpartition(".")
    hook = getattr(import_module(module), name)
    assert (hook.conn_type, hook.hook_name) == (kind["connection-type"], kind["hook-name"])


@BOTH
def test_every_field_of_the_form_is_a_setting_and_every_setting_is_in_a_form(kind: dict[str, Any]) -> None:
    of_the_other = "environment_id_from" if kind["connection-type"] == "dataverse" else "organization_id"
    own = set(EXTRA_KEYS) - {of_the_other}
    assert set(kind["conn-fields"]) == own


@BOTH
def test_secrets_are_hidden_in_the_form_and_named_so_that_airflow_masks_them(kind: dict[str, Any]) -> None:
    from airflow.sdk._shared.secrets_masker import should_hide_value_for_key

    for name in ("certificate_private_key", "certificate_passphrase"):
        assert kind["conn-fields"][name]["schema"]["format"] == "password"
        assert should_hide_value_for_key(name)


def test_every_setting_is_documented(root: Path) -> None:
    text = (root / "docs" / "connections.md").read_text(encoding="utf-8")
    assert [name for name in EXTRA_KEYS if f"`{name}`" not in text] == []


def test_the_version_is_the_same_everywhere(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = root / "plugins" / f"fs_integration-{project['version']}.dist-info"
    assert f"Version: {project['version']}\n" in (folder / "METADATA").read_text(encoding="utf-8")
    assert get_provider_info()["versions"] == [project["version"]]
    entry = project["entry-points"]["apache_airflow_provider"]["provider_info"]
    assert f"provider_info = {entry}\n" in (folder / "entry_points.txt").read_text(encoding="utf-8")


def test_a_folder_deployment_registers_the_types(root: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(root / "plugins"), "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    forms, fields = json.loads(done.stdout.rpartition("ANSWER")[2])
    assert {name: forms.get(name) for name in TYPES} == {name: kind["hook-class-name"] for name, kind in TYPES.items()}
    assert fields == [f"extra__dataverse__{name}" for name in TYPES["dataverse"]["conn-fields"]]
