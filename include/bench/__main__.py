"""``make bench``: what the pipeline costs beside a minimal script, measured in one run against one sandbox.

Reported are ratios, because machines differ and are noisy. Airflow's own cost per task is not part of it: the steps run
in one process without Airflow, which also makes the memory peak an upper bound of what a single task needs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.measure import BenchError, Cost, measured
from local.direct import CLIENT, SECRET, TENANT
from local.services import Sandbox, ServiceError, running_sandbox

TARGETS = {
    "first run, CPU time / minimal script's": 4.0,
    "second run, time / first run's": 0.5,
    "peak memory, many rows / few rows": 1.5,
}
console = Console()


@contextmanager
def world(rows: int, folder: Path) -> Iterator[tuple[Sandbox, Path]]:
    """Run a sandbox with this many on-hand rows; yield it with the configuration file of the measured programs."""
    with running_sandbox(port=0, scale=str(rows), log=folder / f"sandbox-{rows}.log") as sandbox:
        # A sandbox starts with the world of its last stop; this one is to have exactly these rows.
        sandbox.control("POST", "/reset", {"seed": 7, "scale": str(rows), "empty": False})
        config = folder / f"config-{rows}.json"
        config.write_text(json.dumps(_config(sandbox, folder / f"home-{rows}")), encoding="utf-8")
        yield sandbox, config


def _config(sandbox: Sandbox, home: Path) -> dict[str, Any]:
    return {"urls": sandbox.urls, "ca_file": str(sandbox.ca_file), "home": str(home),
            "tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET}  # fmt: skip


def prepare(config: Path, folder: Path) -> None:
    """Bring warehouses and products over, which both programs need."""
    measured("bench.pipeline", str(config), "warehouses", "products", log=folder / "prepare.log")


def compare(rows: int, folder: Path) -> dict[str, Cost]:
    """Measure the minimal script, then in a fresh world the pipeline's first and second run."""
    costs = {}
    with world(rows, folder) as (sandbox, config):
        prepare(config, folder)
        costs["minimal script"] = measured("bench.minimal", str(config), log=folder / "minimal.log")
        sandbox.control("POST", "/reset", {"seed": 7, "scale": str(rows), "empty": False})
        _forget(config)
        prepare(config, folder)
        for name in ("first run", "second run"):
            costs[name] = measured("bench.pipeline", str(config), "product_inventory", log=folder / f"{name}.log")
    return costs


def _forget(config: Path) -> None:
    """The sandbox is a new world: so must be the ledger."""
    content = json.loads(config.read_text(encoding="utf-8"))
    content["home"] += "-fresh"
    config.write_text(json.dumps(content), encoding="utf-8")


def many(rows: int, folder: Path) -> Cost:
    """Measure one first run over many rows."""
    with world(rows, folder) as (_, config):
        prepare(config, folder)
        return measured("bench.pipeline", str(config), "product_inventory", log=folder / "many.log")


def report(costs: dict[str, Cost], ratios: dict[str, float]) -> bool:
    """Print both tables. :returns: whether every target is met."""
    table = Table("run", "CPU s", "wall s", "peak MiB", "outcome", title_justify="left", title="Measured")
    for name, cost in costs.items():
        table.add_row(name, f"{cost.cpu:.1f}", f"{cost.wall:.1f}", f"{cost.peak:.0f}", json.dumps(cost.answer))
    console.print(table)
    verdict = Table("ratio", "measured", "at most", "", title_justify="left", title="Against the targets")
    for name, ratio in ratios.items():
        verdict.add_row(
            name, f"{ratio:.2f}", f"{TARGETS[name]:.2f}", "met" if ratio <= TARGETS[name] else "[red]missed"
        )
    console.print(verdict)
    return all(ratio <= TARGETS[name] for name, ratio in ratios.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="on-hand rows of the comparison")
    parser.add_argument(
        "--many", type=int, default=1_000_000, help="on-hand rows of the memory measurement, 0 to leave it out"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fs-bench-") as name:
        folder = Path(name)
        try:
            costs = compare(options.rows, folder)
            first, second = costs["first run"], costs["second run"]
            ratios = {
                "first run, CPU time / minimal script's": first.cpu / costs["minimal script"].cpu,
                "second run, time / first run's": second.wall / first.wall,
            }
            if options.many:
                costs["first run, many rows"] = many(options.many, folder)
                ratios["peak memory, many rows / few rows"] = costs["first run, many rows"].peak / first.peak
        except (BenchError, ServiceError) as exc:
            console.print(f"[red]{exc}")
            return 2
    met = report(costs, ratios)
    if options.json:
        figures = {"costs": {name: asdict(cost) for name, cost in costs.items()}, "ratios": ratios}
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
