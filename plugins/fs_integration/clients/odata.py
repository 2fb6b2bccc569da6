"""Read OData pages of either service into frames, column by column.

The page is split into its rows without looking into them, and Arrow reads all of them at once: no Python code per row.
While a page is read into a frame and used, the next one is on its way; never more than that one.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from fs_integration.clients.ahead import begin
from fs_integration.clients.listing import Page, Way
from fs_integration.clients.transport import JSON_HEADERS, Call, Transport
from fs_integration.errors import ServiceUnavailable
from fs_integration.frames import ARROW_TYPES, to_frame
from fs_integration.spec.metadata import ColumnKind
from fs_integration.spec.paths import WIRE_SEPARATOR

# Real numbers arrive as the shortest text of a binary number, with up to 17 digits; rounded to our scale afterwards.
_WIRE_DECIMAL = pa.decimal256(76, 38)
_WIRE_TYPES = {
    **ARROW_TYPES,
    ColumnKind.DECIMAL: _WIRE_DECIMAL,
    ColumnKind.DATE: pa.string(),
    ColumnKind.DATETIME: pa.string(),
}
_SCALE = ARROW_TYPES[ColumnKind.DECIMAL].scale
_ROW_BEGINS = ord("{")


_DECODE_PAGE = msgspec.json.Decoder(Page[msgspec.Raw]).decode


@dataclass(frozen=True)
class Reading:
    """What a page is read as.

    :param columns: name in the frame -> name on the wire and kind, in the frame's order; a name with slashes leads into
        the members of expanded rows.
    :param empty_date: first ten characters of the date that stands for "no date"; empty when the service knows null.
    """

    columns: Mapping[str, tuple[str, ColumnKind]]
    empty_date: str = ""


def pages(transport: Transport, link: str, *, reading: Reading, prefer: str = "") -> Iterator[pd.DataFrame]:
    """Read a collection to its end, one frame per page.

    An empty page is not the end; only an answer without ``@odata.nextLink`` is.

    :param link: first request, below the service root; :param prefer: value of the ``Prefer`` header.
    :raises ForeignLinkRefused: a next link leads elsewhere; :raises ServiceUnavailable: the links go in a circle.
    """
    source = _Source(transport, {**JSON_HEADERS, **({"Prefer": prefer} if prefer else {})})
    way = Way(transport, link)
    following: str | None = link
    coming = source.begin(link)
    try:
        while following:
            way.go(following)
            page = coming.result()
            following = page.next_link
            in_a_circle = way.leads_back(following)
            if following and not in_a_circle:
                coming = source.begin(following)
            if page.value or (not following and len(way) == 1):
                yield frame_of_rows(page.value, reading)
            if in_a_circle:
                raise way.circle()
    finally:
        source.closed = True


def page_of_rows(body: bytes) -> Page[msgspec.Raw]:
    """Split a page into its rows; neither the decoder nor Arrow looks whether their texts are UTF-8.

    :raises msgspec.ValidationError: it is no page, or an entry of it is no row; :raises UnicodeDecodeError: no UTF-8.
    """
    body.decode()
    page = _DECODE_PAGE(body)
    for number, row in enumerate(page.value):
        if memoryview(row)[0] != _ROW_BEGINS:  # Arrow may crash on what is no object
            raise msgspec.ValidationError(f"Expected a row - at `$.value[{number}]`")
    return page


@dataclass
class _Source:
    """Where pages come from. :param closed: nobody wants more, so what is under way is not tried again."""

    transport: Transport
    headers: Mapping[str, str]
    closed: bool = False

    def begin(self, link: str) -> Future[Page[msgspec.Raw]]:
        """Ask for a page without waiting for it."""
        call = Call("GET", link, self.headers, before=self._still_wanted, decode=page_of_rows)
        return begin(lambda: self.transport.send(call).value, name="next-page")

    def _still_wanted(self) -> None:
        if self.closed:
            raise CancelledError


def frame_of_rows(rows: list[msgspec.Raw], reading: Reading) -> pd.DataFrame:
    """Turn JSON objects into a frame; members that were not asked for are left out.

    :raises ServiceUnavailable: when a value is not what the service's metadata promised.
    """
    schema = pa.schema(_members((wire.split(WIRE_SEPARATOR), kind) for wire, kind in reading.columns.values()))
    try:
        table = _parse(rows, schema) if rows else schema.empty_table()
        arrays = {
            name: _typed(_member(table, wire), kind, reading.empty_date)
            for name, (wire, kind) in reading.columns.items()
        }
    except pa.ArrowException as exc:
        raise ServiceUnavailable(f"The rows of an answer are not what the metadata promises: {str(exc)[:200]}") from exc
    return to_frame(pa.table(arrays))


def _members(paths: Iterable[tuple[Sequence[str], ColumnKind]]) -> list[tuple[str, pa.DataType]]:
    """Return name and type of each member of a row; members of an expanded row are inside its type."""
    plain: dict[str, pa.DataType] = {}
    expanded: dict[str, list[tuple[Sequence[str], ColumnKind]]] = {}
    for (first, *rest), kind in paths:
        if rest:
            expanded.setdefault(first, []).append((rest, kind))
        else:
            plain[first] = _WIRE_TYPES[kind]
    return [*plain.items(), *((name, pa.struct(_members(inner))) for name, inner in expanded.items())]


def _member(table: pa.Table, wire: str) -> pa.ChunkedArray:
    """Return a column; what lies inside an expanded row is missing where there is no such row."""
    first, *rest = wire.split(WIRE_SEPARATOR)
    return pc.struct_field(table[first], rest) if rest else table[first]


def _parse(rows: list[msgspec.Raw], schema: pa.Schema) -> pa.Table:
    text = b"\n".join(rows)
    return pj.read_json(
        io.BytesIO(text),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pj.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="ignore",
            newlines_in_values=text.count(b"\n") >= len(rows),
        ),
    )  # fmt: skip


def _typed(column: pa.ChunkedArray, kind: ColumnKind, empty_date: str) -> pa.ChunkedArray:
    if kind is ColumnKind.DECIMAL:
        return pc.cast(pc.round(column, _SCALE, "half_to_even"), ARROW_TYPES[kind])
    if kind in (ColumnKind.DATE, ColumnKind.DATETIME):
        return _moments(column, kind, empty_date)
    return column


def _moments(column: pa.ChunkedArray, kind: ColumnKind, empty_date: str) -> pa.ChunkedArray:
    if empty_date:
        unset = pc.starts_with(column, empty_date)
        column = pc.if_else(pc.fill_null(unset, False), pa.scalar(None, pa.string()), column)
    if kind is ColumnKind.DATE:
        # A date is sent with a time of noon so that no time zone moves it; the date part is the value.
        return pc.cast(pc.utf8_slice_codeunits(column, 0, 10), ARROW_TYPES[kind])
    if pc.any(pc.match_substring(column, ".")).as_py():
        column = pc.replace_substring_regex(column, r"(\.\d{6})\d+", r"\1")
    return pc.cast(column, ARROW_TYPES[kind])
