"""Numbers that the platform gives: adjustment lines and accounts, counted in `msdynce_p2cautonumber`.

As on the real system the counter is read and then written, one row per table; the row comes with the first number.
"""

from __future__ import annotations

import hashlib
import string

from sandbox.dataverse.service import Call, Change, OrganizationService

SUFFIX_LENGTH = 6
# entity name: prefix and first number of its counter
COUNTERS = {"msdyn_inventoryadjustmentproduct": ("IAP", 1), "account": ("ACC", 1000)}


def number_line(service: OrganizationService, call: Call, change: Change) -> None:
    """Give a line of an adjustment or transfer its number: the bare integer, whatever the request says."""
    change.after["msdynce_numbersequence"] = str(_next(service, call, "msdyn_inventoryadjustmentproduct"))


def number_account(service: OrganizationService, call: Call, change: Change) -> None:
    """Give an account without a number one such as `ACC-01000-BVRCPS`."""
    if not change.after.get("accountnumber"):
        number = _next(service, call, "account")
        change.after["accountnumber"] = f"ACC-{number:05}-{_suffix(number)}"


def _next(service: OrganizationService, call: Call, entity: str) -> int:
    """Count on, and give the new number."""
    table = service.database.schema.tables["msdynce_p2cautonumber"]
    store = service.database.stores[table.name]
    prefix, first = COUNTERS[entity]
    found = store.find(("msdynce_entityname",), (entity,))
    if found:
        number = int(store.rows[found[0]]["msdynce_numbersequence"]) + 1
        service.update(call.as_system, table, found[0], {"msdynce_numbersequence": number})
        return number
    counter = {
        "msdynce_name": entity,
        "msdynce_entityname": entity,
        "msdynce_prefix": prefix,
        "msdynce_numbersequence": first,
        "msdynce_suffixlength": SUFFIX_LENGTH,
    }
    service.create(call.as_system, table, counter)
    return first


def _suffix(number: int) -> str:
    """Give letters that look random and are the same for the same number."""
    digest = hashlib.sha256(str(number).encode()).digest()
    return "".join(string.ascii_uppercase[byte % 26] for byte in digest[:SUFFIX_LENGTH])
