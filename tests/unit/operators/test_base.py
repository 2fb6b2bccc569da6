"""What the operators take from Airflow's context."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
from airflow.sdk.exceptions import AirflowRescheduleException

from fs_integration.errors import AreaPaused, LeaseHeld, NetworkFailure
from fs_integration.operators.base import TURN_SECONDS, plain, waiting_for_its_turn


def test_a_moment_of_airflow_becomes_a_plain_datetime_in_utc():
    moment = plain(pendulum.datetime(2026, 11, 25, 2, 0, 0, 123456, tz="Europe/Berlin"))
    assert type(moment) is datetime
    assert moment == datetime(2026, 11, 25, 1, 0, 0, 123456, tzinfo=UTC)
    assert (moment - datetime(2026, 11, 25, tzinfo=UTC)) // timedelta(microseconds=1) == 3_600_123_456


def test_a_task_whose_area_is_being_written_sleeps_and_looks_again():
    before = datetime.now(UTC)
    with pytest.raises(AirflowRescheduleException) as raised, waiting_for_its_turn():
        raise LeaseHeld("`warehouses/warehouse` is being written by another run.")
    assert raised.value.reschedule_date - before >= timedelta(seconds=TURN_SECONDS)


def test_a_task_whose_area_pauses_sleeps_until_then():
    until = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
    with pytest.raises(AirflowRescheduleException) as raised, waiting_for_its_turn():
        raise AreaPaused("`warehouses` pauses.", until=until)
    assert raised.value.reschedule_date == until


def test_other_faults_are_no_reason_to_wait():
    with pytest.raises(NetworkFailure), waiting_for_its_turn():
        raise NetworkFailure("cut")
