"""Worlds and reference of stock documents (docs/areas/inventory-adjustments.md, inventory-transfers.md)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.worlds import depots
from tests.worlds.documents import day_of, incomplete, some_moment
from tests.worlds.model import QUARANTINED, SKIPPED, WRITTEN, Company, Row, Target, Verdict, World, repeated, trimmed
from tests.worlds.pieces import companies, fixed_id, new_id, organization, unit_id

LINES = "msdyn_inventoryadjustmentproducts"
DIMENSIONS = ("ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId")
ZONES = ("America/Los_Angeles", "Europe/Berlin", "UTC")


@dataclass(frozen=True)
class Side:
    """A warehouse of a document: its column in Field Service, and the prefix of its columns in F&O."""

    column: str
    warehouse: str
    site: str
    dimensions: str


@dataclass(frozen=True)
class Journals:
    """One kind of stock document.

    :param short: lookup of the line to its document; :param other: journals of the other kind, in one number space.
    """

    task: str
    letter: str
    short: str
    documents: str
    time: str
    setting: str
    names: tuple[str, str]
    headers: str
    entries: str
    other: str
    sides: tuple[Side, ...]
    signed: bool

    def build(self, random: Random) -> World:
        """Make a world with documents of this kind, and a few of the other."""
        world = World(companies(random, prefixes=True, quantity_sign=random.choice((1, -1))))
        world.dataverse = organization(world) | {self.documents: [], LINES: []}
        depots.furnish(world)
        for company in world.companies:
            company.settings["time_zone"] = random.choice(ZONES)
            if random.random() < 0.7:
                company.settings[self.setting] = random.choice(self.names)
            company.maps["warehouse_map"] = dict(depots.VANS)
            for number in random.sample(range(1, 9), random.randrange(1, 5)):
                self._document(random, company, number, world)
            self._present(random, company, world)
        return world

    def _document(self, random: Random, company: Company, number: int, world: World) -> None:
        name = f"{company.name[0].upper()}{self.letter}00000{number}"
        document = {
            f"{self.short}id": new_id(random), "owningbusinessunit": unit_id(company.name),
            "msdyn_name": random.choice((name, name, name, name, name, name, f"{name}-LONG", "")),
            "msdynce_poststatus": random.choice((1, 2, 2, 2, 2, 2)),
            self.time: some_moment(random) if random.random() < 0.7 else None,
            **{side.column: depots.some_warehouse(random, company, good=0.88) for side in self.sides},
        }  # fmt: skip
        world.dataverse[self.documents].append(document)
        good = random.random() < 0.6  # a document without any faulty line
        for position in range(1, random.randrange(2, 5)):
            world.dataverse[LINES].append(self._line(random, company, document, position, good=good))

    def _line(self, random: Random, company: Company, document: Row, position: int, *, good: bool) -> Row:
        odd = not good and random.random() < 0.5
        sequences = (str(position), str(position), "1", "01", "", "x1", "0")
        return {
            f"{LINES[:-1]}id": new_id(random), self.short: document[f"{self.short}id"],
            "createdon": some_moment(random), "owningbusinessunit": unit_id(company.name),
            "msdyn_product": depots.some_product(random, company, good=0.7 if odd else 1),
            "msdyn_unit": fixed_id("unit", random.choice(("ea", "box")) if odd else "ea"),
            "msdyn_quantity": random.choice((5, 0.25, 1000000, 0, -3, 0.01, None) if odd else (5, 0.25, 12)),
            "msdynce_numbersequence": random.choice(sequences) if odd else str(position),
        }  # fmt: skip

    def _present(self, random: Random, company: Company, world: World) -> None:
        """Put journals into F&O whose numbers documents have too: posted, waiting, or of the other kind."""
        for document in world.dataverse[self.documents]:
            if document["owningbusinessunit"] != unit_id(company.name) or not 0 < len(document["msdyn_name"]) <= 10:
                continue
            kind = random.choice(("", "", "", "", "posted", "waiting", "other"))
            if kind:
                world.finops.setdefault(self.other if kind == "other" else self.headers, []).append(
                    {
                        "dataAreaId": company.name, "JournalNumber": document["msdyn_name"],
                        "IsPosted": "Yes" if kind == "posted" else "No",
                    }
                )  # fmt: skip

    def judge(self, world: World) -> list[Verdict]:
        headers = Target("finops", self.headers, ("dataAreaId", "JournalNumber"))
        entries = Target("finops", self.entries, ("dataAreaId", "JournalNumber", "LineNumber"))
        verdict = Verdict(self.task, [headers, entries])
        for company in world.companies:
            self._judge(world, company, verdict, headers, entries)
        return [verdict]

    def _judge(self, world: World, company: Company, verdict: Verdict, headers: Target, entries: Target) -> None:
        own = {
            row[f"{self.short}id"]: row
            for row in world.dataverse[self.documents]
            if row["owningbusinessunit"] == unit_id(company.name) and row["msdynce_poststatus"] == 2
        }
        read = [row for row in world.dataverse[LINES] if row[self.short] in own]
        key = f"{LINES[:-1]}id"
        twice = repeated(_place_of(row, self.short) for row in read)
        outcomes = {row[key]: self._ended(world, company, own[row[self.short]], row, twice) for row in read}
        going = [row for row in read if not outcomes[row[key]]]
        numbers = repeated(f"{row[self.short]}|{int(row['msdynce_numbersequence'])}" for row in going)
        for row in going:
            same = f"{row[self.short]}|{int(row['msdynce_numbersequence'])}" in numbers
            bad = same or self._is_faulty(world, company, own[row[self.short]], row)
            outcomes[row[key]] = QUARANTINED if bad else WRITTEN
        incomplete(read, outcomes, key=key, document=self.short)
        self._refuse(world, company, own, read, outcomes)
        for row in read:
            verdict.settle(company.name, row[key], outcomes[row[key]])
            if outcomes[row[key]] == WRITTEN:
                document = own[row[self.short]]
                headers.put(self._header(company, document))
                entries.put(self._entry(world, company, document, row))

    def _ended(self, world: World, company: Company, document: Row, row: Row, twice: set[str]) -> str:
        """Return the outcome of a line that ends in the checks of the raw row, in look-ups or in conditions."""
        sequence = trimmed(row["msdynce_numbersequence"])
        if sequence is None or not sequence.isdigit() or _place_of(row, self.short) in twice:
            return QUARANTINED
        places = [depots.place(world, company, document[side.column]) for side in self.sides]
        if None in places or depots.released(world, company, row["msdyn_product"]) is None:
            return QUARANTINED
        known = [one for one in places if one is not None]
        there = self._journal(world, company, document)  # none of these came from here
        foreign_unit = row["msdyn_unit"] != fixed_id("unit", "ea")
        unknown = not all(is_known for _, is_known in known)
        if there or foreign_unit or unknown or not depots.is_maintained(world, row["msdyn_product"]):
            return QUARANTINED
        if len(known) == 2 and known[0][0] == known[1][0]:
            return SKIPPED
        quantity = row["msdyn_quantity"]
        wrong_quantity = (quantity is None or quantity < 0.01) if self.signed else quantity == 0
        return QUARANTINED if wrong_quantity else ""

    def _is_faulty(self, world: World, company: Company, document: Row, row: Row) -> bool:
        """Tell whether a value of the finished line is wrong."""
        places = [depots.place(world, company, document[side.column]) for side in self.sides]
        absent = any(one is None or one[0] not in depots.SITES for one in places)
        return absent or not 0 < len(document["msdyn_name"]) <= 10 or row["msdyn_quantity"] is None

    def _refuse(
        self, world: World, company: Company, own: dict[str, Row], read: list[Row], outcomes: dict[str, str]
    ) -> None:
        """F&O takes a journal with all its lines or not at all: not line 0, and not a number of the other kind."""
        key = f"{LINES[:-1]}id"
        others = {row["JournalNumber"] for row in world.finops.get(self.other, []) if row["dataAreaId"] == company.name}
        refused = {
            row[self.short]
            for row in read
            if outcomes[row[key]] == WRITTEN
            and (int(row["msdynce_numbersequence"]) == 0 or own[row[self.short]]["msdyn_name"] in others)
        }
        for row in read:
            if row[self.short] in refused and outcomes[row[key]] == WRITTEN:
                outcomes[row[key]] = QUARANTINED

    def _journal(self, world: World, company: Company, document: Row) -> Row | None:
        wanted = {"dataAreaId": company.name, "JournalNumber": document["msdyn_name"]}
        return next((row for row in world.finops.get(self.headers, []) if wanted.items() <= row.items()), None)

    def _header(self, company: Company, document: Row) -> Row:
        return {
            "dataAreaId": company.name, "JournalNumber": document["msdyn_name"],
            "JournalNameId": company.settings.get(self.setting, self.names[0]), "Description": document["msdyn_name"],
        }  # fmt: skip

    def _entry(self, world: World, company: Company, document: Row, row: Row) -> Row:
        found = depots.released(world, company, row["msdyn_product"])
        assert found is not None
        sign = company.settings["quantity_sign"] if self.signed else 1
        entry: dict[str, Any] = {
            "dataAreaId": company.name, "JournalNumber": document["msdyn_name"],
            "LineNumber": int(row["msdynce_numbersequence"]), "ItemNumber": found[1]["ItemNumber"],
            "JournalNameId": company.settings.get(self.setting, self.names[0]),
            "TransactionDate": day_of(document[self.time] or row["createdon"], company.settings["time_zone"]),
            "InventoryQuantity": row["msdyn_quantity"] * sign,
        }  # fmt: skip
        for side in self.sides:
            where = depots.place(world, company, document[side.column])
            assert where is not None
            entry |= {side.warehouse: where[0], side.site: depots.SITES[where[0]]}
            entry |= {side.dimensions + name: found[1].get(name) for name in DIMENSIONS}
        return entry


def _place_of(row: Row, document: str) -> str | None:
    sequence = trimmed(row["msdynce_numbersequence"])
    return None if sequence is None else f"{row[document]}|{sequence}".lower()


ADJUSTMENTS = Journals(
    task="inventory_adjustments", letter="A", short="msdyn_inventoryadjustment",
    documents="msdyn_inventoryadjustments", time="msdyn_adjustmenttime", setting="adjustment_journal_name",
    names=("IAdj", "IAdjFS"), headers="InventoryAdjustmentJournalHeaders",
    entries="InventoryAdjustmentJournalEntriesV2", other="InventoryTransferJournalHeaders",
    sides=(Side("msdyn_warehouse", "InventoryWarehouseId", "InventorySiteId", ""),), signed=False,
)  # fmt: skip
TRANSFERS = Journals(
    task="inventory_transfers", letter="T", short="msdyn_inventorytransfer", documents="msdyn_inventorytransfers",
    time="msdyn_transfertime", setting="transfer_journal_name", names=("ITrf", "ITrfFS"),
    headers="InventoryTransferJournalHeaders", entries="InventoryTransferJournalEntries",
    other="InventoryAdjustmentJournalHeaders",
    sides=(
        Side("msdyn_sourcewarehouse", "SourceWarehouseId", "SourceInventorySiteId", "Source"),
        Side("msdyn_destinationwarehouse", "DestinationWarehouseId", "DestinationInventorySiteId", "Destination"),
    ),
    signed=True,
)  # fmt: skip
