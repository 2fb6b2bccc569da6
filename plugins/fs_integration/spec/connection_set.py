"""The vocabulary of a connection set: which systems, which companies, and what differs from company to company."""

from __future__ import annotations

import re

from pydantic import Field, StrictInt, StrictStr, field_validator, model_validator

from fs_integration.spec.mapping import Condition, Identifier, Scalar
from fs_integration.spec.metadata import Frozen

COMPANY = re.compile(r"[A-Za-z0-9_-]{1,20}")  # F&O's are of four letters and digits; files are named after them


class Organization(Frozen):
    """One legal entity served by a connection set, and what is particular to it.

    :param legal_entity: company id in F&O; :param business_unit: name of the unit in Dataverse whose rows are its own.
    :param key_prefix: put before warehouse ids and product numbers in Dataverse, where several companies share a table.
    :param settings: values for the settings that mappings declare; :param value_maps: entries put over the mappings'.
    :param filters: mapping or ``<mapping>.<task>`` -> conditions on its source rows; the others are skipped.
    """

    legal_entity: StrictStr
    business_unit: StrictStr = ""
    key_prefix: StrictStr = ""
    settings: dict[Identifier, Scalar] = Field(default_factory=dict)
    value_maps: dict[Identifier, dict[StrictStr, Scalar]] = Field(default_factory=dict)
    filters: dict[StrictStr, tuple[Condition, ...]] = Field(default_factory=dict)

    @field_validator("legal_entity")
    @classmethod
    def _names_a_folder(cls, legal_entity: str) -> str:
        if not COMPANY.fullmatch(legal_entity):
            raise ValueError(f"`{legal_entity[:50]}` is no company id: letters, digits, `_` and `-`, as `usmf`")
        return legal_entity


class CircuitBreaker(Frozen):
    """When an area pauses because its services fail again and again (docs/operating.md).

    :param failures: tries in a row that end because a service fails; :param pause_minutes: how long the first pause is.
    :param longest_pause_minutes: each further pause is twice as long, up to this.
    """

    failures: StrictInt = Field(default=5, ge=1)
    pause_minutes: StrictInt = Field(default=5, ge=1, le=10_080)
    longest_pause_minutes: StrictInt = Field(default=60, ge=1, le=10_080)


class ConnectionSet(Frozen):
    """Which Airflow connections a DAG uses and for which legal entities; another one moves a DAG to production."""

    connection_set: Identifier
    finance_operations: StrictStr = "finance_operations_default"
    dataverse: StrictStr = "dataverse_default"
    ledger: StrictStr = "fs_integration_ledger"
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    organizations: tuple[Organization, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> ConnectionSet:
        names = [each.legal_entity.lower() for each in self.organizations]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"the legal entity `{doubled[0]}` is given twice; it would be loaded twice")
        return self

    def organization(self, legal_entity: str) -> Organization:
        """Return one company. :raises KeyError: when the set does not serve it."""
        return {each.legal_entity: each for each in self.organizations}[legal_entity]
