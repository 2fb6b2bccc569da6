"""The column engine against a plain reference that works row by row, on batches nobody thought of."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.transform.builders import (
    DECIMAL,
    ID,
    LOOKUP,
    TEXT,
    a_frame,
    a_table,
    a_task,
    guid,
    shape_things,
)  # fmt: skip

from fs_integration.frames import SOURCE_ROWS
from fs_integration.spec.metadata import Column

PARENTS = {"P1": guid(1), "P2": guid(2)}
KINDS = {"item": "Item", "service": "Service"}
TASK = a_task(
    {"from": "Kind", "to": "kind", "value_map": {"Item": "Item", "Service": "Service"}, "otherwise": "skip"},
    {"from": "Parent", "to": "parent", "lookup": {"reference": "parents", "take": "id"}, "otherwise": "block"},
    {"from": "Quantity", "to": "quantity", "default": "0", "round": 2, "clamp": {"min": 0}},
    {"from": "Name", "to": "name", "required": True},
    references={"parents": {"system": "dataverse", "entity": "parents", "key": ["code"], "take": ["id"]}},
)
TABLE = a_table(kind=TEXT, parent=LOOKUP, quantity=DECIMAL, name=Column(name="name", kind=TEXT, max_length=4))
REFERENCES = {"parents": a_frame({"id": ID}, code=list(PARENTS), id=list(PARENTS.values()))}

numbers = st.decimals(min_value=-1000, max_value=1000, places=3).map(str)
rows = st.fixed_dictionaries(
    {
        "Id": st.sampled_from(["a", "A", "b", "c ", "d", "", "e", "f", "g", "h"]),
        "Kind": st.sampled_from(["Item", "item", " SERVICE", "Other", "", None]),
        "Parent": st.sampled_from(["P1", "p2 ", "P3", "", None]),
        "Quantity": st.one_of(numbers, st.sampled_from(["", None, "x", "1e3", "0.125", "0.375", "-0.005"])),
        "Name": st.one_of(st.none(), st.text(alphabet="ab \u00e9\u00df", max_size=6)),
    }
)


def trimmed(value: str | None) -> str | None:
    return (value or "").strip() or None


def quantity_of(text: str | None) -> Decimal:
    number = Decimal(trimmed(text) or "0").quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
    return max(number, Decimal(0))


def expected_row(row: dict[str, Any]) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """Shape one row with plain Python. :returns: its values, and the (field, outcome) of each of its faults."""
    kind, parent, name, key = (trimmed(row[column]) for column in ("Kind", "Parent", "Name", "Id"))
    faults = set()
    if kind and kind.lower() not in KINDS:
        faults.add(("kind", "skipped"))
    if parent and parent.upper() not in PARENTS:
        faults.add(("parent", "blocked"))
    if name is None or len(name) > 4:
        faults.add(("name", "quarantined"))
    if key is None:
        faults.add(("key", "quarantined"))
    try:
        quantity = quantity_of(row["Quantity"])
    except InvalidOperation:
        quantity = Decimal(0)
        faults.add(("quantity", "quarantined"))
    shaped = {"key": key, "kind": KINDS.get((kind or "").lower()), "parent": PARENTS.get((parent or "").upper()),
              "quantity": quantity, "name": name}  # fmt: skip
    return shaped, faults


def expected_batch(batch: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Counter[str], int]:
    """:returns: the rows to write, rows per outcome, and the number of lines."""
    shaped = [expected_row(row) for row in batch]
    skipped = [("kind", "skipped") in faults for _, faults in shaped]
    keys = Counter(
        row["key"].lower() for (row, _), skip in zip(shaped, skipped, strict=True) if row["key"] and not skip
    )
    passed, outcomes, lines = [], Counter[str](), 0
    for (row, faults), skip in zip(shaped, skipped, strict=True):
        told = set(faults)
        if row["key"] and not skip and keys[row["key"].lower()] > 1:
            told.add(("key", "quarantined"))
        if not told:
            passed.append(row)
            continue
        found = {outcome for _, outcome in told}
        outcomes[next(name for name in ("skipped", "quarantined", "blocked") if name in found)] += 1
        lines += 1 if skip else len(told)
    return passed, outcomes, lines


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=12))
def test_the_column_engine_agrees_with_a_row_by_row_reference(batch: list[dict[str, Any]]) -> None:
    raw = a_frame(**{name: [row[name] for row in batch] for name in ("Id", "Kind", "Parent", "Quantity", "Name")})
    shaped = shape_things(raw, TASK, TABLE, references=REFERENCES)
    passed, outcomes, lines = expected_batch(batch)
    columns = ["key", "kind", "parent", "quantity", "name"]
    found = shaped.rows[columns].astype(object).where(shaped.rows[columns].notna(), None).to_dict("records")
    assert found == passed
    counted = shaped.rejections[shaped.rejections["source_rows"] > 0]
    assert Counter(counted["outcome"].tolist()) == outcomes
    assert len(shaped.rejections) == lines
    assert shaped.rows[SOURCE_ROWS].sum() + shaped.rejections["source_rows"].sum() == len(batch)
