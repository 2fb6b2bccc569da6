"""Server-side logic of Microsoft's solutions that the integration relies on, by table and message.

Plug-ins run inside the transaction of the write that caused them: what they refuse, nobody wrote. Background workflows
run there too, so that their effect is there at once.
"""

from __future__ import annotations

from sandbox.dataverse.plugins.documents import (
    keep_invoice_date,
    lock_posted,
    mark_agreement_line,
    refuse_line_of_posted,
)
from sandbox.dataverse.plugins.inventory import keep_ledger, level_stock
from sandbox.dataverse.plugins.journals import move_work_order_stock, post_adjustment, post_transfer
from sandbox.dataverse.plugins.numbering import number_account, number_line
from sandbox.dataverse.plugins.pricing import check_units, maintain_price_list
from sandbox.dataverse.plugins.work_orders import (
    check_inventory_unit,
    clear_billing_account,
    copy_header,
    copy_status,
    keep_decimal_quantity,
    mark_maintained,
    remember_scheduling,
    reset_used_values,
)

PLUGINS = {
    ("account", "before create"): (number_account,),
    ("invoice", "before update"): (keep_invoice_date,),
    ("invoicedetail", "before create"): (mark_agreement_line,),
    ("msdynce_externalproductinventory", "create"): (level_stock,),
    ("msdynce_externalproductinventory", "update"): (level_stock,),
    ("msdyn_inventoryadjustment", "before update"): (lock_posted,),
    ("msdyn_inventoryadjustment", "update"): (post_adjustment,),
    ("msdyn_inventoryadjustmentproduct", "before create"): (refuse_line_of_posted, number_line),
    ("msdyn_inventoryjournal", "create"): (keep_ledger,),
    ("msdyn_inventorytransfer", "before update"): (lock_posted,),
    ("msdyn_inventorytransfer", "update"): (post_transfer,),
    ("msdyn_workorder", "before create"): (clear_billing_account,),
    ("msdyn_workorder", "before update"): (remember_scheduling, clear_billing_account),
    ("msdyn_workorder", "update"): (copy_status,),
    ("msdyn_workorderproduct", "before create"): (check_inventory_unit, copy_header, keep_decimal_quantity),
    ("msdyn_workorderproduct", "before update"): (check_inventory_unit, reset_used_values, keep_decimal_quantity),
    ("msdyn_workorderproduct", "create"): (mark_maintained, move_work_order_stock),
    ("msdyn_workorderproduct", "update"): (mark_maintained, move_work_order_stock),
    ("msdyn_workorderproduct", "delete"): (mark_maintained, move_work_order_stock),
    ("msdyn_workorderservice", "before create"): (copy_header,),
    ("msdyn_workorderservice", "before update"): (reset_used_values,),
    ("msdyn_workorderservice", "create"): (mark_maintained,),
    ("msdyn_workorderservice", "update"): (mark_maintained,),
    ("msdyn_workorderservice", "delete"): (mark_maintained,),
    ("product", "create"): (check_units, maintain_price_list),
    ("product", "update"): (check_units, maintain_price_list),
}
