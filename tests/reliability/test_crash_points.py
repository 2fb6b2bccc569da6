"""W1, W2, W3: killed at each point where a side effect begins, killed again while recovering, asked to end.

Nothing is lost and nothing happens twice: what the next try or the next run leaves is what a run in peace leaves.
"""

from __future__ import annotations

import os
import signal
from random import Random

import pytest
from tests.reliability.catalogue import AREAS
from tests.reliability.crash import SMALLEST, assert_recovers, assert_survives, pictures_of, points_of, recover
from tests.reliability.plugin import cases
from tests.reliability.site import assert_one_run_as_in_peace

from fs_integration.points import watched

SHARES = 4  # parts of an area's points, so that workers share them
# `make test` tries one part, to stay within its time; FS_ALL_POINTS=1 tries every point (docs/reliability.md).
TRIED = range(SHARES if os.environ.get("FS_ALL_POINTS") else 1)
PAIRS = 3
KINDS = {"staging.write", "staging.rename", "docs.write", "ledger.commit", "http.send", "http.answered"}


@pytest.mark.parametrize("share", TRIED)
@pytest.mark.parametrize("area", cases("W1"))
def test_a_run_killed_at_any_point_is_completed(area, share, sites, outcome):
    site, pictures = pictures_of(area, sites, start=1 + share, step=SHARES)
    assert pictures
    for picture in pictures:
        assert_recovers(site, sites, picture)
    outcome("RES")


@pytest.mark.parametrize("area", cases("W2"))
def test_a_run_killed_again_while_it_recovers_is_completed(area, sites, outcome):
    count, random = len(points_of(area, sites)), Random(area)
    for _ in range(PAIRS):
        assert_survives(area, sites, random.randint(1, count), random.randint(1, count))
    outcome("RES")


class Terminated(BaseException):
    """What the handler of SIGTERM raises in the main thread, as that of an Airflow task does."""


@pytest.fixture
def terminable():
    def end(number, frame):
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("area", cases("W3"))
def test_a_run_asked_to_end_leaves_its_work_to_the_next(area, sites, outcome, terminable):
    site = sites.make(area, SMALLEST[area], name="ended")
    asked = []

    def ask(name):
        if name.startswith("http.send") and not asked:
            asked.append(name)
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Terminated), watched(ask):
        site.run_area()
    assert asked
    assert_one_run_as_in_peace(site, sites, recover(site, sites, again=False), SMALLEST[area])
    outcome("RES")


def test_every_kind_of_side_effect_has_points(sites):
    found = {name.split(" ")[0] for area in AREAS for name in points_of(area, sites)}
    assert found >= KINDS
