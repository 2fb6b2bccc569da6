"""One test per rule of docs/reliability.md; each fails when its rule is switched off (`make rules`)."""

from __future__ import annotations

import ast
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.reliability.crash import Killed, recover
from tests.reliability.rules import RULES
from tests.reliability.site import Site, assert_one_run_as_in_peace, clients
from tests.reliability.tried import Tried

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.package_actions import PackageActions
from fs_integration.clients.settings import Limits
from fs_integration.errors import Fenced, ForeignLinkRefused, ReconciliationError, ServiceUnavailable, Throttled
from fs_integration.frames import KEY, TARGET_ID
from fs_integration.ledger import Ledger
from fs_integration.pipeline.run import scopes_of
from fs_integration.points import watched
from fs_integration.spec.loader import load_mapping

PLUGINS = Path(__file__).resolve().parents[2] / "plugins" / "fs_integration"
WRITES = {"method": "POST", "path_regex": r"Multiple|\$batch"}


def rows(number: str, **more: Any) -> pd.DataFrame:
    """A frame of one warehouse as the writer takes it."""
    values = {KEY: number, "msdyn_name": number, "msdyn_description": "ours", **more}
    return pd.DataFrame({name: pd.Series([value], dtype="string[pyarrow]") for name, value in values.items()})


def write(site: Site, frame: pd.DataFrame, client: DataverseClient | None = None, **more: Any) -> pd.DataFrame:
    """Write warehouses by name. :param client: another one of the same user."""
    client = client or site.pipeline.clients.dataverse
    return client.write(
        client.table("msdyn_warehouses"), frame, key=["msdyn_name"], columns=["msdyn_name", "msdyn_description"],
        request_rows=10, parallel_requests=1, before_request=lambda: None, **more,
    )  # fmt: skip


def warehouses(site: Site) -> list[str]:
    return [row["msdyn_name"] for row in site.landscape.dump("dataverse", "msdyn_warehouses")]


def test_r1_a_create_whose_answer_is_lost_four_times_makes_one_row(sites):
    site = sites.make("warehouses")
    site.faults({**WRITES, "system": "dataverse", "action": "drop_after_commit", "times": 4})
    answer = write(site, rows("New 1"))
    assert list(answer["status"]) == ["written"]
    assert warehouses(site).count("New 1") == 1


def test_r2_a_body_never_holds_the_key_of_the_address(sites):
    site = sites.make("warehouses")
    write(site, rows("Van-77"))
    write(site, rows("VAN-77"))
    assert [name for name in warehouses(site) if name.lower() == "van-77"] == ["Van-77"]


@pytest.mark.parametrize("strategy", ["batch", "single"])
def test_r3_an_update_does_not_bring_back_a_row_that_is_gone(sites, strategy):
    site = sites.make("warehouses")
    gone = rows("Gone/1", **{TARGET_ID: "11111111-2222-4333-8444-555555555555"})
    answer = write(site, gone, strategy=strategy)
    assert list(answer["status"]) == ["rejected"]
    ids = [row["msdyn_warehouseid"] for row in site.landscape.dump("dataverse", "msdyn_warehouses")]
    assert gone[TARGET_ID][0] not in ids


def test_r4_a_row_that_another_client_created_meanwhile_is_updated(sites):
    site = sites.make("warehouses")
    body = {"error": {"code": "0x80040237", "message": "A record with matching key values already exists."}}
    site.faults({"method": "PATCH", "action": "status", "args": {"status": 412, "body": body}, "times": 1})
    answer = write(site, rows("Raced 1"), strategy="single")
    assert list(answer["status"]) == ["written"]
    assert warehouses(site).count("Raced 1") == 1


@pytest.mark.parametrize("area", ["warehouses", "inventory_adjustments"])
def test_r5_what_has_not_changed_is_not_sent(sites, area):
    site = sites.make(area)
    site.run_area()
    sent: list[str] = []
    with watched(sent.append):
        books = [own for entries, _ in site.run_again().values() for own in entries]
    assert sum(own.unchanged for own in books) > 0
    assert sum(own.created + own.updated for own in books) == 0
    assert [name for name in sent if name.startswith("http.send")] == []


@pytest.mark.parametrize("area", ["inventory_adjustments", "agreement_invoices"])
def test_r6_a_document_whose_answer_was_lost_is_looked_up_before_it_is_sent_again(sites, area):
    site = sites.make(area)
    site.faults({**WRITES, "system": "finops", "action": "drop_after_commit", "times": 4})
    assert_one_run_as_in_peace(site, sites, site.run_area())


def by_package(monkeypatch: pytest.MonkeyPatch, area: str, *, end: str, project: str = "") -> None:
    """Let an area read or write by data package. :param end: source or target; :param project: another one there."""
    mapping = load_mapping(area)
    [task] = mapping.tasks
    package = getattr(task, end).package
    package = package.model_copy(update={"project": project or package.project})
    changed = getattr(task, end).model_copy(update={"route": "package", "package": package})
    changed_task = task.model_copy(update={end: changed})
    monkeypatch.setattr(
        "tests.worlds.runner.load_mapping", lambda _: mapping.model_copy(update={"tasks": (changed_task,)})
    )


def test_r7_an_import_whose_answer_was_lost_is_started_once(sites, monkeypatch):
    started: Counter[str] = Counter()
    start = PackageActions.start

    def counting(self: Any, action: str, **more: Any) -> None:
        started[action] += 1
        start(self, action, **more)
        if started[action] == 1:
            raise Killed

    monkeypatch.setattr(PackageActions, "start", counting)
    by_package(monkeypatch, "inventory_adjustments", end="target")
    site = sites.make("inventory_adjustments", 9)
    site.pipeline = Tried.of(site.pipeline)
    with pytest.raises(Killed):
        site.run_area()
    recover(site, sites, again=True)
    assert started == {"ImportFromPackage": 1}


def test_r8_an_export_is_kept_before_anything_is_done_with_it(sites, monkeypatch):
    by_package(monkeypatch, "product_inventory", end="source", project="FS_ONHAND_EXPORT_INCREMENTAL")
    site = sites.make("product_inventory")

    def kill(name: str) -> None:
        if name == "ledger.commit record_batch":
            raise Killed

    with watched(kill), pytest.raises(Killed):
        site.run_area()
    assert_one_run_as_in_peace(site, sites, recover(site, sites, again=True))


@pytest.mark.parametrize("area", ["accounts", "inventory_adjustments"])
def test_r9_the_watermark_moves_after_everything_before_it_is_confirmed(sites, area):
    site = sites.make(area)
    sent = []

    def kill(name: str) -> None:
        sent.extend([name] if name.startswith("http.send") and "batch" in name else [])
        if sent:
            raise Killed

    with watched(kill), pytest.raises(Killed):
        site.run_area()
    assert set(site.pipeline.ledger.watermarks()) == set()
    assert_one_run_as_in_peace(site, sites, recover(site, sites, again=False))


def test_r10_a_try_that_was_overtaken_writes_nothing(sites, monkeypatch):
    site = sites.make("warehouses")
    renew = Ledger.renew
    overtaken = []

    def overtake(self: Ledger, held: Any, seconds: float) -> None:
        if not overtaken:
            overtaken.append(self.acquire_lease(held[0].name, "a newer one", 300, takeover=True))
        renew(self, held, seconds)

    monkeypatch.setattr(Ledger, "renew", overtake)
    before = site.state()
    with pytest.raises(Fenced):
        site.run_area()
    assert site.state() == before


def test_r11_pauses_are_those_of_the_clock_that_was_handed_in(sites):
    site = sites.make("warehouses")
    site.faults({**WRITES, "action": "status", "args": {"status": 503, "retry_after": 8}, "times": 1})
    began = time.monotonic()
    site.run_area()
    assert site.clock.slept >= 8
    assert time.monotonic() - began < 8


def test_r12_a_row_without_an_outcome_makes_the_run_fail(sites, monkeypatch):
    site = sites.make("warehouses")
    record = Ledger.record_outcomes

    def forgetful(self: Ledger, scope: Any, run_key: str, batch: int, counts: dict[Any, int]) -> None:
        fewer = {kind: count - (kind[0] == "created") for kind, count in counts.items()}
        record(self, scope, run_key, batch, fewer)

    monkeypatch.setattr(Ledger, "record_outcomes", forgetful)
    with pytest.raises(ReconciliationError, match="accounted for"):
        site.run_area()
    scopes = scopes_of("warehouses", "warehouse", site.pipeline.companies)
    assert None in [site.pipeline.ledger.watermark(scope) for scope in scopes]


def test_r13_nothing_is_sent_while_the_service_asked_for_silence(sites, sandbox):
    site = sites.make("warehouses")
    site.faults({**WRITES, "action": "status", "args": {"status": 429, "retry_after": 30}, "times": 1})
    impatient = clients(sandbox, site.clock, attempts=1).dataverse
    with pytest.raises(Throttled):
        write(site, rows("New 1"), client=impatient)
    assert site.clock.slept == 0
    write(site, rows("New 2"))
    assert site.clock.slept > 29
    assert site.landscape.stats.describe()["dataverse"]["early_requests"] == 0


def test_r13_a_service_that_never_answers_is_given_up_in_time(sites):
    site = sites.make("warehouses")
    site.faults({**WRITES, "action": "status", "args": {"status": 503}, "times": None})
    with pytest.raises(ServiceUnavailable):
        write(site, rows("New 1"))
    assert site.clock.slept <= Limits.total


def test_r14_a_link_to_another_host_is_refused(sites):
    site = sites.make("warehouses")
    site.landscape.environment.limits.update({"finops": {"page_size": 1}})
    site.faults({"system": "finops", "method": "GET", "action": "foreign_next_link", "times": None})
    before = site.state()
    with pytest.raises(ForeignLinkRefused, match=r"attacker\.example"):
        site.run_area()
    assert site.state() == before


def test_every_rule_stands_in_one_named_place():
    found: dict[str, list[str]] = {}
    for file in sorted(PLUGINS.rglob("*.py")):
        place = file.relative_to(PLUGINS).as_posix()
        for name, text in docstrings(ast.parse(file.read_text(encoding="utf-8"))):
            for rule in re.findall(r"\b(R\d+) in docs/reliability\.md|\b(R\d+) in\s+docs", text):
                found.setdefault(rule[0] or rule[1], []).append(f"{place}: {name}")
    assert found == {rule: [entry.place] for rule, entry in RULES.items()}


def docstrings(tree: ast.AST, within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and docstring of every class and function."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = f"{within}{node.name}"
            yield name, ast.get_docstring(node) or ""
            yield from docstrings(node, f"{name}." if isinstance(node, ast.ClassDef) else within)


TIME_AND_CHANCE = {
    ("time", "sleep"), ("time", "time"), ("time", "monotonic"), ("random", "random"), ("uuid", "uuid4"),
    ("uuid", "uuid1"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("secrets", "token_hex"),
}  # fmt: skip


def test_r11_nobody_asks_the_machine_for_time_or_chance_but_where_it_is_handed_in():
    """Allowed: defaults of what is handed in, and names that only have to be new (request ids, boundaries)."""
    defaults = {
        "clients/patience.py", "clients/limiter.py", "clients/tokens.py", "clients/answers.py", "ledger/ledger.py",
        "clients/token_session.py",  # msal calls it, which hands in no clock; the deadline of one answer
    }  # fmt: skip
    new_names = {"clients/transport.py", "clients/multipart.py"}
    core = ("clients", "transform", "quality", "staging", "ledger", "pipeline", "spec")
    found = set()
    for file in sorted(file for room in core for file in (PLUGINS / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if named and (node.value.id, node.attr) in TIME_AND_CHANCE:
                found.add(file.relative_to(PLUGINS).as_posix())
    assert found == defaults | new_names
