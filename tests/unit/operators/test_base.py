"""What the operators take from Airflow's context."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum

from fs_integration.operators.base import plain


def test_a_moment_of_airflow_becomes_a_plain_datetime_in_utc():
    moment = plain(pendulum.datetime(2026, 11, 25, 2, 0, 0, 123456, tz="Europe/Berlin"))
    assert type(moment) is datetime
    assert moment == datetime(2026, 11, 25, 1, 0, 0, 123456, tzinfo=UTC)
    assert (moment - datetime(2026, 11, 25, tzinfo=UTC)) // timedelta(microseconds=1) == 3_600_123_456
