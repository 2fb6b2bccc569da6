"""Every data entity by the label that data projects and manifests name it by, and how its rows are exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.finops.packages.journals import JOURNALS, JournalEntity, product_numbers
from sandbox.finops.schema import COMPANY, Entity
from sandbox.finops.store import Database, Row, fold
from sandbox.finops.tables import SCHEMA
from sandbox.finops.tables.inventory import ON_HAND

ON_HAND_LABEL = "CDS inventory on-hand by warehouse"
_ON_HAND_TARGET = "InventWarehouseOnHandCDSEntity"
_DIMENSIONS = (
    "ItemNumber", "ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId",
)  # fmt: skip
_ON_HAND_COLUMNS = (
    "ProductNumber", "InventoryWarehouseId", "InventorySiteId", *_DIMENSIONS,
    "OnHandQuantity", "OnOrderQuantity", "OrderedQuantity", "AvailableOnHandQuantity", "ReservedOnHandQuantity",
    "AvailableOrderedQuantity", "ReservedOrderedQuantity", "TotalAvailableQuantity",
    "AreWarehouseManagementProcessesUsed",
)  # fmt: skip
Complete = Callable[[Database, str], Callable[[Row], Row]]


@dataclass(frozen=True, slots=True)
class ExportEntity:
    """A data entity as packages know it.

    :param label: name in projects and manifests; :param source: collection whose rows and changes it shows.
    :param columns: property names; files spell them in upper case. The company is no column of a package.
    :param complete: given database and company, makes the function that adds what the source row does not hold.
    """

    label: str
    target: str
    source: str
    columns: tuple[str, ...]
    change_tracking: bool
    complete: Complete

    def rows(self, database: Database, company: str, since: int | None) -> Iterator[Row]:
        """Give the rows of a company, only those changed after a sequence number when given."""
        store = database.stores[self.source]
        complete = self.complete(database, company)
        if since is not None:
            changed = store.changed_since(since)
            return (complete(row) for row in changed if fold(row.get(COMPANY, "")) in ("", fold(company)))
        prefix = (fold(company),) if store.entity.company_specific else ()
        start, stop = store.span(prefix)
        return (complete(store.rows[store.order[index]]) for index in range(start, stop))


def export_entities() -> dict[str, ExportEntity]:
    """Give every exportable entity by label."""
    public = {entity.label: _public(entity) for entity in SCHEMA.by_set.values()}
    on_hand = ExportEntity(
        ON_HAND_LABEL, _ON_HAND_TARGET, ON_HAND.collection, _ON_HAND_COLUMNS, True, _with_product_number
    )
    return {**public, ON_HAND_LABEL: on_hand, **{journal.label: _journal(journal) for journal in JOURNALS}}


def _journal(journal: JournalEntity) -> ExportEntity:
    return ExportEntity(journal.label, journal.target, journal.lines.collection, journal.names, False, journal.shown)


def _public(entity: Entity) -> ExportEntity:
    columns = tuple(name for name in entity.properties if name != COMPANY)
    return ExportEntity(entity.label, entity.target, entity.collection, columns, entity.change_tracking, _unchanged)


def _unchanged(_database: Database, _company: str) -> Callable[[Row], Row]:
    return lambda row: row


def _with_product_number(database: Database, company: str) -> Callable[[Row], Row]:
    """Add the product number of item and dimensions; stock of an item without a distinct product has none."""
    numbers = product_numbers(database, company)

    def complete(row: Row) -> Row:
        return {**row, "ProductNumber": numbers.get(tuple([fold(row[name]) for name in _DIMENSIONS]), "")}

    return complete


ENTITIES = export_entities()
