"""Find rows of a reference by key, never guessing: no row and several rows are both told apart from one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.errors import DataQualityError
from fs_integration.frames import joined_arrays
from fs_integration.spec.mapping import Reference
from fs_integration.transform.values import column_of, folded, normalised

SEPARATOR = "\x1f"  # cannot occur in a value, so that two keys never run into one another


class Match(NamedTuple):
    """:param positions: position of the row found, null when there is not exactly one.

    :param missing: no row has the key; :param ambiguous: several rows have it.
    """

    positions: pa.Array
    missing: pa.Array
    ambiguous: pa.Array


class Index:
    """A reference table, searchable by its key columns.

    Text is compared trimmed and, with ``ignore_case``, without regard to case, as both services compare keys. A missing
    key part is a value like any other: F&O leaves unused product dimensions blank. With ``distinct`` the first of
    several rows with the same key stands for all of them.
    """

    def __init__(self, frame: pd.DataFrame, *, key: Sequence[str], ignore_case: bool, distinct: bool = False) -> None:
        self.rows = normalised(frame)
        self._ignore_case = ignore_case
        encoded = self._texts([column_of(self.rows, name) for name in key]).dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        self._distinct = encoded.dictionary
        self._first = first_of_each(encoded)
        several = np.bincount(codes, minlength=len(self._distinct)) > 1
        self._several = pa.array(several & (not distinct))

    def find(self, key: list[pa.Array]) -> Match:
        """Look up rows by the values of the key columns, in the order of the key."""
        code = pc.index_in(self._texts(key), value_set=self._distinct)
        ambiguous = pc.fill_null(self._several.take(code), False)
        positions = pc.if_else(ambiguous, pa.scalar(None, pa.int64()), self._first.take(code))
        return Match(positions, code.is_null(), ambiguous)

    def take(self, name: str, match: Match) -> pa.Array:
        """Return a column of the rows found; null where none was found."""
        return column_of(self.rows, name).take(match.positions)

    def _texts(self, key: list[pa.Array]) -> pa.Array:
        text = joined_arrays(key, separator=SEPARATOR)
        return folded(text) if self._ignore_case else text


def first_of_each(encoded: pa.DictionaryArray) -> pa.Array:
    """Return the position of the first row of each distinct value, in the order of the dictionary."""
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    if len(codes) == len(encoded.dictionary):  # nothing occurs twice
        return pa.array(codes, type=pa.int64())
    # A dictionary grows by one with each value not met before: there the largest code so far rises.
    return pa.array(np.flatnonzero(np.diff(np.maximum.accumulate(codes), prepend=-1)), type=pa.int64())


class References:
    """The staged references of a task; each is indexed when it is first used."""

    def __init__(self, declared: Mapping[str, Reference], staged: Mapping[str, pd.DataFrame]) -> None:
        self._declared, self._staged = declared, staged
        self._indexes: dict[str, Index] = {}

    def key(self, name: str) -> tuple[str, ...]:
        return self._declared[name].key

    def entity(self, name: str) -> str:
        return self._declared[name].entity

    def index(self, name: str) -> Index:
        """:raises DataQualityError: when extract has not staged the reference."""
        if name not in self._staged:
            raise DataQualityError(
                f"Reference `{name}` ({self.entity(name)}) is not staged for this run. "
                "Clear the extract task, so that it is read."
            )
        if name not in self._indexes:
            declared = self._declared[name]
            self._indexes[name] = Index(
                self._staged[name], key=declared.key, ignore_case=declared.ignore_case, distinct=declared.distinct
            )
        return self._indexes[name]
