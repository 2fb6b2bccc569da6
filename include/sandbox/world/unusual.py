"""What an unusual row of Field Service is; the rows themselves stand beside the ordinary ones of their kind."""

from __future__ import annotations

from dataclasses import dataclass

LOADED, QUARANTINED, SKIPPED, BLOCKED, NOT_READ = "loaded", "quarantined", "skipped", "blocked", "not_read"


@dataclass(frozen=True)
class UnusualDocument:
    """One row of Field Service that must not travel like the others, or only just may.

    :param what: the fact, for people; :param area: area whose mapping meets it; :param entity_set: where the row is.
    :param row_id: its primary key; :param outcome: where the integration must put it (docs/concepts.md).
    """

    id: str
    what: str
    area: str
    entity_set: str
    row_id: str
    outcome: str
