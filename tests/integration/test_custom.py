"""What a customer writes runs like what is ours: an overlay, and an area of one's own."""

from __future__ import annotations

import re
import shutil

import pytest

from fs_integration.spec.loader import load_connection_set

OVERLAY = """\
mapping: warehouses
extends: warehouses
written_for: 1
tasks:
  change:
    - name: warehouse
      source:
        where: {drop: [WarehouseType]}
      fields:
        replace:
          - {from: OperationalSiteId, to: msdyn_description}
"""


@pytest.fixture
def custom(root, tmp_path, monkeypatch):
    """A folder for files of one's own beside a copy of the repository's mappings."""
    shutil.copytree(root / "include" / "mappings", tmp_path / "mappings")
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path / "mappings"))
    return tmp_path / "mappings" / "custom"


def test_an_overlay_changes_which_rows_travel_and_what_is_written(site, custom):
    warehouses = {row["WarehouseId"]: row for row in site.rows("finops", "Warehouses")}
    others = {name for name, row in warehouses.items() if row["WarehouseType"] != "Standard"}
    site.run("warehouses")
    (custom / "warehouses.yaml").write_text(OVERLAY, encoding="utf-8")
    site.run("warehouses")
    arrived = {row["msdyn_name"]: row for row in site.rows("dataverse", "msdyn_warehouses")}
    assert others
    assert others <= set(arrived)
    ours = [name for name in warehouses if name in arrived and arrived[name]["msdynce_ismaintainedexternally"]]
    descriptions = {name: arrived[name]["msdyn_description"] for name in ours}
    assert descriptions == {name: warehouses[name]["OperationalSiteId"] for name in descriptions}


@pytest.fixture
def prefixed():
    """The companies of the connection set, each with a prefix for its keys in Dataverse."""
    connections = load_connection_set("default")
    companies = tuple(
        each.model_copy(update={"key_prefix": f"{each.legal_entity.upper()}-"}) for each in connections.organizations
    )
    return connections.model_copy(update={"organizations": companies})


def test_an_area_of_one_s_own_is_loaded_and_a_second_run_writes_nothing(new_site, prefixed, custom, root):
    page = (root / "docs" / "customising.md").read_text(encoding="utf-8")
    text = re.search(r"```yaml\n(# include/mappings/custom/sites.yaml\n.*?)```", page, re.DOTALL)[1]
    (custom / "sites.yaml").write_text(text, encoding="utf-8")
    site = new_site(connections=prefixed)
    rows = site.rows("finops", "OperationalSites")
    sites = {f"{row['dataAreaId'].upper()}-{row['SiteId']}": row["SiteName"] for row in rows}
    assert sum(books.created for books in site.run("sites")) == len(sites)
    accounts = {row["accountnumber"]: row["name"] for row in site.rows("dataverse", "accounts")}
    assert sites.items() <= accounts.items()
    site.sandbox.control("POST", "/stats/reset")
    assert sum(books.unchanged for books in site.run("sites")) == len(sites)
    assert site.written() == 0
