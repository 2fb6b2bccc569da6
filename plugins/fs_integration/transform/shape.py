"""Shape source rows into target rows, as a mapping task says.

Owns the order of the steps; never calls the network: what a row is compared with comes from staged references.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.frames import (
    KEY,
    KEY_SEPARATOR,
    REJECTION_COLUMNS,
    SOURCE_KEY,
    SOURCE_ROWS,
    TARGET_ID,
    concat,
    joined_arrays,
    to_frame,
)  # fmt: skip
from fs_integration.records import Outcome
from fs_integration.spec.mapping import MappingTask, Scalar
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.transform.book import Book
from fs_integration.transform.conditions import fulfilled
from fs_integration.transform.fields import FieldShaper, ValueMaps
from fs_integration.transform.matching import SEPARATOR, Index, References
from fs_integration.transform.source_rows import enrich, grouped, keep, opened
from fs_integration.transform.values import TEXT, folded


@dataclass(frozen=True)
class Shaped:
    """What became of a raw batch.

    :param rows: target columns in the order of the mapping, then ``KEY``, ``SOURCE_KEY``, ``SOURCE_ROWS`` and
        ``TARGET_ID``. ``SOURCE_KEY`` of a grouped row is that of its first source row.
    :param rejections: ``REJECTION_COLUMNS``, see ``shape``.
    """

    rows: pd.DataFrame
    rejections: pd.DataFrame


def shape(
    raw: pd.DataFrame,
    task: MappingTask,
    *,
    value_maps: ValueMaps,
    references: Mapping[str, pd.DataFrame],
    target: EntityMetadata,
    target_index: pd.DataFrame | None,
    settings: Mapping[str, Scalar] | None = None,
    key_prefix: str = "",
    refused: np.ndarray | None = None,
) -> Shaped:
    """Turn source rows into target rows and rejections: enrich, group, keep, fields, duplicate keys, protected rows.

    Every source row is in exactly one of ``rows`` and ``rejections``: over both, ``SOURCE_ROWS`` and ``source_rows``
    add up to the rows of ``raw`` that the raw checks have not refused. A row with several bad values has a line for
    each; its first line carries its ``source_rows`` and decides its outcome in the books, the others carry 0.

    - A row that ends in ``enrich``, ``group`` or ``keep`` is not looked at further, so that a row that is not meant to
      travel is never reported for its values.
    - Of a row's lines from the field rules, ``skipped`` comes first and silences the others, then ``quarantined``,
      then ``blocked``.
    - All rows of the batch that share a key, bad ones included, are quarantined with ``duplicate_key``: which of them
      is right cannot be told. Keys are compared as the services compare them, without regard to case.

    :param settings: values for ``settings.<name>``; :param key_prefix: the company's, for ``company_prefix``.
    :param raw: the whole raw batch; :param refused: mask of the rows that the raw checks have refused.
    :param target_index: key columns, primary id and protected columns of the rows in the target, when they were staged.
    :raises MappingError: when the mapping names something that is not there; ``lint`` says so earlier.
    :raises DataQualityError: when the staged data lacks a column or a reference.
    """
    staged = References(task.references, references)
    source = opened(raw, task, settings=settings or {}, refused=refused)
    enrich(source, task.source.enrich, staged, key_prefix=key_prefix)
    whole = grouped(source, task.source.group) if task.source.group else source.survivors()
    keep(whole, task.source.keep)
    book = whole.survivors()
    fields = FieldShaper(book, task, value_maps=value_maps, references=staged, target=target, key_prefix=key_prefix)
    for rule in task.active_fields:
        fields.shape(rule)
    keys = _Keys(task, fields.columns)
    _refuse_duplicates(book, keys)
    target_ids = _find_in_target(book, keys, task, fields.columns, target=target, target_index=target_index)
    rows = pa.table({
        **fields.columns, KEY: keys.text, SOURCE_KEY: book.keys, SOURCE_ROWS: book.source_rows, TARGET_ID: target_ids,
    })  # fmt: skip
    lines = [part.lines() for part in (source, whole, book)]
    return Shaped(to_frame(rows.filter(pa.array(~book.ended))), concat(lines, REJECTION_COLUMNS))


class _Keys:
    """The integration keys of the rows in work."""

    def __init__(self, task: MappingTask, columns: Mapping[str, pa.Array]) -> None:
        self.names = task.target.key
        self.parts = [columns[name] for name in self.names]
        self.text = joined_arrays(self.parts, separator=KEY_SEPARATOR)
        self.complete = np.logical_and.reduce([part.is_valid().to_numpy(zero_copy_only=False) for part in self.parts])


def _refuse_duplicates(book: Book, keys: _Keys) -> None:
    candidates = keys.complete & ~book.skipped
    text = folded(joined_arrays(keys.parts, separator=SEPARATOR))
    codes = pc.if_else(pa.array(candidates), text, pa.scalar(None, TEXT)).dictionary_encode().indices
    numbers = codes.fill_null(0).to_numpy(zero_copy_only=False)
    counts = np.bincount(numbers[candidates], minlength=1)
    several = candidates & (counts[numbers] > 1)
    book.refuse(
        pa.array(several), field=", ".join(keys.names), rule="duplicate_key", values=keys.text,
        reason=f"Several source rows have this {', '.join(keys.names)}; which of them is right cannot be told.",
    )  # fmt: skip


def _find_in_target(
    book: Book, keys: _Keys, task: MappingTask, columns: Mapping[str, pa.Array], *, target: EntityMetadata,
    target_index: pd.DataFrame | None,
) -> pa.Array:  # fmt: skip
    """Return the ids of rows that the target already has; refuse rows it protects or has more than once."""
    if target_index is None:
        return pa.nulls(len(book), type=TEXT)
    index = Index(target_index, key=keys.names, ignore_case=True)
    match = index.find(keys.parts)
    known = pa.array(keys.complete & ~book.skipped)
    book.refuse(
        pc.and_(known, match.ambiguous), field=", ".join(keys.names), rule="ambiguous_target", values=keys.text,
        reason=f"Several rows of {target.name} have this {', '.join(keys.names)}; merge them there.",
    )  # fmt: skip
    for condition in task.target.protect:
        is_protected = pc.and_(match.positions.is_valid(), fulfilled(lambda name: index.take(name, match), condition))
        book.refuse(
            pc.and_(known, is_protected), field=condition.field, rule=f"protect:{condition.fields[0]}",
            reason=condition.reason, values=[index.take(name, match) for name in condition.fields],
        )  # fmt: skip
    for wanted in task.target.create_when:
        unwanted = pc.invert(fulfilled(lambda name: columns[name], wanted))
        book.refuse(
            book.standing(pc.and_(match.missing, unwanted)), field=", ".join(wanted.fields), rule="not_in_target",
            values=keys.text, reason=f"{target.name} does not hold this row, and a row like this is not created.",
            outcome=Outcome.SKIPPED,
        )  # fmt: skip
    return index.take(target.primary_id, match) if target.primary_id else pa.nulls(len(book), type=TEXT)
