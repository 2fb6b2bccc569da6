"""The ledger as the pipeline, the pages and the command line see it. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import Connection, Engine, delete, func, select

from fs_integration.errors import LeaseHeld
from fs_integration.ledger import fingerprints, leases, quarantine, runs
from fs_integration.ledger.engine import reading, writing
from fs_integration.ledger.leases import Lease
from fs_integration.ledger.migrate import migrate
from fs_integration.ledger.runs import RunEntry
from fs_integration.ledger.scopes import find_run, find_scope, run_number, scope_number
from fs_integration.ledger.tables import RunRow, ScopeRow, WatermarkRow
from fs_integration.records import BatchRef, Interval, Scope

NO_SCOPE = -1  # numbers of scopes are positive


class Ledger:
    """Runs and their books, quarantine, fingerprints, leases and watermarks.

    :param engine: from ``open_engine``.
    :param clock: returns the moment now, aware; by default PostgreSQL's own clock, so that workers whose clocks differ
        agree on when a lease runs out, and this machine's clock for SQLite.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] | None = None) -> None:
        self.engine = engine
        self._clock = clock

    def migrate(self) -> None:
        """Create or upgrade the tables. :raises ConfigurationError: when a newer release has upgraded them."""
        migrate(self.engine)

    # Runs and books

    def begin_run(
        self, scope: Scope, *, run_key: str, dag_id: str, run_id: str, mode: str, interval: Interval, mapping_hash: str
    ) -> None:
        """Open the books of a run; a run that is begun again starts with empty books."""
        with writing(self.engine) as connection:
            runs.begin(connection, scope, run_key=run_key, dag_id=dag_id, run_id=run_id, mode=mode, interval=interval,
                       mapping_hash=mapping_hash, now=self._now(connection))  # fmt: skip

    def record_batch(self, ref: BatchRef) -> None:
        """Enter a staged batch; the raw ones together are what the run read."""
        with writing(self.engine) as connection:
            runs.record_batch(connection, ref)

    def record_outcomes(self, scope: Scope, run_key: str, batch: int, counts: Mapping[tuple[str, str], int]) -> None:
        """Enter source rows per (outcome, rule) of a batch, in place of what was entered for it before."""
        with writing(self.engine) as connection:
            runs.record_outcomes(connection, run_number(connection, scope, run_key), batch, counts)

    def set_generated(self, scope: Scope, run_key: str, rows: int) -> None:
        """Enter how many rows the run made itself, because they vanished from the source."""
        with writing(self.engine) as connection:
            runs.set_generated(connection, run_number(connection, scope, run_key), rows)

    def close_run(
        self, scope: Scope, run_key: str, *, status: str, message: str = "", drift: int = 0,
        watermark: datetime | None = None,
    ) -> None:  # fmt: skip
        """Close the books and move the watermark forward: both or nothing.

        :param watermark: None leaves it; a moment that is not later than the present one changes nothing.
        """
        with writing(self.engine) as connection:
            now = self._now(connection)
            run = run_number(connection, scope, run_key)
            runs.close(connection, run, status=status, message=message, drift=drift, now=now)
            if watermark is not None:
                number = scope_number(connection, scope)
                runs.move_watermark(connection, number, watermark, run_key=run_key, now=now)

    def run(self, scope: Scope, run_key: str) -> RunEntry:
        """Return the books of a run. :raises ReconciliationError: when the ledger does not know it."""
        with reading(self.engine) as connection:
            return runs.entries(connection, RunRow.id == run_number(connection, scope, run_key))[0]

    def runs(
        self, started_after: datetime | None = None, *, dag_id: str | None = None, run_id: str | None = None,
        newest: int | None = None,
    ) -> list[RunEntry]:  # fmt: skip
        """Return the books of runs, oldest first.

        :param started_after: begun at this moment or later; :param newest: at most so many, the newest ones.
        """
        wanted = []
        if started_after is not None:
            wanted.append(RunRow.started_at >= started_after)
        wanted += [column == value for column, value in ((RunRow.dag_id, dag_id), (RunRow.run_id, run_id)) if value]
        with reading(self.engine) as connection:
            return runs.entries(connection, *wanted, newest=newest)

    def previous_rows(self, scope: Scope, run_key: str) -> int | None:
        """Return how many rows the last successful scheduled run other than this one read, None when there was none."""
        with reading(self.engine) as connection:
            return runs.previous_rows(connection, find_scope(connection, scope), run_key)

    def watermark(self, scope: Scope) -> datetime | None:
        """Return up to where the scope has been read and confirmed; None before its first success."""
        with reading(self.engine) as connection:
            return runs.watermark(connection, find_scope(connection, scope))

    def watermarks(self) -> dict[Scope, datetime]:
        """Return all watermarks."""
        columns = select(ScopeRow.mapping, ScopeRow.task, ScopeRow.legal_entity, WatermarkRow.moment)
        ordered = columns.join(WatermarkRow, WatermarkRow.scope_id == ScopeRow.id).order_by(
            ScopeRow.mapping, ScopeRow.task, ScopeRow.legal_entity
        )
        with reading(self.engine) as connection:
            return {Scope(*names): moment for *names, moment in connection.execute(ordered)}

    # Quarantine

    def quarantine(self, scope: Scope, run_key: str, rejections: pd.DataFrame) -> None:
        """Enter rows that are held back; a line the run already has is replaced.

        Lines of earlier runs about the same rows are closed: the new ones say what is wrong now.

        :param rejections: ``frames.REJECTION_COLUMNS``; skipped rows in it are left out.
        """
        with writing(self.engine) as connection:
            number, run = scope_number(connection, scope), run_number(connection, scope, run_key)
            keys = quarantine.enter(connection, number, run, rejections, now=self._now(connection))
            if keys:
                self._supersede(connection, number, run, keys, except_run=run, note=f"reported again by run {run_key}")

    def supersede_quarantine(self, scope: Scope, run_key: str, row_keys: Iterable[str] | None = None) -> int:
        """Close lines that a run has made obsolete, never those of a run that speaks for a later moment.

        :param row_keys: rows that arrived in the target; None closes all lines of other runs, because this run read
            everything and reports anew what is still wrong.
        :returns: how many were closed.
        """
        with writing(self.engine) as connection:
            number, run = scope_number(connection, scope), run_number(connection, scope, run_key)
            return self._supersede(connection, number, run, row_keys, except_run=run if row_keys is None else None,
                                   note=f"obsolete since run {run_key}")  # fmt: skip

    def held_back(self, scope: Scope) -> list[str]:
        """Return the source keys of the rows that are held back, each once."""
        with reading(self.engine) as connection:
            return quarantine.open_keys(connection, find_scope(connection, scope))

    def quarantined_before(self, scope: Scope, run_key: str) -> set[str]:
        """Return the source keys of the rows that the last successful scheduled run other than this one quarantined."""
        with reading(self.engine) as connection:
            last = runs.last_success(connection, find_scope(connection, scope), run_key)
            return quarantine.quarantined_by(connection, last)

    def open_quarantine(
        self, *, mapping: str | None = None, dag_id: str | None = None, run_id: str | None = None
    ) -> pd.DataFrame:
        """Return the open lines: id, scope, run and ``frames.REJECTION_COLUMNS``, oldest first."""
        with reading(self.engine) as connection:
            return quarantine.open_lines(connection, mapping=mapping, dag_id=dag_id, run_id=run_id)

    def resolve_quarantine(self, ids: Iterable[int], *, note: str) -> int:
        """Close lines by hand. :param note: who closed them and why. :returns: how many of them were open."""
        with writing(self.engine) as connection:
            return quarantine.resolve(connection, ids, note=note, now=self._now(connection))

    # Fingerprints

    def fingerprints(self, scope: Scope, keys: pd.Series) -> pd.DataFrame:
        """Return ``_key``, ``fingerprint`` and ``as_of`` of those keys that were written before, each once."""
        with reading(self.engine) as connection:
            number = find_scope(connection, scope)
            if number is None or not fingerprints.any_known(connection, number):
                keys = keys.iloc[:0]  # nothing to look for, which is so in every first run
            return fingerprints.find(connection, number or NO_SCOPE, keys)

    def scan_fingerprints(self, scope: Scope, rows: int) -> Iterator[pd.DataFrame]:
        """Yield everything known of a scope in chunks: ``_key``, ``_source_key``, ``fingerprint``, ``as_of``."""
        after: str | None = None
        while True:
            with reading(self.engine) as connection:  # one transaction per chunk, so that a slow reader holds up nobody
                number = find_scope(connection, scope) or NO_SCOPE
                frame, after = fingerprints.scan(connection, number, after=after, rows=rows)
            if len(frame):
                yield frame
            if after is None:
                return

    def written_count(self, scope: Scope, run_key: str) -> int:
        """Return how many rows of a scope this run was the last to write."""
        with reading(self.engine) as connection:
            number = find_scope(connection, scope)
            return fingerprints.count(connection, number, run=find_run(connection, scope, run_key))

    def fingerprint_count(self, scope: Scope) -> int:
        """Return how many rows of a scope are known to be in the target."""
        with reading(self.engine) as connection:
            return fingerprints.count(connection, find_scope(connection, scope))

    def save_fingerprints(
        self, held: Sequence[Lease], scope: Scope, rows: pd.DataFrame, *, as_of: datetime, run_key: str
    ) -> None:
        """Enter what was written, provided that every lease is still held when the entry becomes visible.

        :param rows: ``_key``, ``_source_key`` and ``_fingerprint``.
        :raises Fenced: when a lease has passed to another holder; nothing is entered then.
        """
        with writing(self.engine) as connection:
            leases.confirm(connection, list(held))
            number, run = scope_number(connection, scope), find_run(connection, scope, run_key)
            fingerprints.save(connection, number, rows, as_of=as_of, run=run)

    def forget_fingerprints(self, held: Sequence[Lease], scope: Scope, keys: pd.Series) -> None:
        """Forget that these rows were written, so that the next run writes them again.

        :param keys: integration keys.
        :raises Fenced: when a lease has passed to another holder; nothing is forgotten then.
        """
        with writing(self.engine) as connection:
            leases.confirm(connection, list(held))
            fingerprints.forget_keys(connection, scope_number(connection, scope), keys)

    def forget(self, mapping: str, *, task: str | None = None, legal_entity: str | None = None) -> int:
        """Forget what was written and read, so that the next run compares everything with the target.

        :returns: how many fingerprints were removed.
        :raises LeaseHeld: when a run is writing one of the scopes.
        """
        wanted = [ScopeRow.mapping == mapping]
        wanted += [
            column == value for column, value in ((ScopeRow.task, task), (ScopeRow.legal_entity, legal_entity)) if value
        ]
        with writing(self.engine) as connection:
            rows = connection.execute(select(ScopeRow.__table__).where(*wanted)).all()
            for row in rows:
                self._demand_idle(connection, Scope(row.mapping, row.task, row.legal_entity))
            numbers = [row.id for row in rows]
            connection.execute(delete(WatermarkRow).where(WatermarkRow.scope_id.in_(numbers)))
            return fingerprints.forget(connection, numbers)

    # Leases

    def acquire_lease(self, name: str, holder: str, seconds: float, takeover: bool = False) -> Lease:
        """Take the right to write, or extend it when ``holder`` already has it.

        :param takeover: take it from a living holder, who is fenced off by that.
        :raises LeaseHeld: when another holder has it and its time has not run out.
        """
        with writing(self.engine) as connection:
            return leases.acquire(
                connection, name, holder, seconds=seconds, takeover=takeover, now=self._now(connection)
            )

    def renew(self, lease: Lease, seconds: float) -> None:
        """Make sure that a lease is still held and lasts. Writes only when half of its time is over.

        :raises Fenced: when it has passed to another holder.
        """
        with reading(self.engine) as connection:
            if leases.is_fresh(connection, lease, seconds=seconds, now=self._now(connection)):
                return
        with writing(self.engine) as connection:
            leases.extend(connection, lease, seconds=seconds, now=self._now(connection))

    def release(self, lease: Lease) -> None:
        """Give a lease back; nothing happens when another holder has it by now."""
        with writing(self.engine) as connection:
            leases.free(connection, lease.name, lease.holder, now=self._now(connection))

    def _now(self, connection: Connection) -> datetime:
        if self._clock is not None:
            return self._clock()
        if connection.dialect.name == "postgresql":
            moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            return moment.astimezone(UTC)
        return datetime.now(UTC)

    def _supersede(
        self,
        connection: Connection,
        scope: int,
        run: int,
        row_keys: Iterable[str] | None,
        *,
        except_run: int | None,
        note: str,
    ) -> int:
        as_of = connection.execute(select(RunRow.interval_end).where(RunRow.id == run)).scalar_one()
        numbers = quarantine.open_numbers(connection, scope, as_of=as_of, row_keys=row_keys, except_run=except_run)
        return quarantine.resolve(connection, numbers, note=note, now=self._now(connection))

    def _demand_idle(self, connection: Connection, scope: Scope) -> None:
        holder = leases.living(connection, scope.area, now=self._now(connection))
        if holder is not None:
            raise LeaseHeld(
                f"{scope.area} is being written by run `{holder}`. Pause the DAG, let the run end, then try again."
            )
