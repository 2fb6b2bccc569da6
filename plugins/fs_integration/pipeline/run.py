"""What one run is: key, mode and the window it reads (docs/concepts.md, "Runs, backfills and the watermark")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from fs_integration.errors import ConfigurationError
from fs_integration.records import Interval, Scope, Selection
from fs_integration.spec.mapping import MappingTask

REPLAY, SEEN = "replay_", "seen"  # run parameters begin with the first
LONGEST_WORD = 500  # characters
REPLAY_WORDS = tuple(field.name for field in fields(Selection))


class Mode(StrEnum):
    """A scheduled run reads on from the watermark and moves it; a stateless one reads its window and moves nothing."""

    SCHEDULED = "scheduled"
    STATELESS = "stateless"


@dataclass(frozen=True)
class Run:
    """One run of one DAG over one window.

    :param full: read everything and write also rows that are as they were last written, to align the target again.
    :param replay: read only these rows that are held back; :param seen: what their lines were when they were chosen.
    :param interval: scheduled: the start is replaced by the watermark once the scope is known, see ``for_scope``.
    """

    run_key: str
    dag_id: str
    run_id: str
    mode: Mode
    interval: Interval
    full: bool = False
    replay: Selection | None = None
    seen: str = ""

    @property
    def as_of(self) -> datetime:
        """The moment the run speaks for; a row written by a run with a later one is never overwritten."""
        return self.interval.end

    def is_overtaken(self, task: MappingTask, watermark: datetime | None) -> bool:
        """Tell whether a newer run has confirmed every row of the scope.

        That is so when a whole read has moved the watermark beyond this run: also the rows which that one found
        unchanged, and therefore did not write, are as it saw them.
        """
        return task.source.changed_since is None and watermark is not None and watermark > self.as_of

    def for_scope(self, watermark: datetime | None) -> Run:
        """Return this run as it applies to one scope.

        A scheduled run reads on from the watermark, so that nothing is lost after a failure. When the watermark is
        already beyond the window the run is an old one that was cleared: it becomes stateless.
        """
        if self.mode is Mode.STATELESS:
            return self
        if watermark is not None and watermark >= self.interval.end:
            return replace(self, mode=Mode.STATELESS)
        return replace(self, interval=Interval(None if self.full else watermark, self.interval.end))


def run_of(
    *,
    run_key: str,
    dag_id: str,
    run_id: str,
    run_type: str,
    run_after: datetime,
    data_interval: Interval | None,
    params: Mapping[str, Any],
) -> Run:
    """Tell from Airflow's facts what kind of run this is.

    :param run_type: ``scheduled``, ``backfill``, ``manual``, ``asset_triggered`` ...
    :param data_interval: None for a run without logical date.
    :param params: ``window_start`` and ``window_end`` make a run started by hand stateless, ``full`` makes it full,
        and any ``replay_...`` makes it a replay.
    :raises ConfigurationError: when a parameter is of another type, when the window given by hand is not two ISO 8601
        moments in order, or when a replay is to be something else as well.
    """
    window, full = _window(params), _full(params)
    words = {name: _text(params, f"{REPLAY}{name}") for name in (*REPLAY_WORDS, SEEN)}
    if any(words.values()):
        if window is not None or full:
            raise ConfigurationError(
                f"Run {run_id} of {dag_id} is to replay rows held back and to read others as well (`window_start`, "
                "`window_end` or `full`). Start two runs, one for each."
            )
        seen, now = words.pop(SEEN), Interval(None, run_after)
        return Run(run_key, dag_id, run_id, Mode.STATELESS, now, replay=Selection(**words), seen=seen)
    if window is not None:
        return Run(run_key, dag_id, run_id, Mode.STATELESS, window)
    if run_type == "backfill":
        if data_interval is None:
            raise ConfigurationError(
                f"Backfill run {run_id} of {dag_id} has no data interval; give the DAG a cron schedule."
            )
        return Run(run_key, dag_id, run_id, Mode.STATELESS, data_interval)
    if run_type == "scheduled" and data_interval is not None:
        return Run(run_key, dag_id, run_id, Mode.SCHEDULED, data_interval)
    return Run(run_key, dag_id, run_id, Mode.SCHEDULED, Interval(None, run_after), full=full)


def _window(params: Mapping[str, Any]) -> Interval | None:
    start, end = _text(params, "window_start"), _text(params, "window_end")
    if not start and not end:
        return None
    try:
        interval = Interval(_moment(start), _moment(end))
    except (OverflowError, ValueError) as exc:
        raise ConfigurationError(
            f"Run parameters window_start `{start}` and window_end `{end}` must both be ISO 8601 moments, "
            "for example `2026-11-20T00:00:00Z`."
        ) from exc
    if interval.start is None or interval.start >= interval.end:
        raise ConfigurationError(f"Run parameter window_start `{start}` must lie before window_end `{end}`.")
    return interval


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(params: Mapping[str, Any], name: str) -> str:
    """Return a parameter that is text or not given."""
    value = params.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_WORD:
        raise ConfigurationError(
            f"Run parameter {name} is `{str(value)[:100]}`, but must be text of at most {LONGEST_WORD} characters."
        )
    return value


def _full(params: Mapping[str, Any]) -> bool:
    value = params.get("full", False)
    if not isinstance(value, bool):
        raise ConfigurationError(f"Run parameter full is `{str(value)[:100]}`, but must be true or false.")
    return value


def scopes_of(mapping: str, task: str, companies: list[str]) -> list[Scope]:
    """Return one scope per legal entity, in the order of the connection set."""
    return [Scope(mapping, task, company) for company in companies]
