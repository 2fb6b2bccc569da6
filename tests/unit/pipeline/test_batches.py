"""Batches stay bounded and never split what belongs together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fs_integration.frames import frame_of
from fs_integration.pipeline.source import batches_of
from fs_integration.spec.metadata import ColumnKind

KINDS = {"group": ColumnKind.TEXT, "position": ColumnKind.INTEGER}


def pages_of(sizes: list[int], page_rows: int):
    """Rows ordered by group, ``sizes[i]`` rows in group i, cut into pages."""
    groups = [f"g{number:03d}" for number, size in enumerate(sizes) for _ in range(size)]
    for start in range(0, len(groups), page_rows):
        part = groups[start : start + page_rows]
        yield frame_of({"group": part, "position": list(range(start, start + len(part)))}, KINDS)


@given(
    sizes=st.lists(st.integers(1, 9), max_size=30),
    page_rows=st.integers(1, 12),
    batch_rows=st.integers(1, 15),
    together=st.sampled_from([[], ["group"]]),
)
def test_every_row_is_in_exactly_one_batch_and_groups_stay_whole(sizes, page_rows, batch_rows, together):
    batches = list(batches_of(pages_of(sizes, page_rows), rows=batch_rows, together=together))
    positions = [position for batch in batches for position in batch["position"]]
    assert positions == list(range(sum(sizes)))
    largest_group = max(sizes, default=0) if together else 1
    assert all(len(batch) < batch_rows + largest_group for batch in batches)
    if together:
        groups = [set(batch["group"]) for batch in batches]
        assert sum(len(group) for group in groups) == len(sizes)
    else:
        assert all(len(batch) == batch_rows for batch in batches[:-1])


@given(rows=st.integers(1, 4000), most=st.integers(8, 40))
def test_batches_grow_before_there_are_too_many(rows, most):
    batches = [len(batch) for batch in batches_of(pages_of([1] * rows, 50), rows=2, together=[], most=most)]
    assert sum(batches) == rows
    assert batches[:-1] == sorted(batches[:-1])
    assert len(batches) <= most or rows > 2 * most * 20
