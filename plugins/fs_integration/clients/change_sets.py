"""Turn rows into change sets for Finance & Operations: one per row, or one per document, with its header if it has one.

Whether a row is created or updated depends on what the service holds, so a change set is built anew each time it is not
known what became of the last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pandas as pd

from fs_integration.clients.finance_operations_metadata import COMPANY_FIELD
from fs_integration.clients.finance_operations_payload import addresses, json_bodies
from fs_integration.clients.keys import folded, without_null_text
from fs_integration.clients.multipart import Operation
from fs_integration.errors import MappingError
from fs_integration.spec.metadata import EntityMetadata

CROSS_COMPANY = "cross-company=true"
HEADER = -1  # stands for the header among the positions of a document
Group = tuple[int, ...]  # positions of the rows that are written together


@dataclass(frozen=True)
class DocumentHeader:
    """The header entity that is written in one change set with the lines of its document.

    :param entity: its entity set; :param key: its key columns.
    :param columns: header column -> column of the rows; a key column that is not named has the same name there.
    """

    entity: str
    key: tuple[str, ...]
    columns: Mapping[str, str]

    def rows_of(self, lines: pd.DataFrame) -> pd.DataFrame:
        """Return one header per line, with the header's own column names."""
        source = {**{name: name for name in self.key}, **self.columns}
        return pd.DataFrame({name: lines[column] for name, column in source.items()}, index=lines.index)


class Rows(Protocol):
    """What the builder asks of the service."""

    def entity_metadata(self, entity: str) -> EntityMetadata: ...

    def read_keys(
        self, entity: str, *, columns: Sequence[str], key: Sequence[str], rows: pd.DataFrame
    ) -> pd.DataFrame: ...


@dataclass(frozen=True)
class ChangeSet:
    """Writes that succeed or fail together.

    :param group: the rows they write; :param found: those that were there already, ``HEADER`` for the header.
    :param missing: rows that should have been there and are not; :param moved: rows that are there under another key
        of the entity, which cannot be changed. With either of them nothing is sent.
    """

    group: Group
    operations: tuple[Operation, ...]
    found: frozenset[int]
    missing: frozenset[int] = frozenset()
    moved: frozenset[int] = frozenset()


class ChangeSetBuilder:
    """Build change sets for the rows of one write.

    :param key: columns that identify a row for us; the entity's own key may have more.
    :param columns: columns to send; :param exists: what the caller knows about the rows.
    """

    def __init__(
        self, service: Rows, metadata: EntityMetadata, rows: pd.DataFrame, *, key: Sequence[str],
        columns: Sequence[str], exists: bool, header: DocumentHeader | None,
    ) -> None:  # fmt: skip
        if metadata.company_specific and COMPANY_FIELD not in rows:
            raise MappingError(
                f"`{metadata.name}` belongs to a company, but the mapping does not write `{COMPANY_FIELD}`. Add a "
                "field rule for it."
            )
        self._service, self._metadata, self._rows, self._exists = service, metadata, rows, exists
        self._key, self._columns, self._header = list(key), list(columns), header
        self._own_key = list(metadata.keys.get("primary", ())) or list(key)

    def build(self, groups: Sequence[Group], *, ask: bool) -> list[ChangeSet]:
        """Build one change set per group.

        :param ask: look up which new rows are there by now, because an earlier try may have written them (R6 in
            docs/reliability.md).
        """
        lines = self._rows.iloc[[position for group in groups for position in group]]
        found, moved = self._addresses(lines, ask=ask)
        operations = self._operations(lines, found)
        headers = self._headers(groups)
        built = []
        for group, (header, header_found) in zip(groups, headers, strict=True):
            mine = frozenset(group)
            there = mine.intersection(found)
            missing = mine - there if self._exists else frozenset[int]()
            writes = [*header, *(operations[position] for position in group if position in operations)]
            built.append(ChangeSet(group, tuple(writes), there | header_found, missing, mine & moved))
        return built

    def _addresses(self, lines: pd.DataFrame, *, ask: bool) -> tuple[dict[int, str], frozenset[int]]:
        """Return the addresses of the rows that are in the service, and those that are under another key there."""
        if self._exists and set(self._own_key) == set(self._key):
            own = addresses(lines, self._metadata, self._own_key)
            return dict(zip(lines.index, own, strict=True)), frozenset()
        if not self._exists and not ask:
            return {}, frozenset()
        wanted = list(dict.fromkeys([*self._key, *self._own_key]))
        there = self._service.read_keys(self._metadata.name, columns=wanted, key=self._key, rows=lines)
        places = pd.Series(range(len(there)), index=folded(there, self._key).to_list())
        keys = folded(without_null_text(lines, self._key), self._key)
        places = places[~places.index.duplicated()].reindex(keys.to_list()).set_axis(lines.index).dropna().astype(int)
        found = there.iloc[places.to_list()]
        links = dict(zip(places.index, addresses(found, self._metadata, self._own_key), strict=True))
        given = [name for name in self._own_key if name in lines]
        now = folded(without_null_text(lines.loc[places.index], given), given).to_list()
        moved = [place for place, mine, theirs in zip(places.index, now, folded(found, given), strict=True)
                 if mine != theirs]  # fmt: skip
        return links, frozenset(moved)

    def _operations(self, lines: pd.DataFrame, found: Mapping[int, str]) -> dict[int, Operation]:
        known = lines.index.isin(list(found))
        creates = _creates(lines[~known], self._metadata, self._columns, self._key)
        changeable = _changeable(self._metadata, self._columns, self._key)
        return creates | _updates(lines[known], self._metadata, found, changeable)

    def _headers(self, groups: Sequence[Group]) -> list[tuple[list[Operation], frozenset[int]]]:
        """Return what to write to the header of each group, and whether it is there already."""
        if self._header is None:
            return [([], frozenset()) for _ in groups]
        header, metadata = self._header, self._service.entity_metadata(self._header.entity)
        rows = header.rows_of(self._rows.iloc[[group[0] for group in groups]])
        there = self._service.read_keys(header.entity, columns=header.key, key=header.key, rows=rows)
        keys = folded(without_null_text(rows, header.key), header.key)
        known = keys.isin(folded(there, header.key)).to_numpy(dtype=bool)
        links = dict(zip(rows.index, addresses(rows, metadata, header.key), strict=True))
        changeable = _changeable(metadata, list(header.columns), header.key)
        writes = _creates(rows[~known], metadata, list(rows.columns), header.key)
        writes |= _updates(rows[known], metadata, links, changeable)
        return [
            (
                [replace(writes[group[0]], position=None)] if group[0] in writes else [],
                frozenset([HEADER] if is_known else ()),
            )
            for group, is_known in zip(groups, known, strict=True)
        ]


def document_groups(rows: pd.DataFrame, document: str) -> list[Group]:
    """Return the positions of each document's rows, documents in the order of their first rows."""
    grouped: dict[str, list[int]] = {}
    for position, value in enumerate(folded(rows, [document])):
        grouped.setdefault(value, []).append(position)
    return [tuple(positions) for positions in grouped.values()]


def _changeable(metadata: EntityMetadata, columns: Sequence[str], key: Sequence[str]) -> list[str]:
    """Return the columns of an update: those of the key name the row, and some cannot be changed once it is there."""
    fixed = {*key, *metadata.keys.get("primary", ())}
    return [name for name in columns if name not in fixed and metadata.columns[name].can_update]


def _creates(
    rows: pd.DataFrame, metadata: EntityMetadata, columns: Sequence[str], key: Sequence[str]
) -> dict[int, Operation]:
    """Return creates. What has no value is left out, so that it does not overwrite a default of the service."""
    may_lack = set(columns) - set(key) - set(metadata.keys.get("primary", ()))
    bodies = json_bodies(rows, metadata, dict.fromkeys([*key, *columns]), may_lack=may_lack)
    link = f"data/{metadata.name}?{CROSS_COMPANY}"
    return {place: Operation("POST", link, body, place) for place, body in zip(rows.index, bodies, strict=True)}


def _updates(
    rows: pd.DataFrame, metadata: EntityMetadata, links: Mapping[int, str], columns: Sequence[str]
) -> dict[int, Operation]:
    """Return updates; none when the entity lets nothing be changed any more."""
    if not columns:
        return {}
    bodies = json_bodies(rows, metadata, columns)
    return {
        place: Operation("PATCH", f"data/{links[place]}?{CROSS_COMPANY}", body, place)
        for place, body in zip(rows.index, bodies, strict=True)
    }
