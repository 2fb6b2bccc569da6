"""Let the sandbox refuse a row by a rule of its own, the way business logic of a real environment does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.worlds.model import Target

from sandbox.dataverse.errors import DataverseError
from sandbox.dataverse.plugins import PLUGINS
from sandbox.dataverse.tables import SCHEMA
from sandbox.finops.errors import FinanceError
from sandbox.finops.rules import RULES


@dataclass
class Refusal:
    """A rule that refuses one row.

    :ivar met: keys of the rows that the rule looked at, in order; :ivar refused: how often it refused.
    """

    target: Target
    key: tuple[str, ...]
    error: Callable[[], Exception]
    met: list[tuple[str, ...]] = field(default_factory=list)
    refused: int = 0

    def put(self, monkeypatch: pytest.MonkeyPatch) -> Refusal:
        """Put the rule into force until the test ends."""
        if self.target.system == "finops":
            name = self.target.entity_set
            monkeypatch.setitem(RULES, name, (lambda write: self._look(write.after), *RULES.get(name, ())))
            return self
        table = SCHEMA.by_set[self.target.entity_set].name
        for message in ("before create", "before update"):
            known = PLUGINS.get((table, message), ())
            monkeypatch.setitem(PLUGINS, (table, message), (lambda _, __, change: self._look(change.after), *known))
        return self

    def _look(self, row: Any) -> None:
        key = self.target.key_of(row)
        self.met.append(key)
        if key == self.key:
            self.refused += 1
            raise self.error()


def dataverse_error(code: str, text: str, status: int = 400) -> Callable[[], Exception]:
    """Return what makes a refusal of Dataverse."""
    return lambda: DataverseError(status, code, text)


def finance_error(text: str, status: int = 400) -> Callable[[], Exception]:
    """Return what makes a refusal of Finance & Operations."""
    return lambda: FinanceError(status, text, "System.InvalidOperationException")
