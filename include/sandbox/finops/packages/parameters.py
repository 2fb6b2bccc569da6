"""The parameters of package actions: taken out of the body, checked for their types and for what they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.finops.errors import FinanceError, action_failed, bad_request
from sandbox.finops.exchange import Exchange
from sandbox.finops.store import Database
from sandbox.finops.tables.system import DATA_PROJECTS, LEGAL_ENTITIES


class Parameters:
    """The parameters of one call.

    :param action: name of the action, for error texts; :param values: the decoded body.
    """

    def __init__(self, action: str, values: Mapping[str, Any]) -> None:
        self.action = action
        self._values = values

    def text(self, name: str) -> str:
        """Give a text, empty when it is missing. :raises FinanceError: 400, it is something else."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise bad_request(f"The parameter '{name}' of {self.action} must be a text.")
        return value

    def flag(self, name: str) -> bool:
        """Give a boolean, false when it is missing. :raises FinanceError: 400, it is something else."""
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise bad_request(f"The parameter '{name}' of {self.action} must be true or false.")
        return value

    def company(self, exchange: Exchange, database: Database) -> str:
        """Give the company of the job, the default one when it is missing. :raises FinanceError: it is out of reach."""
        company = self.text("legalEntityId") or exchange.switches.default_company
        known = (company.lower(),) in database.stores[LEGAL_ENTITIES.collection].rows
        if not known or not exchange.switches.may_see(company):
            raise self.failed(f"The company '{company}' does not exist or is not accessible.")
        return company.lower()

    def failed(self, text: str) -> FinanceError:
        """Make an exception inside the action."""
        return action_failed(self.action, DATA_PROJECTS.name, text)
