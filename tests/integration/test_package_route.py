"""Stock through a data package instead of OData: one word of the mapping changes, the result does not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from tests.integration.conftest import Site

from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.errors import ServiceUnavailable


@pytest.fixture
def by_package(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock by the route ``package``, as a consultant would switch it: a custom file with one word changed."""
    folder = tmp_path / "mappings"
    shutil.copytree(root / "include" / "mappings", folder)
    text = (folder / "standard" / "product_inventory.yaml").read_text()
    assert text.count("route: odata") == 1
    (folder / "custom" / "product_inventory.yaml").write_text(text.replace("route: odata", "route: package"))
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(folder))


def test_stock_by_package_is_the_stock_by_odata(site: Site, request: pytest.FixtureRequest) -> None:
    by_odata = {books.legal_entity: books for books in site.cycle()["product_inventory"]}
    levels = site.levels()
    request.getfixturevalue("by_package")
    for books in site.run("product_inventory"):
        before = by_odata[books.legal_entity]
        assert books.read == before.read
        assert (books.created, books.updated, books.generated) == (0, 0, 0)
        assert books.unchanged == before.created + before.updated + before.unchanged
        assert (books.quarantined, books.skipped, books.blocked) == (before.quarantined, before.skipped, before.blocked)
    assert levels
    assert site.levels() == levels


def test_a_second_try_uses_the_package_the_first_one_kept(
    site: Site, by_package: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run("warehouses")
    site.run("products")
    with monkeypatch.context() as first_try:
        first_try.setattr("fs_integration.pipeline.extract.batches_of", _fail_after_reading)
        with pytest.raises(ServiceUnavailable):
            site.run("product_inventory", run_id="kept")
    exported: list[str] = []
    export = FinanceOperationsClient.export_package
    monkeypatch.setattr(
        FinanceOperationsClient, "export_package",
        lambda self, *given, company, **more: exported.append(company) or export(self, *given, company=company, **more),
    )  # fmt: skip
    site.run("product_inventory", run_id="kept")
    assert exported == ["demf", "frrt"]
    assert site.levels()


def _fail_after_reading(pages: Iterator[pd.DataFrame], **_: object) -> Iterator[pd.DataFrame]:
    yield from list(pages)[:0]
    raise ServiceUnavailable("The worker was stopped after the export was read.")
