"""The steps before the fields: add columns from references, put rows together, keep the rows meant to travel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.frames import array_of, as_text, joined_arrays, joined_text
from fs_integration.spec.columns import SETTINGS
from fs_integration.spec.mapping import Enrich, Group, Keep, MappingTask, Otherwise, Scalar
from fs_integration.spec.metadata import ColumnKind
from fs_integration.transform.book import OUTCOMES, Book
from fs_integration.transform.conditions import fulfilled
from fs_integration.transform.matching import SEPARATOR, References, first_of_each
from fs_integration.transform.values import (
    DECIMAL,
    NUMBER_LIMIT,
    column_of,
    constant,
    convert,
    folded,
    normalised,
    prefixed,
)  # fmt: skip

WIDE_DECIMAL = pa.decimal256(76, DECIMAL.scale)  # sums cannot overflow in it; decimal128 would wrap around silently


def opened(raw: pd.DataFrame, task: MappingTask, *, settings: Mapping[str, Scalar], refused: np.ndarray | None) -> Book:
    """Open the book of a raw batch.

    :param settings: the company's settings; they become columns, so that every rule can read them.
    :param refused: mask of the rows that the raw checks have refused; they have their lines already and get no others.
    """
    rows = normalised(raw)
    for name, value in settings.items():
        rows = rows.append_column(f"{SETTINGS}{name}", constant(value, len(raw)))
    book = Book(
        rows,
        keys=array_of(joined_text(raw, task.source.key)),
        source_rows=pa.repeat(pa.scalar(1, pa.int64()), len(raw)),
        raw_columns=list(raw.columns),
    )
    if refused is not None:
        book.ended |= refused
    return book


def enrich(book: Book, steps: Sequence[Enrich], references: References, *, key_prefix: str) -> None:
    """Add the columns of each step, matched by the reference's key; end the rows without an unambiguous match."""
    for step in steps:
        index = references.index(step.reference)
        by = [book.column(name) for name in step.by]
        if step.company_prefix is not None:
            by = [prefixed(column, step.company_prefix, key_prefix) for column in by]
        match = index.find(by)
        where = f"{', '.join(step.by)} of the source row"
        entity, field = references.entity(step.reference), ", ".join(step.by)
        book.refuse(
            book.standing(match.ambiguous), field=field, rule=f"ambiguous:{step.reference}", values=by,
            reason=f"Several rows of {entity} match {where}; make them distinct there.",
        )  # fmt: skip
        if step.otherwise in OUTCOMES:
            book.refuse(
                book.standing(match.missing), field=field, rule=f"enrich:{step.reference}", values=by,
                reason=step.reason or f"No row of {entity} matches {where}.", outcome=OUTCOMES[step.otherwise],
            )  # fmt: skip
        for name, column in step.add.items():
            found = index.take(column, match)
            if step.otherwise is Otherwise.KEEP:
                found = pc.if_else(match.missing, by[0], as_text(found))
            book.rows = book.rows.append_column(name, found)


def grouped(book: Book, group: Group) -> Book:
    """Add up the rows that are equal in ``group.by`` and return the book of the sums.

    A sum that lacks one of its rows would be a wrong number that looks right. Hence a group of which any row was
    refused, here or by the raw checks, is refused as a whole; rows skipped on purpose do not count. Missing numbers add
    nothing.
    """
    by = [book.column(name) for name in group.by]
    _refuse_unreadable(book, group)
    keys = folded(joined_arrays(by, separator=SEPARATOR))
    _refuse_incomplete(book, group, by=by, keys=keys)
    survivors = book.survivors()
    groups = keys.filter(pa.array(~book.ended)).dictionary_encode()
    numbers = {name: convert(survivors.column(name), ColumnKind.DECIMAL).values for name in group.sum}
    if len(groups.dictionary) == len(groups):  # every row stands alone, so each is its own sum
        for name, values in numbers.items():
            survivors.replace(name, values)
        return survivors
    return _summed(survivors, groups, numbers)


def _summed(book: Book, groups: pa.DictionaryArray, numbers: Mapping[str, pa.Array]) -> Book:
    """Return one row per group: its first row, with the sums of ``numbers``."""
    wide = {name: values.cast(WIDE_DECIMAL) for name, values in numbers.items()}
    sums = (
        pa.table({"code": groups.indices, "rows": book.source_rows, **wide})
        .group_by("code", use_threads=False)
        .aggregate([("rows", "sum"), *[(name, "sum") for name in wide]])
        .sort_by("code")
    )
    first = first_of_each(groups)
    whole = Book(
        book.rows.take(first), keys=book.keys.take(first), source_rows=column_of(sums, "rows_sum"),
        raw_columns=book.raw_columns,
    )  # fmt: skip
    for name in wide:
        _put_sum(whole, name, column_of(sums, f"{name}_sum"))
    return whole


def _refuse_unreadable(book: Book, group: Group) -> None:
    for name in group.sum:
        values = book.column(name)
        converted = convert(values, ColumnKind.DECIMAL)
        book.refuse(book.standing(converted.unreadable), field=name, rule="conversion", values=values,
                    reason=f"`{name}` is to be added up but is not a number.")  # fmt: skip
        book.refuse(book.standing(converted.too_large), field=name, rule="too_large", values=values,
                    reason=f"`{name}` has more than 27 digits before the decimal point.")  # fmt: skip


def _refuse_incomplete(book: Book, group: Group, *, by: list[pa.Array], keys: pa.Array) -> None:
    """End the rows whose group has lost a row. A missing part of a group's key is a value like any other."""
    lost = keys.filter(pa.array(book.ended & ~book.skipped)).unique()
    field = ", ".join(group.by)
    book.refuse(
        book.standing(pc.is_in(keys, value_set=lost)), field=field, rule="group_incomplete", values=by,
        reason=f"Another source row with the same {field} was rejected, so the sum would be wrong. Correct that row.",
    )  # fmt: skip


def _put_sum(book: Book, name: str, sums: pa.Array) -> None:
    too_large = pc.greater_equal(pc.abs(sums), pa.scalar(NUMBER_LIMIT, WIDE_DECIMAL))
    book.refuse(book.standing(too_large), field=name, rule="too_large", values=sums,
                reason=f"The sum of `{name}` has more than 27 digits before the decimal point.")  # fmt: skip
    values = pc.if_else(pc.fill_null(too_large, False), pa.scalar(None, WIDE_DECIMAL), sums).cast(DECIMAL)
    book.replace(name, values)


def keep(book: Book, conditions: Sequence[Keep]) -> None:
    """End the rows that do not fulfil every condition; the first one a row fails gives the reason."""
    for condition in conditions:
        failing = book.standing(pc.invert(fulfilled(book.column, condition)))
        looked_at = condition.fields
        book.refuse(
            failing, field=", ".join(looked_at), rule=f"keep:{looked_at[0]}", reason=condition.reason,
            values=[book.column(name) for name in looked_at],
            outcome=OUTCOMES[condition.otherwise],
        )  # fmt: skip
