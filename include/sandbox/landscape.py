"""One sandbox without its ports: systems behind their gateways, faults, statistics and the world they hold."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

from sandbox.composition import Composition, Rows, System
from sandbox.environment import Environment
from sandbox.faults import Faults
from sandbox.gateway import Gateway, Handler
from sandbox.stats import Stats
from sandbox.token_service import TokenService


class UnknownEntitySet(LookupError):
    """A system or entity set that the sandbox does not have."""


class Landscape:
    """The emulated systems and what the control API may do to them.

    :param composition: what the sandbox is made of.
    """

    def __init__(self, environment: Environment, composition: Composition) -> None:
        self.environment = environment
        self.faults = Faults(environment.issuer)
        self.stats = Stats()
        self.tokens = TokenService(environment)
        self.entity_sets = composition.entity_sets
        self.world: dict[str, Any] = {}
        self._composition = composition
        environment.limits.default_switches = {name: dict(values) for name, values in composition.switches.items()}
        environment.limits.reset()
        self.systems: dict[str, System] = {system.name: system for system in composition.create_systems(environment)}
        handlers: list[Handler] = [self.tokens, *self.systems.values()]
        self.gateways = {handler.name: Gateway(handler, environment, self.faults, self.stats) for handler in handlers}

    def reset(self, *, seed: int, scale: str | int, empty: bool = False) -> None:
        """Begin anew: a generated world, real time, default limits, no faults, no counts; tokens stay valid.

        :param scale: a named scale or a number of on-hand rows.
        :raises ValueError: another scale; nothing is changed then.
        """
        gc.unfreeze()
        world = self._composition.build_world(seed, scale, empty)
        self.environment.clock.reset()
        self.environment.limits.reset()
        self.faults.clear()
        for name, system in self.systems.items():
            system.load(getattr(world, name))
        for gateway in self.gateways.values():
            gateway.reset()
        self.stats.reset()
        self.world = {"seed": seed, "scale": scale, "empty": empty}
        gc.freeze()  # The world stays; the collector need not look through millions of values again and again.

    def backup(self) -> dict[str, Any]:
        """Return the rows of both systems as they are now, for `restore`.

        :raises RuntimeError: a data package is under way.
        """
        return {name: system.backup() for name, system in self.systems.items()}

    def restore(self, backup: dict[str, Any]) -> None:
        """Put the rows back as they were; clock, limits, faults and counts stay as they are."""
        for name, system in self.systems.items():
            system.restore(backup[name])

    def dump(self, system: str, entity_set: str) -> Iterator[dict[str, Any]]:
        """Give every row of an entity set.

        :raises UnknownEntitySet: the sandbox does not have it.
        """
        return iter(self._find(system, entity_set).dump(entity_set))

    def replace(self, system: str, entity_set: str, rows: Rows) -> None:
        """Replace the rows of an entity set.

        :raises UnknownEntitySet: the sandbox does not have it.
        :raises ValueError: rows that the entity set cannot hold.
        """
        self._find(system, entity_set).replace(entity_set, rows)

    def move_stock(self, count: int, seed: int) -> dict[str, Any]:
        """Let Supply Chain Management move the stock of so many on-hand rows, and say what it did."""
        return self._composition.move_stock(self.systems, count, seed)

    def let_technicians_work(self, count: int, seed: int) -> dict[str, Any]:
        """Let technicians of Field Service do so many things, and say what they did."""
        return self._composition.let_technicians_work(self.systems, count, seed)

    def post_journals(self) -> dict[str, Any]:
        """Let Supply Chain Management post its inventory journals, and say what it did."""
        return self._composition.post_journals(self.systems)

    def post_orders(self) -> dict[str, Any]:
        """Let Supply Chain Management deliver and invoice finished work-order orders, and say what it did."""
        return self._composition.post_orders(self.systems)

    def _find(self, system: str, entity_set: str) -> System:
        if system not in self.systems:
            raise UnknownEntitySet(f"There is no system '{system}'; there is {', '.join(self.systems)}.")
        if entity_set not in self.entity_sets[system]:
            raise UnknownEntitySet(f"'{system}' has no entity set '{entity_set}'.")
        return self.systems[system]
