"""Look for secrets wherever the package leaves something behind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from local.direct import SECRET

# What must be nowhere: the client's secret, any access token, any signature of an address for a package.
CANARY = re.compile(
    rb"%b|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}|[?&]sig=(?!\*)[\w%%+/=-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    % SECRET.encode()
)
AROUND = 60


def secrets_in(folder: Path, *, but: Sequence[str] = ()) -> list[str]:
    """Return where a secret stands in the files of a folder: logs, ledger, staged rows, Data Docs.

    :param but: patterns of files and folders, from the folder on, that are left out.
    """
    left_out = [path for pattern in but for path in folder.glob(pattern)]
    return [
        f"{file.relative_to(folder)}: ...{content[max(0, found.start() - AROUND) : found.start()]!r}"
        for file, content in _contents(folder)
        if not any(file.is_relative_to(path) for path in left_out) and (found := CANARY.search(content)) is not None
    ]


def _contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.suffix == ".parquet":  # packed, so the bytes themselves show nothing
            yield file, repr(pq.read_table(file).to_pylist()).encode()
        else:
            yield file, file.read_bytes()
