"""Behaviours of Dataverse that a test may switch (`POST /limits`): open points of the sources, and forced trouble.

Every field of `Switches` is one switch with its default. Where sources contradict each other the default is the
reading recommended in the protocol notes.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Switches:
    """The switches in force for one request.

    :param plug_ins: run server-side logic after writes.
    :param forbidden_privileges: privileges taken from every application user, for example
        `["prvCreatemsdyn_inventoryjournal"]`; also checked for plug-ins that act as the calling user.
    :param products_created_as: `active` or `draft`, the organisation setting for new products.
    :param read_only_columns: `refuse` a write to a column that is read-only or create-only, or `ignore` it
        [unconfirmed which].
    :param unknown_column_code: code for an unknown column in a query option, `0x0` (printed in the documentation) or
        `0x80060888` [conflict].
    :param upsert_multiple_status: success status of UpsertMultiple [unconfirmed: 204, clients accept 200 and 201].
    :param upsert_races: so many next upserts by key lose a race: another client creates the row first and the caller
        gets 412 `0x80040237`.
    :param refuse_key_characters_in_references: characters that break a key in a URL also break it in `@odata.bind`
        and `@odata.id` [unconfirmed].
    :param change_tracking_on: further tables with change tracking, for example `["msdyn_inventoryadjustment"]`.
    :param delta_token_days: lifetime of delta tokens; null takes the organisation's `expirechangetrackingindays`,
        0 makes every token stale at once.
    :param tables_without_bulk_messages: tables whose CreateMultiple, UpdateMultiple and UpsertMultiple are missing.
    :param column_security_profile: the application users have a column security profile for the secured columns;
        without one they read null and may not write them.
    :param dop_hint: recommended parallelism, sent as `x-ms-dop-hint`.
    """

    plug_ins: bool = True
    forbidden_privileges: tuple[str, ...] = ()
    products_created_as: str = "active"
    read_only_columns: str = "refuse"
    unknown_column_code: str = "0x0"
    upsert_multiple_status: int = 204
    upsert_races: int = 0
    refuse_key_characters_in_references: bool = True
    change_tracking_on: tuple[str, ...] = ()
    delta_token_days: float | None = None
    tables_without_bulk_messages: tuple[str, ...] = ()
    column_security_profile: bool = False
    dop_hint: int = 4

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Switches:
        """Take the switches in force; names that belong to others are not ours to judge."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        if "forbidden_privileges" in known:
            known["forbidden_privileges"] = tuple(name.lower() for name in known["forbidden_privileges"])
        return cls(**known)


def lose_next_race(values: MutableMapping[str, Any]) -> bool:
    """Tell whether this upsert loses its race, and count it."""
    left = values.get("upsert_races", 0)
    if left > 0:
        values["upsert_races"] = left - 1
    return bool(left > 0)


DEFAULTS: dict[str, Any] = asdict(Switches())
