"""What chance decides of a trial: when rows come, what breaks on the way, and where a run is killed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.reliability.site import Site
from tests.worlds.model import Row, World

from fs_integration.spec.loader import load_mapping

SYSTEMS = {"finance_operations": "finops", "dataverse": "dataverse"}
LATE = 0.3  # share of the source rows that come between the runs
MOST_POINTS = 120  # most runs of these worlds pass fewer points; a number beyond them kills nobody
# Column of the first source table that somebody edits between the runs.
EDITED = {
    "accounts": "name", "warehouses": "WarehouseName", "products": "ProductName", "projects": "ProjectName",
    "product_inventory": "AvailableOnHandQuantity",
}  # fmt: skip
# Faults of the sandbox that a run may meet (docs/sandbox.md, "Faults"), and their arguments.
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("drop_before", {}), ("drop_after_commit", {}), ("late_commit", {}),
    ("duplicate", {}), ("duplicate", {"answer": 2}),
    ("status", {"status": 429, "retry_after": 2}), ("status", {"status": 503, "retry_after": 30}),
    ("status", {"status": 503}), ("status", {"status": 500}), ("status", {"status": 504}), ("status", {"status": 401}),
    ("status", {"status": 412}), ("html", {"status": 502}), ("redirect", {}), ("empty_page", {}), ("truncate", {}),
    ("wrong_length", {}), ("wrong_length", {"by": -1}), ("bad_json", {}), ("inflate", {"bytes": 100_000_000}),
    ("foreign_next_link", {}), ("repeat_next_link", {}), ("expire_token", {}), ("delay_answer", {"seconds": 0.05}),
    ("batch_part", {"how": "refuse", "status": 503}), ("batch_part", {"how": "skip"}), ("batch_part", {"how": "lose"}),
    ("batch_part", {"how": "reverse"}),
)  # fmt: skip


def faults_by(random: Random) -> list[dict[str, Any]]:
    """Return up to four faults, each for a few requests of one system or of both."""
    found = []
    for action, args in random.sample(FAULTS, random.randrange(5)):
        found.append(
            {
                "action": action, "args": args, "system": random.choice((None, "finops", "dataverse")),
                "method": random.choice((None, None, "GET", "POST", "PATCH")), "nth": random.randrange(1, 12),
                "times": random.choice((1, 1, 1, 2, 4)),
            }
        )  # fmt: skip
    return found


def kill_by(random: Random) -> int | None:
    """Return the number of the point at which a run is killed; None lets it live."""
    return random.randrange(1, MOST_POINTS) if random.random() < 0.5 else None


@dataclass
class Activity:
    """Rows of the source tables that come later, and edits of those that are there, in a fixed order.

    :ivar waiting: by table of a system the rows to come.
    """

    area: str
    random: Random
    waiting: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    rounds: int = 0

    @classmethod
    def of(cls, area: str, world: World, random: Random) -> Activity:
        """Take rows out of a world; they come in the later rounds.

        Lines come with the row that they belong to, as both are looked for by what the other lacks otherwise.
        """
        own = cls(area, random)
        for system, entity in own.tables():
            rows = world.tables(system).get(entity, [])
            late = [row for row in rows if random.random() < LATE]
            own.waiting[system, entity] = late
            world.tables(system)[entity] = [row for row in rows if row not in late]
        return own

    def tables(self) -> list[tuple[str, str]]:
        """Return the source tables of the area, each once."""
        sources = [task.source for task in load_mapping(self.area).enabled_tasks]
        return list(dict.fromkeys((SYSTEMS[source.system], source.entity) for source in sources))

    def happen(self, site: Site, *, last: bool) -> None:
        """Let rows come, and edit some; in the last round all that still wait come."""
        self.rounds += 1
        for place, rows in self.waiting.items():
            come = rows if last else rows[: len(rows) // 2]
            self.waiting[place] = [] if last else rows[len(rows) // 2 :]
            there = [self._edited(row) for row in site.landscape.dump(*place)]
            site.landscape.replace(*place, [*there, *come])
        self._touch(site)

    def _edited(self, row: Row) -> Row:
        """Return the row as somebody leaves it who edits every third one, chosen by what is in it."""
        column = EDITED.get(self.area)
        old = row.get(column) if column else None
        if old is None or (len(json.dumps(old)) + self.rounds) % 3:
            return row
        new = old + self.rounds if isinstance(old, int | float) else f"{old} {self.rounds}"
        return {name: value for name, value in row.items() if name != "modifiedon"} | {column: new}

    def _touch(self, site: Site) -> None:
        """Let the headers of documents change when their lines do, as Field Service does when it sums them up."""
        for task in load_mapping(self.area).enabled_tasks:
            changed = task.source.changed_since
            if changed is not None and "." in changed.field:
                header = HEADERS[changed.field.split(".")[0]]
                rows: Sequence[Row] = [dict(row) for row in site.landscape.dump("dataverse", header)]
                for row in rows:
                    row.pop("modifiedon", None)
                site.landscape.replace("dataverse", header, list(rows))


HEADERS = {
    "invoiceid": "invoices", "msdyn_inventoryadjustment": "msdyn_inventoryadjustments",
    "msdyn_inventorytransfer": "msdyn_inventorytransfers",
}  # fmt: skip
