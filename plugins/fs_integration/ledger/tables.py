"""The tables of the ledger. A change here needs a new file in ``migrations/versions``; a test compares the two."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fs_integration.ledger.columns import ExactText, Moment

NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in INTEGER columns


class Base(DeclarativeBase):
    """Constraints have fixed names, so that later migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )


class ScopeRow(Base):
    """One mapping task for one legal entity; the other tables refer to it by number."""

    __tablename__ = "fs_scope"
    __table_args__ = (UniqueConstraint("mapping", "task", "legal_entity"),)

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    mapping: Mapped[str] = mapped_column(Text)
    task: Mapped[str] = mapped_column(Text)
    legal_entity: Mapped[str] = mapped_column(Text)


class RunRow(Base):
    """One run of one scope. ``status``: running, succeeded, failed, stopped (by the gate)."""

    __tablename__ = "fs_run"
    __table_args__ = (UniqueConstraint("scope_id", "run_key"), Index("ix_fs_run_started_at", "started_at"))

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    scope_id: Mapped[int] = mapped_column(NUMBER, ForeignKey("fs_scope.id"))
    run_key: Mapped[str] = mapped_column(Text)
    dag_id: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    interval_start: Mapped[datetime | None] = mapped_column(Moment)
    interval_end: Mapped[datetime] = mapped_column(Moment)
    mapping_hash: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(ExactText)
    generated: Mapped[int] = mapped_column(BigInteger)
    drift: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class BatchRow(Base):
    """One staged batch of a run."""

    __tablename__ = "fs_batch"

    run: Mapped[int] = mapped_column(NUMBER, ForeignKey("fs_run.id", ondelete="CASCADE"), primary_key=True)
    stage: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    uri: Mapped[str] = mapped_column(Text)
    rows: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[str] = mapped_column(Text)


class OutcomeRow(Base):
    """Source rows per batch, outcome and rule. Batch -1 is the gate's own line."""

    __tablename__ = "fs_outcome"

    run: Mapped[int] = mapped_column(NUMBER, ForeignKey("fs_run.id", ondelete="CASCADE"), primary_key=True)
    batch: Mapped[int] = mapped_column(Integer, primary_key=True)
    outcome: Mapped[str] = mapped_column(Text, primary_key=True)
    rule: Mapped[str] = mapped_column(Text, primary_key=True)
    rows: Mapped[int] = mapped_column(BigInteger)


class LineState(StrEnum):
    """What became of a line of the quarantine; exactly the open ones have no ``resolved_at``."""

    OPEN = "open"
    REPLAYED = "replayed"  # a later run offered the row again: it arrived, was reported anew, or is gone
    DISCARDED = "discarded"  # a person closed it
    EXPIRED = "expired"  # kept as long as the mapping says; what it held of the row is removed


class QuarantineRow(Base):
    """One reason why one row was not written.

    ``tries`` counts the runs that reported it without a break since ``first_seen_at``, each in a line of its own.
    """

    __tablename__ = "fs_quarantine"
    __table_args__ = (
        UniqueConstraint("run", "line"),
        Index("ix_fs_quarantine_open", "scope_id", "resolved_at"),
    )

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    scope_id: Mapped[int] = mapped_column(NUMBER, ForeignKey("fs_scope.id"))
    run: Mapped[int] = mapped_column(NUMBER, ForeignKey("fs_run.id", ondelete="CASCADE"))
    line: Mapped[str] = mapped_column(Text)  # digest of row key, field and rule: the same line is entered once per run
    row_key: Mapped[str] = mapped_column(ExactText)
    field: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(ExactText)
    value: Mapped[str] = mapped_column(ExactText)
    outcome: Mapped[str] = mapped_column(Text)
    source_rows: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[str] = mapped_column(ExactText)
    first_seen_at: Mapped[datetime] = mapped_column(Moment)
    last_seen_at: Mapped[datetime] = mapped_column(Moment)
    tries: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text)
    resolved_at: Mapped[datetime | None] = mapped_column(Moment)
    resolution: Mapped[str | None] = mapped_column(ExactText)


class FingerprintRow(Base):
    """What was last written for one key. ``as_of`` is in microseconds since 1970, because millions are compared."""

    __tablename__ = "fs_fingerprint"
    __table_args__ = ({"sqlite_with_rowid": False},)

    scope_id: Mapped[int] = mapped_column(NUMBER, ForeignKey("fs_scope.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    source_key: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[int] = mapped_column(BigInteger)
    as_of: Mapped[int] = mapped_column(BigInteger)
    run: Mapped[int | None] = mapped_column(BigInteger)


class LeaseRow(Base):
    """The right to write. ``fence`` rises with every new holder and never falls; an empty holder means released."""

    __tablename__ = "fs_lease"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    holder: Mapped[str] = mapped_column(Text)
    fence: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime] = mapped_column(Moment)


class EnvironmentRow(Base):
    """The environment of each service that a scope's fingerprints and watermark are about."""

    __tablename__ = "fs_environment"

    scope_id: Mapped[int] = mapped_column(NUMBER, ForeignKey("fs_scope.id"), primary_key=True)
    system: Mapped[str] = mapped_column(Text, primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    tenant: Mapped[str] = mapped_column(Text)
    identity: Mapped[str] = mapped_column(Text)
    pinned_at: Mapped[datetime] = mapped_column(Moment)


class BreakerRow(Base):
    """Service failures in a row of one area with one connection set; no line while there are none.

    ``step`` is the task of the mapping and the step that failed last. ``until`` is empty while there is no pause;
    ``probe`` is the run that may try before then.
    """

    __tablename__ = "fs_breaker"

    area: Mapped[str] = mapped_column(Text, primary_key=True)
    connection_set: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[str] = mapped_column(Text)
    pause_seconds: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[datetime | None] = mapped_column(Moment)
    probe: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(ExactText)
    changed_at: Mapped[datetime] = mapped_column(Moment)


class WatermarkRow(Base):
    """Up to where the scheduled runs of a scope have read and confirmed."""

    __tablename__ = "fs_watermark"

    scope_id: Mapped[int] = mapped_column(NUMBER, ForeignKey("fs_scope.id"), primary_key=True)
    moment: Mapped[datetime] = mapped_column(Moment)
    run_key: Mapped[str] = mapped_column(Text)
    moved_at: Mapped[datetime] = mapped_column(Moment)
