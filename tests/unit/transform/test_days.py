"""The day of a moment is that of the company; a date without a time is the same day everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from fs_integration.frames import ARROW_TYPES
from fs_integration.spec.metadata import ColumnKind
from fs_integration.transform.functions import FUNCTIONS

DAYS = [
    (datetime(2026, 1, 1, 3, 30, tzinfo=UTC), ColumnKind.DATETIME, "America/Los_Angeles", "2025-12-31T12:00:00Z"),
    (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), ColumnKind.DATETIME, "Europe/Berlin", "2026-03-30T12:00:00Z"),
    (date(2026, 3, 1), ColumnKind.DATE, "America/Los_Angeles", "2026-03-01T12:00:00Z"),
    (date(2026, 3, 1), ColumnKind.DATE, "Europe/Berlin", "2026-03-01T12:00:00Z"),
    (None, ColumnKind.DATE, "UTC", None),
]


@pytest.mark.parametrize(("value", "kind", "zone", "day"), DAYS)
def test_a_moment_has_the_day_of_the_zone_and_a_date_its_own(value, kind, zone, day):
    column = pa.array([value], type=ARROW_TYPES[kind])
    assert FUNCTIONS["business_day"](column, pa.array([zone])).to_pylist() == [day]


def test_the_first_moment_that_is_given_counts():
    first = pa.array([None], type=ARROW_TYPES[ColumnKind.DATETIME])
    second = pa.array([date(2026, 3, 1)], type=ARROW_TYPES[ColumnKind.DATE])
    assert FUNCTIONS["business_day"](first, second, pa.array(["UTC"])).to_pylist() == ["2026-03-01T12:00:00Z"]
