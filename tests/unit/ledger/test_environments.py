"""The ledger remembers which environments its entries are about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fs_integration.errors import ConfigurationError
from fs_integration.ledger import environments
from fs_integration.records import Environment, Scope

USMF, DEMF = Scope("warehouses", "warehouse", "usmf"), Scope("warehouses", "warehouse", "demf")
OTHER_AREA = Scope("products", "products", "usmf")
DATAVERSE = Environment("dataverse", "https://contoso.crm4.dynamics.com", "tenant-1", "organization-1")
FINOPS = Environment("finance_operations", "https://contoso.operations.dynamics.com", "tenant-1")
BOTH = (FINOPS, DATAVERSE)

CHANGES = {
    "the same": (DATAVERSE, True),
    "an organization under another address": (replace(DATAVERSE, address="https://fabrikam.crm4.dynamics.com"), True),
    "a copy": (replace(DATAVERSE, identity="organization-2"), False),
    "a copy under another address": (replace(DATAVERSE, address="https://copy", identity="organization-2"), False),
    "another tenant": (replace(DATAVERSE, tenant="tenant-2"), False),
    "a tenant that cannot be told": (replace(DATAVERSE, tenant=""), True),
    "another address of what says no id": (replace(FINOPS, address="https://uat.operations.dynamics.com"), False),
    "an id where none was said before": (replace(FINOPS, identity="7"), True),
}


@pytest.mark.parametrize(("found", "passes"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("act", [environments.check, environments.pin])
def test_another_environment_than_before_is_refused(ledger, act, found, passes):
    environments.pin(ledger, [USMF], BOTH)
    if passes:
        act(ledger, [USMF], [found])
        return
    with pytest.raises(ConfigurationError) as caught:
        act(ledger, [DEMF, USMF], [found])
    before = DATAVERSE if found.system == "dataverse" else FINOPS
    for part in (str(before), str(found), str(USMF), "ledger unpin warehouses", "ledger forget warehouses"):
        assert part in str(caught.value)
    assert [scope for scope, _ in environments.pinned(ledger)] == [USMF, USMF]


def test_looking_pins_nothing_and_other_scopes_do_not_matter(ledger):
    environments.check(ledger, [USMF, DEMF], BOTH)
    assert environments.pinned(ledger) == []
    environments.pin(ledger, [USMF], BOTH)
    environments.check(ledger, [DEMF], [replace(DATAVERSE, identity="organization-2")])


def test_a_new_address_is_entered_where_the_id_is_the_same(ledger):
    environments.pin(ledger, [USMF], [DATAVERSE])
    moved = replace(DATAVERSE, address="https://fabrikam.crm4.dynamics.com")
    environments.pin(ledger, [USMF], [moved])
    assert environments.pinned(ledger) == [(USMF, moved)]


def test_what_cannot_be_told_this_time_is_not_forgotten(ledger):
    environments.pin(ledger, [USMF], BOTH)
    environments.pin(ledger, [USMF], [replace(DATAVERSE, tenant="", identity="")])
    assert environments.pinned(ledger) == [(USMF, DATAVERSE), (USMF, FINOPS)]


def test_forgetting_an_area_forgets_its_environments_and_unpinning_only_them(ledger):
    for scope in (USMF, DEMF, OTHER_AREA):
        environments.pin(ledger, [scope], [DATAVERSE])
    ledger.forget("warehouses", legal_entity="demf")
    assert [scope for scope, _ in environments.pinned(ledger)] == [OTHER_AREA, USMF]
    assert environments.unpin(ledger, "warehouses") == 1
    assert environments.unpin(ledger) == 1
    assert environments.pinned(ledger) == []


def test_of_tasks_that_pin_at_once_all_agree_with_the_first(ledger):
    def attempt(number: int) -> str:
        try:
            environments.pin(ledger, [USMF], [replace(DATAVERSE, identity=f"organization-{number % 2}")])
        except ConfigurationError:
            return "refused"
        return f"organization-{number % 2}"

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(attempt, range(12)))
    [(_, kept)] = environments.pinned(ledger)
    assert answers == {kept.identity, "refused"}
