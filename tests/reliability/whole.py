"""The generated world of the sandbox, in which all areas have something to do, as a site."""

from __future__ import annotations

from dataclasses import replace

from tests.reliability.site import Result, Site, Sites, open_ledger
from tests.worlds.model import Company, World
from tests.worlds.runner import Watched

from fs_integration.spec.loader import load_connection_set
from sandbox.landscape import Landscape

SEED = 3


def whole_site(sites: Sites, landscape: Landscape, area: str) -> Site:
    """Make a site of the smallest generated world, with the last company of the connection set `default`."""
    landscape.reset(seed=SEED, scale="tiny")
    tables = {
        system: {name: list(landscape.dump(system, name)) for name in names}
        for system, names in landscape.entity_sets.items()
    }
    whole = load_connection_set("default")
    connections = whole.model_copy(update={"organizations": whole.organizations[-1:]})
    companies = [Company(one.legal_entity) for one in connections.organizations]
    world = World(companies, finops=tables["finops"], dataverse=tables["dataverse"])
    site = sites.make(area, world=world, name="whole")
    site.pipeline.connections = connections
    return site


def beside(site: Site, area: str) -> Site:
    """Return the same site as another process sees it that runs another area."""
    own = site.pipeline
    pipeline = Watched(own.clients, own.staging, open_ledger(site.home, site.clock), own.docs_root, own.connections)
    return replace(site, area=area, pipeline=pipeline, count=site.count + 100)


def written_by(result: Result) -> int:
    """Return how many source rows a run wrote."""
    return sum(own.created + own.updated for books, _ in result.values() for own in books)
