"""Sales orders of external systems: parties, origin, project; lines move what is on order of their product.

An order line of a stocked product in a warehouse raises `OnOrderQuantity` there by what is ordered; the posting of the
order takes it off again together with the stock (see `posting`).
"""

from __future__ import annotations

from sandbox.finops.rules.stock import move
from sandbox.finops.rules.writes import Write
from sandbox.finops.schema import COMPANY
from sandbox.finops.store import Row, fold

HEADERS, LINES, ORIGINS = "CDSSalesOrderHeaders", "CDSSalesOrderLines", "SalesOrderOriginCodes"
CLOSED = ("Delivered", "Invoiced", "Canceled")


def check_header(write: Write) -> None:
    """Check an order and resolve its origin code from the origin type."""
    order = write.after
    customer = write.find("CustomersV2", order["OrderingCustomerAccountNumber"])
    write.demand(customer, "OrderingCustomerAccountNumber", "table 'Customers'")
    if order["InvoiceCustomerAccountNumber"]:
        payer = write.find("CustomersV2", order["InvoiceCustomerAccountNumber"])
        write.demand(payer, "InvoiceCustomerAccountNumber", "table 'Customers'")
    write.demand_currency("CurrencyCode")
    write.demand_place("DefaultShippingSiteId", "DefaultShippingWarehouseId")
    _check_project(write)
    if (
        write.before is not None
        and write.before["SalesOrderStatus"] == "Invoiced"
        and write.changed("OrderingCustomerAccountNumber", "InvoiceCustomerAccountNumber", "CurrencyCode")
    ):
        write.refuse(f"Sales order {order['SalesOrderNumber']} is invoiced; its parties cannot be changed.")
    order["SalesOrderOriginCode"] = _origin(write)


def _check_project(write: Write) -> None:
    order = write.after
    if write.changed("ProjectId"):
        write.refuse(f"The project of sales order {order['SalesOrderNumber']} cannot be changed.")
    if not order["ProjectId"]:
        return
    project = write.find("Projects", order["ProjectId"])
    write.demand(project, "ProjectId", "table 'Projects'")
    if project and fold(project["CustomerAccount"]) != fold(order["OrderingCustomerAccountNumber"]):
        write.refuse(
            f"Customer {order['OrderingCustomerAccountNumber']} is no funding source of project {order['ProjectId']}."
        )


def _origin(write: Write) -> str:
    """Give the one origin code of the order's origin type."""
    kind = write.after["SalesOrderOriginType"]
    if kind == "NotSpecified":
        return str(write.after["SalesOrderOriginCode"])
    store = write.database.stores[ORIGINS]
    start, stop = store.span((fold(write.company),))
    codes = [
        store.rows[key]["OriginCode"]
        for key in store.order[start:stop]
        if store.rows[key]["IsOriginTypeAssigned"] == "Yes" and store.rows[key]["OriginType"] == kind
    ]
    if len(codes) != 1:
        write.refuse(f"{len(codes)} sales origins have the origin type {kind}; exactly one is needed.")
    return str(codes[0])


def check_line(write: Write) -> None:
    """Check an order line, fill what it takes from order and product, and move what is on order."""
    line = write.after
    order = write.find(HEADERS, line["SalesOrderNumber"])
    write.demand(order, "SalesOrderNumber", "table 'Sales orders'")
    product = write.product(line["ProductNumber"])
    write.demand(product, "ProductNumber", "table 'Released products'")
    if write.changed("ProductNumber"):
        write.refuse("The product of a sales order line cannot be changed.")
    write.demand_unit("SalesUnitSymbol")
    write.demand_place("ShippingSiteId", "ShippingWarehouseId")
    if order is None or product is None:
        return
    closed = write.before is not None and write.before["SalesOrderLineStatus"] in CLOSED
    if closed and write.changed("OrderedSalesQuantity", "ShippingWarehouseId", "SalesPrice"):
        write.refuse(f"The line of sales order {line['SalesOrderNumber']} is delivered; it cannot be changed.")
    line["ProductName"], line["CurrencyCode"] = product["ProductName"], order["CurrencyCode"]
    line["SalesOrderOriginType"] = order["SalesOrderOriginType"]
    if line["SalesOrderLineStatus"] not in CLOSED:
        _move_on_order(write, product)


def _move_on_order(write: Write, product: Row) -> None:
    for row, sign in ((write.before, -1), (write.after, 1)):
        if row is not None and row["ShippingWarehouseId"] and product["FieldServiceProductType"] == "Inventory":
            move(write.database, write.transaction, company=str(row[COMPANY]), product=product,
                 warehouse=row["ShippingWarehouseId"], on_order=sign * row["OrderedSalesQuantity"])  # fmt: skip


RULES = {HEADERS: (check_header,), LINES: (check_line,)}
