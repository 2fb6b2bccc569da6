"""The organisation service: create, update and delete one row, with privileges, checks and plug-ins.

Every way of writing (single requests, bulk messages, batches, plug-ins themselves) ends here, so that one rule holds
for all of them. What it raises undoes the surrounding transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sandbox.dataverse.errors import (
    bad_request,
    in_use,
    invalid_status,
    missing_privilege,
    not_found,
    record_exists,
    secured_column,
)
from sandbox.dataverse.ownership import set_owner
from sandbox.dataverse.schema import Relationship, Table
from sandbox.dataverse.store import Database, Row, Transaction
from sandbox.dataverse.switches import Switches
from sandbox.dataverse.values import accept
from sandbox.identity import new_id

NO_CASCADE = "NoCascade"


@dataclass
class Call:
    """Who writes, when, and inside which transaction.

    :param moment: UTC text for `createdon` and `modifiedon`; :param elevated: a plug-in acting as the system user.
    :param references: ids of rows already resolved for `@odata.bind`, by the text that named them.
    """

    user_id: str
    moment: str
    transaction: Transaction
    elevated: bool = False
    references: dict[str, str] = field(default_factory=dict)

    @cached_property
    def as_system(self) -> Call:
        """The same call with the privileges of the system user."""
        return replace(self, elevated=True)


@dataclass(frozen=True, slots=True)
class Change:
    """What a plug-in is told: the request's columns (target) and the row before and after.

    A plug-in that runs before the write may change `after`, in stored form; after a deletion it is empty.
    """

    target: Mapping[str, Any]
    before: Row | None
    after: Row


Plugin = Callable[["OrganizationService", Call, Change], None]


class OrganizationService:
    """Write rows the way the platform does.

    :param plugins: what runs with a write, by table and message: `create`, `update` or `delete` after it,
        `before create` or `before update` ahead of it.
    """

    def __init__(
        self, database: Database, switches: Switches, plugins: Mapping[tuple[str, str], tuple[Plugin, ...]]
    ) -> None:
        self.database = database
        self.switches = switches
        self._plugins = plugins

    def require(self, user_id: str, action: str, table: Table) -> None:
        """Refuse an action whose privilege a switch takes away.

        :param action: Create, Read, Write or Delete.
        """
        privilege = f"prv{action}{table.name}"
        if privilege.lower() in self.switches.forbidden_privileges:
            raise missing_privilege(user_id, privilege, table.name)

    def create(self, call: Call, table: Table, values: Mapping[str, Any]) -> str:
        """Create a row and give its id.

        :param values: raw values by logical column name; lookups as ids.
        """
        self._require(call, "Create", table)
        self._refuse_secured(call, table, values)
        target = self._accept(table, values, creating=True)
        store = self.database.stores[table.name]
        row_id = target.get(table.primary_id) or new_id()
        if row_id in store.rows:
            raise record_exists()
        row = {**table.defaults, **{name: value for name, value in target.items() if value is not None}}
        self._set_state(table, row, target, before=None)
        if table.ownership == "UserOwned":
            set_owner(self.database, row, call.user_id)
        row[table.primary_id] = row_id
        row["createdon"] = target.get("overriddencreatedon") or call.moment
        row["createdby"] = row["modifiedby"] = call.user_id
        row["modifiedon"] = call.moment
        self._run_plugins("before create", call, table, Change(target, None, row))
        table.calculate(row)
        store.check_keys(row_id, row)
        call.transaction.insert(store, row_id, row)
        self._run_plugins("create", call, table, Change(target, None, row))
        return row_id

    def update(self, call: Call, table: Table, row_id: str, values: Mapping[str, Any]) -> None:
        """Update a row; an equal value counts as a change, as on the real platform."""
        self._require(call, "Write", table)
        self._refuse_secured(call, table, values)
        store = self.database.stores[table.name]
        before = store.rows.get(row_id)
        if before is None:
            raise not_found(table.name, row_id)
        target = self._accept(table, values, creating=False)
        if target.pop(table.primary_id, row_id) != row_id:
            raise bad_request(f"The primary key '{table.primary_id}' of a row cannot be changed.")
        after = {**before, **target}
        self._set_state(table, after, target, before=before)
        if None in after.values():
            after = {name: value for name, value in after.items() if value is not None}
        if "ownerid" in target:
            set_owner(self.database, after, call.user_id)
        after["modifiedon"] = call.moment
        after["modifiedby"] = call.user_id
        self._run_plugins("before update", call, table, Change(target, before, after))
        table.calculate(after)
        store.check_keys(row_id, after)
        call.transaction.replace(store, row_id, after)
        self._run_plugins("update", call, table, Change(target, before, after))

    def delete(self, call: Call, table: Table, row_id: str) -> None:
        """Delete a row and do to the rows pointing at it what each relationship says."""
        self._require(call, "Delete", table)
        store = self.database.stores[table.name]
        row = store.rows.get(row_id)
        if row is None:
            raise not_found(table.name, row_id)
        referencing = [r for r in self.database.schema.referencing(table.name) if r.on_delete != NO_CASCADE]
        for relationship in sorted(referencing, key=lambda r: r.on_delete != "Restrict"):
            self._cascade(call, relationship, row_id)
        call.transaction.delete(store, row_id)
        self._run_plugins("delete", call, table, Change({}, row, {}))

    def _require(self, call: Call, action: str, table: Table) -> None:
        if not call.elevated:
            self.require(call.user_id, action, table)

    def _refuse_secured(self, call: Call, table: Table, values: Mapping[str, Any]) -> None:
        if call.elevated or self.switches.column_security_profile:
            return
        for name in values:
            if table.columns[name].secured:
                raise secured_column(call.user_id, name)

    def _cascade(self, call: Call, relationship: Relationship, row_id: str) -> None:
        store = self.database.stores[relationship.referencing]
        pointing = [
            child_id
            for child_id, row in store.rows.items()
            if row.get(relationship.column) == row_id and child_id != row_id
        ]
        if pointing and relationship.on_delete == "Restrict":
            raise in_use()
        for child_id in pointing:
            if relationship.on_delete == "Cascade":
                self.delete(call.as_system, store.table, child_id)
            else:
                row = {name: value for name, value in store.rows[child_id].items() if name != relationship.column}
                call.transaction.replace(store, child_id, row)

    def _accept(self, table: Table, values: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
        accepted = {}
        for name, value in values.items():
            column = table.columns[name]
            if not (column.creatable if creating else column.updatable) and not self._may_repeat(table, name, creating):
                if self.switches.read_only_columns == "ignore":
                    continue
                raise bad_request(f"The column '{name}' of '{table.name}' cannot be set in {_verb(creating)} request.")
            accepted[name] = accept(table, column, value)
        return accepted

    @staticmethod
    def _may_repeat(table: Table, name: str, creating: bool) -> bool:
        """An update may name the primary key that it addresses."""
        return not creating and name == table.primary_id

    def _set_state(self, table: Table, row: Row, target: Mapping[str, Any], *, before: Row | None) -> None:
        """Keep state and status reason consistent, each implying the other when only one is sent."""
        state, status = target.get("statecode"), target.get("statuscode")
        if state is None and status is None:
            row["statecode"], row["statuscode"] = self._current_state(table, before)
            return
        states = table.columns["statuscode"].options.states  # type: ignore[union-attr]
        if status is None:
            status = next(value for value, of in states.items() if of == state)
        if state is None:
            state = states[status]
        if states.get(status) != state:
            raise invalid_status(state, status, table.name)
        row["statecode"], row["statuscode"] = state, status

    def _current_state(self, table: Table, before: Row | None) -> tuple[int, int]:
        if before is not None:
            return before["statecode"], before["statuscode"]
        if table.name == "product" and self.switches.products_created_as == "draft":
            return 2, 0
        return table.defaults["statecode"], table.defaults["statuscode"]  # type: ignore[return-value]

    def _run_plugins(self, message: str, call: Call, table: Table, change: Change) -> None:
        plugins = self._plugins.get((table.name, message))
        if plugins and self.switches.plug_ins:
            for plugin in plugins:
                plugin(self, call, change)


def _verb(creating: bool) -> str:
    return "a create" if creating else "an update"
