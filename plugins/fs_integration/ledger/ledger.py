"""The ledger as the pipeline, the pages and the command line see it. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, Engine, delete, func, select

from fs_integration.errors import LeaseHeld
from fs_integration.ledger import fingerprints, leases, quarantine, runs, selection
from fs_integration.ledger.engine import reading, writing
from fs_integration.ledger.leases import Lease
from fs_integration.ledger.migrate import migrate
from fs_integration.ledger.runs import RunEntry
from fs_integration.ledger.scopes import find_run, find_scope, run_number, scope_number
from fs_integration.ledger.tables import EnvironmentRow, RunRow, ScopeRow, WatermarkRow
from fs_integration.records import BatchRef, Interval, Scope, Selection

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
        with writing(self.engine, "begin_run") as connection:
            runs.begin(connection, scope, run_key=run_key, dag_id=dag_id, run_id=run_id, mode=mode, interval=interval,
                       mapping_hash=mapping_hash, now=self.now(connection))  # fmt: skip

    def record_batch(self, ref: BatchRef) -> None:
        """Enter a staged batch; the raw ones together are what the run read."""
        with writing(self.engine, "record_batch") as connection:
            runs.record_batch(connection, ref)

    def record_outcomes(self, scope: Scope, run_key: str, batch: int, counts: Mapping[tuple[str, str], int]) -> None:
        """Enter source rows per (outcome, rule) of a batch, in place of what was entered for it before."""
        with writing(self.engine, "record_outcomes") as connection:
            runs.record_outcomes(connection, run_number(connection, scope, run_key), batch, counts)

    def set_generated(self, scope: Scope, run_key: str, rows: int) -> None:
        """Enter how many rows the run made itself, because they vanished from the source."""
        with writing(self.engine, "set_generated") as connection:
            runs.set_generated(connection, run_number(connection, scope, run_key), rows)

    def close_run(
        self, scope: Scope, run_key: str, *, status: str, message: str = "", drift: int = 0,
        watermark: datetime | None = None,
    ) -> None:  # fmt: skip
        """Close the books and move the watermark forward: both or nothing.

        :param watermark: None leaves it; a moment that is not later than the present one changes nothing.
        """
        with writing(self.engine, "close_run") as connection:
            now = self.now(connection)
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

        What was open about the same rows is closed: the new lines say what is wrong now.

        :param rejections: ``frames.REJECTION_COLUMNS``; skipped rows in it are left out.
        """
        with writing(self.engine, "quarantine") as connection:
            number, run = scope_number(connection, scope), run_number(connection, scope, run_key)
            quarantine.enter(connection, number, run, rejections, now=self.now(connection))

    def settle_quarantine(self, scope: Scope, run_key: str, row_keys: Collection[str], *, because: str) -> int:
        """Close what is open about rows that a run offered again, never lines of a run that speaks for a later moment.

        :param because: what became of the rows. :returns: how many lines were closed.
        """
        with writing(self.engine, "settle_quarantine") as connection:
            number, run = scope_number(connection, scope), run_number(connection, scope, run_key)
            return quarantine.settle(connection, number, run, row_keys, because=because, now=self.now(connection))

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
        """Return the open lines as ``selection.LINE_COLUMNS``, oldest first."""
        with reading(self.engine) as connection:
            return selection.lines(connection, mapping=mapping, dag_id=dag_id, run_id=run_id)

    def whole_quarantine(self, *, mapping: str | None = None) -> pd.DataFrame:
        """Return all lines that are kept, open and closed, as ``selection.LINE_COLUMNS``, oldest first."""
        with reading(self.engine) as connection:
            return selection.lines(connection, mapping=mapping, closed=True)

    def select_quarantine(self, mapping: str, wanted: Selection) -> pd.DataFrame:
        """Return the open lines about the rows of an area that a person chose, and about the rows those depend on."""
        return selection.selected(self.open_quarantine(mapping=mapping), wanted)

    def discard_quarantine(self, ids: Iterable[int], *, by: str, note: str) -> int:
        """Close lines by hand. :param by: who closes them; :param note: why. :returns: how many of them were open."""
        with writing(self.engine, "discard_quarantine") as connection:
            return quarantine.discard(connection, ids, note=f"{by}: {note}", now=self.now(connection))

    def expire_quarantine(self, scope: Scope, *, keep_days: int) -> int:
        """Remove what old lines hold of their rows. :returns: how many lines that were."""
        with writing(self.engine, "expire_quarantine") as connection:
            now = self.now(connection)
            before = now - timedelta(days=keep_days)
            return quarantine.expire(connection, find_scope(connection, scope), before=before, now=now)

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
        with writing(self.engine, "save_fingerprints") as connection:
            leases.confirm(connection, held)
            number, run = scope_number(connection, scope), find_run(connection, scope, run_key)
            fingerprints.save(connection, number, rows, as_of=as_of, run=run)

    def forget_fingerprints(self, held: Sequence[Lease], scope: Scope, keys: pd.Series) -> None:
        """Forget that these rows were written, so that the next run writes them again.

        :param keys: integration keys.
        :raises Fenced: when a lease has passed to another holder; nothing is forgotten then.
        """
        with writing(self.engine, "forget_fingerprints") as connection:
            leases.confirm(connection, held)
            fingerprints.forget_keys(connection, scope_number(connection, scope), keys)

    def forget(self, mapping: str, *, task: str | None = None, legal_entity: str | None = None) -> int:
        """Forget what was written and read, and in which environments; the next run compares everything anew.

        :returns: how many fingerprints were removed.
        :raises LeaseHeld: when a run is writing one of the scopes.
        """
        wanted = [ScopeRow.mapping == mapping]
        wanted += [
            column == value for column, value in ((ScopeRow.task, task), (ScopeRow.legal_entity, legal_entity)) if value
        ]
        with writing(self.engine, "forget") as connection:
            rows = connection.execute(select(ScopeRow.__table__).where(*wanted)).all()
            for row in rows:
                self._demand_idle(connection, Scope(row.mapping, row.task, row.legal_entity))
            numbers = [row.id for row in rows]
            for table in (WatermarkRow, EnvironmentRow):
                connection.execute(delete(table).where(table.scope_id.in_(numbers)))
            return fingerprints.forget(connection, numbers)

    # Leases

    def acquire_lease(self, name: str, holder: str, seconds: float, takeover: bool = False) -> Lease:
        """Take the right to write, or extend it when ``holder`` already has it.

        :param takeover: take it from a living holder, who is fenced off by that.
        :raises LeaseHeld: when another holder has it and its time has not run out.
        """
        with writing(self.engine, "acquire_lease") as connection:
            return leases.acquire(
                connection, name, holder, seconds=seconds, takeover=takeover, now=self.now(connection)
            )

    def acquire_leases(self, names: Iterable[str], holder: str, seconds: float) -> list[Lease]:
        """Take all of these leases or none, so that two runs never wait for each other.

        :raises LeaseHeld: when another holder has one of them and its time has not run out.
        """
        with writing(self.engine, "acquire_leases") as connection:
            return leases.acquire_all(connection, names, holder, seconds=seconds, now=self.now(connection))

    def renew(self, held: Sequence[Lease], seconds: float) -> None:
        """Make sure that leases are still held and last. Writes only when half of the time of one is over.

        :raises Fenced: when one has passed to another holder.
        """
        with reading(self.engine) as connection:
            if leases.are_fresh(connection, held, seconds=seconds, now=self.now(connection)):
                return
        with writing(self.engine, "renew") as connection:
            leases.extend(connection, held, seconds=seconds, now=self.now(connection))

    def release(self, held: Sequence[Lease]) -> None:
        """Give leases back; nothing happens to those that another holder has by now."""
        with writing(self.engine, "release") as connection:
            for lease in sorted(held, key=lambda lease: lease.name):
                leases.free(connection, lease.name, lease.holder, now=self.now(connection))

    def now(self, connection: Connection) -> datetime:
        """Return the moment now, by the clock that leases run out by."""
        if self._clock is not None:
            return self._clock()
        if connection.dialect.name == "postgresql":
            moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            return moment.astimezone(UTC)
        return datetime.now(UTC)

    def _demand_idle(self, connection: Connection, scope: Scope) -> None:
        holder = leases.living(connection, scope.lease, now=self.now(connection))
        if holder is not None:
            raise LeaseHeld(
                f"{scope} is being written by run `{holder}`. Pause the DAG, let the run end, then try again."
            )
