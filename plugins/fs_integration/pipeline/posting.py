"""Which of our journals has Supply Chain Management not posted (docs/operating.md, "Order and dependencies")?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import pandas as pd

from fs_integration.errors import MappingError
from fs_integration.frames import KEY, split_keys
from fs_integration.records import Scope
from fs_integration.spec.mapping import Condition

NUMBER = "JournalNumber"
UNPOSTED = Condition.model_validate({"field": "IsPosted", "is": "No"})
CHUNK_ROWS = 100_000


class Reader(Protocol):
    """What is needed of the client of Finance & Operations."""

    def read(
        self, entity: str, *, columns: list[str], company: str, where: list[Condition]
    ) -> Iterator[pd.DataFrame]: ...


class Books(Protocol):
    """What is needed of the ledger."""

    def scan_fingerprints(self, scope: Scope, rows: int) -> Iterator[pd.DataFrame]: ...


@dataclass(frozen=True)
class UnpostedJournal:
    """A journal of ours that still waits. :param entity: collection of its header in Finance & Operations."""

    entity: str
    legal_entity: str
    number: str

    def to_dict(self) -> dict[str, str]:
        """Return the journal as plain values, as Airflow hands them on."""
        return asdict(self)


def unposted_journals(
    entity: str, key: Sequence[str], scope: Scope, *, client: Reader, ledger: Books
) -> list[UnpostedJournal]:
    """Return the journals of a company that the ledger says we wrote and that are not posted, ordered by number.

    People write inventory journals too; theirs may stay unposted as long as they like.

    :param entity: collection of the journal headers; :param key: target columns of the lines' integration key.
    :param scope: task and company that wrote the lines.
    :raises MappingError: the key lacks the journal number; :raises ServiceError: the service could not be asked.
    """
    pages = client.read(entity, columns=[NUMBER], company=scope.legal_entity, where=[UNPOSTED])
    waiting = {str(number) for page in pages for number in page[NUMBER].dropna()}
    ours = waiting & _written_numbers(key, scope, ledger) if waiting else set()
    return [UnpostedJournal(entity, scope.legal_entity, number) for number in sorted(ours)]


def _written_numbers(key: Sequence[str], scope: Scope, ledger: Books) -> set[str]:
    places = [place for place, column in enumerate(key) if column.lower() == NUMBER.lower()]
    if not places:
        raise MappingError(
            f"The key of `{scope}` is {list(key)}; without `{NUMBER}` in it nobody can tell which journals are ours.",
            suggestion=f"Put `{NUMBER}` into the target's key.",
        )
    numbers: set[str] = set()
    for chunk in ledger.scan_fingerprints(scope, CHUNK_ROWS):
        parts, clear = split_keys(chunk[KEY], len(key))
        numbers.update(str(number) for number in parts[places[0]][clear].unique())
    return numbers
