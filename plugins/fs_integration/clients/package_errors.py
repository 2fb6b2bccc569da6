"""Read what an import says about its bad rows: the error list, and the files of keys and rows that failed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from fs_integration.clients.answers import NOT_JSON
from fs_integration.errors import ServiceUnavailable

_BEGIN = re.compile(r'\{\s*"RecordId"\s*:\s*"')
_FIELD = re.compile(r'"\s*,\s*"Field"\s*:\s*"')
_MESSAGE = re.compile(r'"\s*,\s*"ErrorMessage"\s*:\s*"')


@dataclass(frozen=True)
class RowError:
    """One message. :param record: key value of the row it is about, often empty."""

    record: str
    message: str


def row_errors(text: str) -> list[RowError]:
    """Read the list of ``GetExecutionErrors``; messages may hold raw quotes and line breaks, which breaks its JSON."""
    try:
        listed = msgspec.json.decode(text or "[]", type=list[dict[str, str | None]])
        return [RowError(entry.get("RecordId") or "", entry.get("ErrorMessage") or "") for entry in listed]
    except NOT_JSON:
        return list(filter(None, map(_row_error, _BEGIN.split(text)[1:])))


def _row_error(text: str) -> RowError | None:
    """Read one entry piece by piece, which takes no longer than its length; None when it is none."""
    record, *rest = _FIELD.split(text, 1)
    _, *message = _MESSAGE.split(rest[0], 1) if rest else [""]
    end = message[0].rstrip(" \r\n\t,]") if message else ""
    return RowError(record, end[:-1].rstrip().removesuffix('"')) if end.endswith("}") else None


def failed_rows(content: bytes, columns: Sequence[str], what: str) -> list[dict[str, str]]:
    """Read a file of failed rows or keys: a heading, then per row the values of columns of the package.

    :param columns: columns of the package file. :returns: per failed row the values of those columns it names.
    :raises ServiceUnavailable: the file names none of them, or is no such file.
    """
    text = _decoded(content)
    header = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t", "|"), key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as exc:  # a field of more than 128 KiB
        raise ServiceUnavailable(f"{what} cannot be read: {exc}.") from exc
    known = {name.upper() for name in columns}
    names = [name.strip().upper() for name in rows[0]] if rows else []
    if not known & set(names):
        raise ServiceUnavailable(f"{what} names no column of the package; it begins with `{header[:200].strip()}`.")
    return [_known_values(names, row, known) for row in rows[1:] if row]


def _known_values(names: Sequence[str], row: Sequence[str], known: set[str]) -> dict[str, str]:
    return {name: value for name, value in zip(names, row, strict=False) if name in known}


def positions_of(failed: Sequence[Mapping[str, str]], lines: Sequence[Mapping[str, str]]) -> Iterator[int]:
    """Give the places of the lines that failed; case and trailing zeros of numbers do not count."""
    wanted = {_view(row, row) for row in failed}
    shapes = {frozenset(row) for row in failed}
    for place, line in enumerate(lines):
        if any(_view(line, shape) in wanted for shape in shapes):
            yield place


def not_among(failed: Sequence[Mapping[str, str]], lines: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the failed rows that are none of the lines, as text: nobody can tell which of the lines failed there."""
    shapes = {frozenset(row) for row in failed}
    views = {_view(line, shape) for line in lines for shape in shapes}
    return ["|".join(row.values()) for row in failed if _view(row, row) not in views]


def _view(row: Mapping[str, str], names: Iterable[str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, _comparable(row[name])) for name in names)


def _comparable(value: str) -> str:
    text = value.strip().lower()
    is_number = re.fullmatch(r"-?\d+\.\d+", text)
    return text.rstrip("0").rstrip(".") if is_number else text


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
