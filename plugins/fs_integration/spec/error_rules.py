"""The vocabulary of error rules: what a service's words mean for us. A site puts rules of its own before ours."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, StrictInt, StrictStr, model_validator

from fs_integration.spec.loader import loaded, mappings_folder
from fs_integration.spec.mapping import System
from fs_integration.spec.metadata import Frozen

FILE_NAME = "error_rules.yaml"
SHIPPED = Path(__file__).with_name(FILE_NAME)
Kind = Literal["throttled", "transient", "row", "missing", "configuration", "fatal"]


class ErrorRule(Frozen):
    """What an answer means that is no success; an answer must have all that is given.

    :param system: the service that answers, both when left out; :param status: HTTP status.
    :param code: the service's own code, in any letter case; :param text: part of its message, in any letter case.
    :param kind: ``throttled``: fewer requests, then again; ``transient``: again; ``row``: the row is held back;
        ``missing``: the row or table is not there; ``configuration``: a person must set something up, the task fails;
        ``fatal``: the task fails, and the area pauses.
    :param advice: what to do next, for the message.
    """

    system: System | None = None
    status: StrictInt | None = Field(default=None, ge=300, le=599)
    code: StrictStr = ""
    text: StrictStr = ""
    kind: Kind
    advice: StrictStr = ""

    @model_validator(mode="after")
    def _says_when(self) -> ErrorRule:
        if self.status is None and not self.code and not self.text:
            raise ValueError("give at least one of `status`, `code` and `text`, or the rule would match every answer")
        return self

    def matches(self, status: int, code: str, text: str) -> bool:
        """Tell whether an answer has all that this rule gives."""
        return (
            self.status in (None, status)
            and self.code.lower() in ("", code.lower())
            and self.text.lower() in text.lower()
        )


class ErrorRules(Frozen):
    """Rules in the order they are tried; the first that matches decides."""

    error_rules: tuple[ErrorRule, ...]

    def find(self, status: int, code: str, text: str) -> ErrorRule | None:
        """Return the rule for an answer, None when its status alone decides."""
        return next((rule for rule in self.error_rules if rule.matches(status, code, text)), None)


def shipped_rules() -> ErrorRules:
    """Return the rules of this package."""
    return loaded(SHIPPED, ErrorRules)


def own_file() -> Path:
    """Return the file of the rules of this site, whether or not it is there."""
    return mappings_folder() / FILE_NAME


def load_error_rules(system: System) -> ErrorRules:
    """Return the rules for one service, those of this site first. :raises MappingError: as ``load_mapping``."""
    own = loaded(own_file(), ErrorRules).error_rules if own_file().is_file() else ()
    both = (*own, *shipped_rules().error_rules)
    return ErrorRules(error_rules=tuple(rule for rule in both if rule.system in (None, system)))
