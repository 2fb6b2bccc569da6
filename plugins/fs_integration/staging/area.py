"""The staging area as the pipeline sees it: batches, reference tables and small documents of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fs_integration.errors import StagingDamaged
from fs_integration.frames import to_frame, to_table
from fs_integration.records import BatchRef, Scope
from fs_integration.staging.names import REFERENCE, batch_name, folder_of
from fs_integration.staging.store import Store

ROWS_FILE = "rows.parquet"
COMPRESSION = "zstd"


class StagingArea:
    """Everything one run leaves for its later tasks. Writing the same thing again replaces it.

    :param root: local folder or object-store path (``pathlib.Path``, ``UPath``, ``ObjectStoragePath``).
    """

    def __init__(self, root: Any) -> None:
        self._store = Store(root)

    def write_batches(self, scope: Scope, run_key: str, stage: str, frames: Iterable[pd.DataFrame]) -> list[BatchRef]:
        """Stage frames as batches 0, 1, 2 ... and remove whatever an earlier try left in this stage."""
        self._store.remove(folder_of(scope, run_key, stage))
        return [self.write_batch(scope, run_key, stage, number, frame) for number, frame in enumerate(frames)]

    def write_batch(self, scope: Scope, run_key: str, stage: str, number: int, frame: pd.DataFrame) -> BatchRef:
        """Stage one frame as the batch of this number.

        :raises ServiceUnavailable: when the store cannot take it, for example because the disk is full.
        """
        folder = folder_of(scope, run_key, stage, batch_name(number))
        manifest = self._store.put(folder, ROWS_FILE, _parquet([frame])[0], rows=len(frame))
        return BatchRef(
            mapping=scope.mapping, task=scope.task, legal_entity=scope.legal_entity, run_key=run_key, stage=stage,
            number=number, uri=f"{folder}/{ROWS_FILE}", rows=manifest.rows, checksum=manifest.sha256,
        )  # fmt: skip

    def read(self, ref: BatchRef) -> pd.DataFrame:
        """Return the rows of a batch. :raises StagingDamaged: when they are not the rows the reference was made for."""
        return to_frame(self._table(ref, None))

    def read_columns(self, ref: BatchRef, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of a batch, in the order asked for, each once."""
        return to_frame(self._table(ref, list(dict.fromkeys(columns))))

    def write_reference(self, scope: Scope, run_key: str, name: str, frames: Iterable[pd.DataFrame]) -> int:
        """Stage frames of the same columns as one table to look values up in. :returns: its number of rows."""
        content, rows = _parquet(frames)
        self._store.put(_reference_folder(scope, run_key, f"{name}.parquet"), ROWS_FILE, content, rows=rows)
        return rows

    def read_reference(self, scope: Scope, run_key: str, name: str) -> pd.DataFrame:
        """Return a staged reference table. :raises StagingDamaged: when it is missing or altered."""
        content, _ = self._store.get(_reference_folder(scope, run_key, f"{name}.parquet"))
        return to_frame(pq.read_table(pa.BufferReader(content)))

    def has_reference(self, scope: Scope, run_key: str, name: str) -> bool:
        """Tell whether a reference table was staged completely."""
        return self._store.has(_reference_folder(scope, run_key, f"{name}.parquet"))

    def write_json(self, scope: Scope, run_key: str, name: str, value: object) -> None:
        """Stage a small document."""
        content = json.dumps(value, ensure_ascii=False).encode()
        self._store.put(_reference_folder(scope, run_key, f"{name}.json"), "value.json", content)

    def read_json(self, scope: Scope, run_key: str, name: str) -> Any:
        """Return a staged document. :raises StagingDamaged: when it is missing or altered."""
        content, _ = self._store.get(_reference_folder(scope, run_key, f"{name}.json"))
        return json.loads(content)

    def write_bytes(self, scope: Scope, run_key: str, name: str, content: bytes) -> None:
        """Keep a file as it came, for example an exported package that cannot be exported twice."""
        self._store.put(_reference_folder(scope, run_key, name), "content.bin", content)

    def has_bytes(self, scope: Scope, run_key: str, name: str) -> bool:
        """Tell whether a file was kept completely."""
        return self._store.has(_reference_folder(scope, run_key, name))

    def read_bytes(self, scope: Scope, run_key: str, name: str) -> bytes:
        """Return a kept file. :raises StagingDamaged: when it is missing or altered."""
        return self._store.get(_reference_folder(scope, run_key, name))[0]

    def _table(self, ref: BatchRef, columns: list[str] | None) -> pa.Table:
        folder = folder_of(ref.scope, ref.run_key, ref.stage, batch_name(ref.number))
        content, manifest = self._store.get(folder, sha256=ref.checksum)
        file = pq.ParquetFile(pa.BufferReader(content))
        absent = [name for name in columns or () if name not in file.schema_arrow.names]
        if absent or manifest.rows != ref.rows or file.metadata.num_rows != ref.rows:
            wanted = f"{ref.rows} rows" + (f" with the columns {', '.join(columns)}" if columns else "")
            raise StagingDamaged(
                f"Staging area: `{folder}` should hold {wanted}, but holds {file.metadata.num_rows} rows and lacks "
                f"{', '.join(absent) or 'no column'}. Clear the extract task of this run with all tasks after it."
            )
        table = file.read(columns=columns)
        return table.select(columns) if columns else table


def _reference_folder(scope: Scope, run_key: str, name: str) -> str:
    return folder_of(scope, run_key, REFERENCE, name)


def _parquet(frames: Iterable[pd.DataFrame]) -> tuple[bytes, int]:
    """Return frames as one Parquet file and their number of rows; only compressed rows are held in memory."""
    sink = pa.BufferOutputStream()
    writer, rows = None, 0
    for frame in frames:
        table = to_table(frame)
        writer = writer or pq.ParquetWriter(sink, table.schema, compression=COMPRESSION)
        writer.write_table(table)
        rows += table.num_rows
    if writer is None:
        writer = pq.ParquetWriter(sink, pa.schema([]), compression=COMPRESSION)
    writer.close()
    return sink.getvalue().to_pybytes(), rows
