"""What the sandbox is made of: the only module that names the emulated systems and the generated world.

The imports are inside the functions so that the core runs, and is tested, with other systems in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from sandbox.environment import Environment
from sandbox.http import Request, Response

if TYPE_CHECKING:
    from sandbox.finops.app import FinanceOperations

Rows = list[dict[str, Any]]


class System(Protocol):
    """An emulated system with its data."""

    name: str

    def load(self, tables: dict[str, Rows]) -> None:
        """Replace everything by these rows, by entity set."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""

    def dump(self, entity_set: str) -> Iterable[dict[str, Any]]:
        """Give every row of an entity set."""

    def replace(self, entity_set: str, rows: Rows) -> None:
        """Replace the rows of one entity set; no plug-ins run."""

    def backup(self) -> Any:
        """Return all rows as they are now, for `restore`."""

    def restore(self, backup: Any) -> None:
        """Put all rows back as they were."""


class World(Protocol):
    """Generated data of both systems, by entity set."""

    @property
    def finops(self) -> dict[str, Rows]:
        """Rows of Finance & Operations."""

    @property
    def dataverse(self) -> dict[str, Rows]:
        """Rows of Dataverse."""


@dataclass(frozen=True)
class Composition:
    """The parts of a sandbox.

    :param create_systems: makes the systems; :param entity_sets: what each of them holds.
    :param switches: switches of each system with their defaults.
    :param build_world: makes data from seed, scale and `empty`.
    :param let_technicians_work: lets technicians of Field Service do so many things: systems, count, seed.
    :param post_journals: lets Supply Chain Management post its inventory journals; :param post_orders: its finished
        work-order orders.
    :param move_stock: lets Supply Chain Management move the stock of so many on-hand rows: systems, count, seed.
    """

    create_systems: Callable[[Environment], list[System]]
    entity_sets: Mapping[str, tuple[str, ...]]
    switches: Mapping[str, dict[str, Any]]
    build_world: Callable[[int, str | int, bool], World]
    move_stock: Callable[[Mapping[str, System], int, int], dict[str, Any]]
    post_journals: Callable[[Mapping[str, System]], dict[str, Any]]
    post_orders: Callable[[Mapping[str, System]], dict[str, Any]]
    let_technicians_work: Callable[[Mapping[str, System], int, int], dict[str, Any]]


def everything() -> Composition:
    """Give the complete sandbox: both systems and the generated world."""
    from sandbox.dataverse import switches as dataverse_switches
    from sandbox.dataverse.tables import SCHEMA as DATAVERSE
    from sandbox.finops import switches as finops_switches
    from sandbox.finops.tables import SCHEMA as FINOPS

    return Composition(
        create_systems=_systems,
        entity_sets={"finops": tuple(FINOPS.by_set), "dataverse": tuple(DATAVERSE.by_set)},
        switches={"finops": finops_switches.DEFAULTS, "dataverse": dataverse_switches.DEFAULTS},
        build_world=_world,
        move_stock=_move_stock,
        post_journals=lambda systems: _finance(systems).post_journals(),
        post_orders=lambda systems: _finance(systems).post_orders(),
        let_technicians_work=_let_technicians_work,
    )


def _systems(environment: Environment) -> list[System]:
    from sandbox.dataverse.app import Dataverse
    from sandbox.finops.app import FinanceOperations

    return [FinanceOperations(environment), Dataverse(environment)]


def _finance(systems: Mapping[str, System]) -> FinanceOperations:
    return cast("FinanceOperations", systems["finops"])


def _world(seed: int, scale: str | int, empty: bool) -> World:
    from sandbox.world import build

    return build(seed, scale, empty=empty)


def _move_stock(systems: Mapping[str, System], count: int, seed: int) -> dict[str, Any]:
    from sandbox.world.activity import move_stock

    return move_stock(systems["finops"], count, seed)


def _let_technicians_work(systems: Mapping[str, System], count: int, seed: int) -> dict[str, Any]:
    from sandbox.dataverse.app import Dataverse
    from sandbox.world.technicians import work

    organization = systems["dataverse"]
    assert isinstance(organization, Dataverse)  # noqa: S101 - the complete sandbox is made of it
    return work(organization, count, seed)
