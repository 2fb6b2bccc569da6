"""Apply ``airflow_settings.yaml`` without the Astro CLI: ``python -m local.settings [file]``.

The file is translated to the formats of ``airflow connections|pools|variables import``, which are then run in this one
process, because each start of the ``airflow`` command costs seconds.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

CONNECTION_FIELDS = {
    "conn_type": "conn_type", "conn_host": "host", "conn_schema": "schema", "conn_login": "login",
    "conn_password": "password", "conn_port": "port", "conn_extra": "extra",
}  # fmt: skip


class SettingsError(Exception):
    """The settings file cannot be applied; the message says why and what to do."""


def read_settings(path: Path) -> dict[str, Any]:
    """Read the file and replace every ``${NAME}`` by the environment's value.

    :raises SettingsError: when a variable is not set, or the file is not of the Astro form.
    """
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(settings, dict) or not isinstance(settings.get("airflow"), dict):
        raise SettingsError(f"{path}: expected a top-level key `airflow` with connections, pools and variables.")
    expanded: dict[str, Any] = _expand(settings["airflow"], path)
    return expanded


def _expand(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, path) for item in value]
    return (
        re.sub(r"\$\{(\w+)\}", lambda match: _environment(match[1], path), value) if isinstance(value, str) else value
    )


def _environment(name: str, path: Path) -> str:
    if name not in os.environ:
        raise SettingsError(
            f"{path}: the environment variable `{name}` is not set; export it and run the command again."
        )
    return os.environ[name]


def connections(settings: dict[str, Any]) -> dict[str, Any]:
    """Return connections in the form of ``airflow connections import``; entries with an empty id are left out."""
    return {
        entry["conn_id"]: entry["conn_uri"]
        if entry.get("conn_uri")
        else {field: entry[name] for name, field in CONNECTION_FIELDS.items() if entry.get(name)}
        for entry in settings.get("connections") or []
        if entry.get("conn_id")
    }


def pools(settings: dict[str, Any]) -> dict[str, Any]:
    """Return pools in the form of ``airflow pools import``."""
    return {
        entry["pool_name"]: {
            "slots": entry["pool_slot"],
            "description": entry.get("pool_description") or "",
            "include_deferred": bool(entry.get("pool_include_deferred")),
        }
        for entry in settings.get("pools") or []
        if entry.get("pool_name")
    }


def variables(settings: dict[str, Any]) -> dict[str, Any]:
    """Return variables in the form of ``airflow variables import``."""
    return {
        entry["variable_name"]: entry["variable_value"]
        for entry in settings.get("variables") or []
        if entry.get("variable_name")
    }


def apply(path: Path) -> None:
    """Create or overwrite everything the file names in Airflow's database."""
    from airflow.cli.cli_parser import get_parser

    settings = read_settings(path)
    parser = get_parser()
    with tempfile.TemporaryDirectory() as folder:
        for what, content in (
            ("connections", connections(settings)),
            ("pools", pools(settings)),
            ("variables", variables(settings)),
        ):
            file = Path(folder) / f"{what}.json"
            file.write_text(json.dumps(content), encoding="utf-8")
            options = ["--overwrite"] if what == "connections" else []
            arguments = parser.parse_args([what, "import", *options, str(file)])
            arguments.func(arguments)


def main() -> int:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "airflow_settings.yaml")
    try:
        apply(path)
    except (SettingsError, OSError) as exc:
        print(exc, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
