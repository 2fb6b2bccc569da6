"""Rows of one document come one after the other, although the service orders lookups by name."""

from __future__ import annotations

import pytest

from fs_integration.clients.regrouping import SHOWN, order_columns, regrouped
from fs_integration.frames import frame_of
from fs_integration.spec.metadata import Column, ColumnKind

K = ColumnKind
INVOICE = Column(name="invoiceid", kind=K.LOOKUP)
Row = tuple[int, str | None, str | None]  # line, invoice, name of the invoice


def read(*pages: list[Row], order: Column = INVOICE) -> list[list[int]]:
    extra = order_columns([order])
    kinds = {"line": K.INTEGER, **{name: kind for name, (_, kind) in extra.items()}}
    frames = [
        frame_of(dict(zip(kinds, zip(*page, strict=True) if page else [[]] * len(kinds), strict=True)), kinds)
        for page in pages
    ]
    found = list(regrouped(iter(frames), extra))
    assert all(list(frame.columns) == ["line"] for frame in found)
    return [frame["line"].tolist() for frame in found]


def test_a_lookup_is_read_with_its_name() -> None:
    wires = [wire for wire, _ in order_columns([INVOICE, Column(name="number", kind=K.TEXT)]).values()]
    assert wires == ["_invoiceid_value", f"_invoiceid_value@{SHOWN}", "number"]


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        pytest.param([[(1, "i", "A"), (2, "j", "B")]], [[1], [2]], id="what is in order stays in order"),
        pytest.param(
            [[(1, "i", "A"), (2, "j", "A"), (3, "i", "A"), (4, "k", "B")]], [[1, 3, 2], [4]], id="documents of one name"
        ),
        pytest.param(
            [[(1, "i", "A"), (2, "j", "A")], [(3, "i", "A")], [(4, "k", "B")]], [[1, 3, 2], [4]], id="across pages"
        ),
        pytest.param(
            [[(1, "i", "Müller"), (2, "j", "MULLER"), (3, "i", "Müller")]], [[1, 3, 2]], id="case and accents"
        ),
        pytest.param([[(1, "i", "Straße"), (2, "j", "Strasse"), (3, "i", "Straße")]], [[1, 3, 2]], id="sharp s"),
        pytest.param(
            [[(1, None, None), (2, "i", None), (3, None, None), (4, "j", "A")]], [[1, 3, 2], [4]], id="without a name"
        ),
        pytest.param([[]], [[]], id="nothing was found"),
        pytest.param([[(1, "i", "A")], [], [(2, "i", "A")]], [[1, 2]], id="an empty page between"),
    ],
)
def test_rows_of_one_document_are_neighbours(pages: list[list[Row]], expected: list[list[int]]) -> None:
    assert read(*pages) == expected


def test_text_that_differs_only_in_case_is_kept_apart() -> None:
    pages = [[(1, "b"), (2, "B"), (3, "b")]]
    assert read(*pages, order=Column(name="number", kind=K.TEXT)) == [[2, 1, 3]]  # type: ignore[list-item]
