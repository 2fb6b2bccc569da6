"""The load step against a stand-in for Finance & Operations: which rows count as there, and what is sent for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from tests.unit.pipeline.conftest import things
from tests.unit.transform.builders import INTEGER, a_frame

from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.comparison import compare
from fs_integration.pipeline.load import load
from fs_integration.records import Environment


class Service:
    """One entity whose rows have these keys; it compares keys as Finance & Operations does."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.sent: list[tuple[bool, list[str], list[str]]] = []  # whether to update, keys, columns

    def environment(self) -> Environment:
        return Environment("finance_operations", "https://contoso.example")

    def read_keys(self, entity: str, *, rows: pd.DataFrame, **_: Any) -> pd.DataFrame:
        wanted = {key.lower() for key in rows["key"]}
        return a_frame(key=[key for key in self.keys if key.lower() in wanted])

    def write(
        self, metadata: Any, rows: pd.DataFrame, *, columns: Sequence[str], exists: bool, **_: Any
    ) -> pd.DataFrame:
        self.sent.append((exists, rows["key"].tolist(), list(columns)))
        size = len(rows)
        return a_frame(_key=rows["_key"].tolist(), status=["written"] * size, code=[""] * size, message=[""] * size)


@pytest.mark.parametrize("spelled", ["c-1", "C-1"])
@pytest.mark.parametrize(
    ("when_found", "counts", "sent"),
    [
        ("update", {"updated": 1}, [(True, ["c-1"], ["key", "x"])]),
        ("skip", {"skipped": 1}, []),
    ],
)
def test_a_row_is_there_however_the_service_spells_its_key(when_found, counts, sent, spelled, new_site):
    site = new_site(
        target={"system": "finance_operations", "when_found": when_found},
        fields=[{"from": "Id", "to": "key"}, {"from": "X", "to": "x"},
                {"from": "Name", "to": "name", "only_on_create": True}],
    )  # fmt: skip
    service = Service(spelled)
    shaped = site.transform(things("c-1")).shaped
    clients: Any = Clients(service, service)  # type: ignore[arg-type]
    result = load(shaped, site.task, site.run, companies=[site.scope()], try_id="1", clients=clients,
                  staging=site.staging, ledger=site.ledger)  # fmt: skip
    assert (result.counts, service.sent) == (counts, sent)


class Empty:
    """A target that has lost everything."""

    def read_keys(self, columns: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
        return a_frame({"x": INTEGER}, **{name: [] for name in columns})


@pytest.mark.parametrize("tries", [1, 2])
def test_what_an_earlier_try_of_the_run_wrote_is_read_back_too(tries, new_site):
    site = new_site(target={"system": "finance_operations"})
    service = Service()
    clients: Any = Clients(service, service)  # type: ignore[arg-type]
    shaped = site.transform(things("1", "2")).shaped
    for number in range(tries):
        result = load(shaped, site.task, site.run, companies=[site.scope()], try_id=str(number), clients=clients,
                      staging=site.staging, ledger=site.ledger)  # fmt: skip
    found = compare(site.task, {site.scope(): [result.outcome]}, targets={site.scope(): Empty()}, as_of=site.run.as_of,
                    staging=site.staging, ledger=site.ledger)  # fmt: skip
    assert found[site.scope()].missing == 2
