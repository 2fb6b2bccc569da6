"""Server-side logic of Microsoft's solutions that the integration relies on, by table and message.

Plug-ins run inside the transaction of the write that caused them: what they refuse, nobody wrote.
"""

from __future__ import annotations

from sandbox.dataverse.plugins.inventory import keep_ledger, level_stock
from sandbox.dataverse.plugins.pricing import check_units, maintain_price_list

PLUGINS = {
    ("msdynce_externalproductinventory", "create"): (level_stock,),
    ("msdynce_externalproductinventory", "update"): (level_stock,),
    ("msdyn_inventoryjournal", "create"): (keep_ledger,),
    ("product", "create"): (check_units, maintain_price_list),
    ("product", "update"): (check_units, maintain_price_list),
}
