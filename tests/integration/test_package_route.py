"""Stock through a data package instead of OData: one word of the mapping changes, the result does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.integration.conftest import Site


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
