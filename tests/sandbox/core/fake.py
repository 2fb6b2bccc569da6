"""The smallest emulated systems: rows in a dictionary, a page of all rows, a count of commits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.composition import Composition, Rows
from sandbox.entra import InvalidToken
from sandbox.environment import Environment
from sandbox.http import Request, Response

ENTITY_SET = "things"
PATHS = {"finops": f"/data/{ENTITY_SET}", "dataverse": f"/api/data/v9.2/{ENTITY_SET}"}


class FakeSystem:
    """Answer GET with every row and a next link, and POST by adding a row."""

    def __init__(self, name: str, environment: Environment) -> None:
        self.name = name
        self.rows: Rows = []
        self._environment = environment

    def load(self, tables: dict[str, Rows]) -> None:
        self.rows = list(tables.get(ENTITY_SET, []))

    def replace(self, entity_set: str, rows: Rows) -> None:
        self.rows = list(rows)

    def dump(self, entity_set: str) -> Iterable[dict[str, Any]]:
        return iter(self.rows)

    def handle(self, request: Request) -> Response:
        try:
            self._environment.issuer.claims(request.headers.get("authorization", "").partition(" ")[2])
        except InvalidToken as error:
            return Response(401, str(error).encode())
        if request.path.endswith("/broken"):
            raise RuntimeError("a defect of the emulator")
        if request.method == "POST":
            self.rows.append(json.loads(request.body))
            return Response(204, headers={"x-sandbox-rows": "1"})
        link = f"{request.base_url}{request.path}?$skiptoken=2"
        body = json.dumps({"value": self.rows, "@odata.nextLink": link}).encode()
        return Response(200, body, {"Content-Type": "application/json", "x-sandbox-rows": str(len(self.rows))})


@dataclass
class FakeWorld:
    """A world with so many things as the scale says."""

    finops: dict[str, Rows] = field(default_factory=dict)
    dataverse: dict[str, Rows] = field(default_factory=dict)


def build_world(seed: int, scale: str | int, empty: bool) -> FakeWorld:
    """Build `scale` things in both systems, numbered from the seed."""
    if not str(scale).isdigit():
        raise ValueError(f"Unknown scale '{scale}'.")
    rows: Rows = [] if empty else [{"id": seed + index} for index in range(int(scale))]
    return FakeWorld({ENTITY_SET: rows}, {ENTITY_SET: rows})


def composition() -> Composition:
    """Give a sandbox of two fake systems."""
    return Composition(
        create_systems=lambda environment: [FakeSystem(name, environment) for name in PATHS],
        entity_sets={name: (ENTITY_SET,) for name in PATHS},
        switches={"finops": {}, "dataverse": {"plug_ins": True}},
        build_world=build_world,
        post_journals=lambda systems: {"journals": len(systems)},
        post_orders=lambda systems: {"orders": len(systems)},
        move_stock=lambda systems, count, seed: {"changed": count, "seed": seed},
        let_technicians_work=lambda systems, count, seed: {"done": count, "seed": seed},
    )
