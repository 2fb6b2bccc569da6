"""Supply Chain Management's own jobs: posting of inventory journals, delivery and invoicing of work-order orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sandbox.finops.rules.stock import ITEM, move
from sandbox.finops.schema import COMPANY
from sandbox.finops.store import Database, EntityStore, Row, Transaction, fold
from sandbox.finops.tables.journals import ADJUSTMENT_HEADERS, ADJUSTMENT_LINES, TRANSFER_HEADERS, TRANSFER_LINES
from sandbox.finops.tables.products import DISTINCT
from sandbox.finops.tables.sales_orders import HEADERS, LINES

INTEGRATION = "WorkOrderIntegration"
READY = ("OpenCompleted", "ClosedPosted")


def post_journals(database: Database, moment: datetime) -> dict[str, int]:
    """Post every adjustment and transfer journal that is not posted yet, each in its own transaction.

    :return: journals and lines posted.
    """
    posted = {"journals": 0, "lines": 0}
    for headers, lines in ((ADJUSTMENT_HEADERS, ADJUSTMENT_LINES), (TRANSFER_HEADERS, TRANSFER_LINES)):
        store = database.stores[headers.collection]
        for journal in [row for row in store.rows.values() if row["IsPosted"] == "No"]:
            with database.transaction() as transaction:
                own = list(_rows_of(database.stores[lines.collection], journal, "JournalNumber"))
                for line in own:
                    _post_line(database, transaction, line)
                changes = {"IsPosted": "Yes", "PostedDateTime": _text(moment), "PostedUserId": "Admin"}
                transaction.put(store, store.key_of(journal), database.next_version(store, journal, changes))
            posted["journals"] += 1
            posted["lines"] += len(own)
    return posted


def _post_line(database: Database, transaction: Transaction, line: Row) -> None:
    """Move the stock of a journal line. A transfer takes its quantity as an issue, with a minus sign."""
    quantity = line["InventoryQuantity"]
    if "InventoryWarehouseId" in line:
        move(database, transaction, company=line[COMPANY], product=line, warehouse=line["InventoryWarehouseId"],
             on_hand=quantity)  # fmt: skip
        return
    for side, pieces in (("Source", quantity), ("Destination", -quantity)):
        product = {name: line[name if name == "ItemNumber" else f"{side}{name}"] for name in ITEM}
        move(database, transaction, company=line[COMPANY], product=product, warehouse=line[f"{side}WarehouseId"],
             on_hand=pieces)  # fmt: skip


def post_orders(database: Database) -> dict[str, int]:
    """Deliver and invoice the orders of work orders that are done.

    :return: orders and lines posted.
    """
    store, line_store = database.stores[HEADERS.collection], database.stores[LINES.collection]
    posted = {"orders": 0, "lines": 0}
    for order in [row for row in store.rows.values() if _is_ready(row)]:
        with database.transaction() as transaction:
            own = list(_rows_of(line_store, order, "SalesOrderNumber"))
            for line in own:
                _deliver(database, transaction, line)
                changes = {"SalesOrderLineStatus": "Invoiced"}
                transaction.put(line_store, line_store.key_of(line), database.next_version(line_store, line, changes))
            changes = {"SalesOrderStatus": "Invoiced", "SalesOrderProcessingStatus": "Invoiced"}
            transaction.put(store, store.key_of(order), database.next_version(store, order, changes))
        posted["orders"] += 1
        posted["lines"] += len(own)
    return posted


def _is_ready(order: Row) -> bool:
    return (
        order["SalesOrderOriginType"] == INTEGRATION
        and order["ExternalWorkOrderStatus"] in READY
        and order["SalesOrderStatus"] == "Backorder"
    )


def _deliver(database: Database, transaction: Transaction, line: Row) -> None:
    product = database.stores[DISTINCT.collection].rows[fold(line[COMPANY]), fold(line["ProductNumber"])]
    if line["ShippingWarehouseId"] and product["FieldServiceProductType"] == "Inventory":
        quantity = line["OrderedSalesQuantity"]
        move(database, transaction, company=line[COMPANY], product=product, warehouse=line["ShippingWarehouseId"],
             on_hand=-quantity, on_order=-quantity)  # fmt: skip


def _rows_of(store: EntityStore, header: Row, column: str) -> Iterator[Row]:
    start, stop = store.span((fold(header[COMPANY]), fold(header[column])))
    return (store.rows[key] for key in store.order[start:stop])


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
