"""Work side by side: results in order, errors raised, nothing asked for twice."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from fs_integration.clients.once import Once
from fs_integration.clients.parallel import merged, side_by_side, until


def test_results_come_in_the_order_of_the_items() -> None:
    def late_for_small(item: int) -> int:
        time.sleep(0.02 * (3 - item))
        return item * 10

    assert side_by_side(late_for_small, [1, 2, 3], at_once=3, name="test") == [10, 20, 30]
    assert side_by_side(late_for_small, [], at_once=3, name="test") == []


def test_no_more_than_so_many_work_at_once() -> None:
    guard, under_way, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal under_way, most
        with guard:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with guard:
            under_way -= 1

    side_by_side(work, range(12), at_once=3, name="test")
    assert most == 3


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_failure_is_raised_and_ends_what_has_not_begun(at_once: int) -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise ValueError("broken")
        time.sleep(0.05)

    with pytest.raises(ValueError, match="broken"):
        side_by_side(work, range(20), at_once=at_once, name="test")
    assert len(begun) < 20


def test_a_failure_stops_long_work_at_its_next_item() -> None:
    stop, read = threading.Event(), []

    def work(item: int) -> None:
        if item == 0:
            time.sleep(0.05)
            raise ValueError("broken")
        for number in until(stop, itertools.count()):
            read.append(number)
            time.sleep(0.01)

    with pytest.raises(ValueError, match="broken"):
        side_by_side(work, [0, 1], at_once=2, name="test", stop=stop)
    assert 0 < len(read) < 100


def test_items_of_several_sources_come_as_they_are_ready() -> None:
    def slow() -> Iterator[str]:
        time.sleep(0.2)
        yield "slow"

    sources = [slow(), iter(["a", "b"]), iter(())]
    assert list(merged(sources, at_once=3, name="test")) == ["a", "b", "slow"]


def test_a_failing_source_is_heard() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("cut")

    with pytest.raises(ValueError, match="cut"):
        list(merged([failing(), iter(range(5))], at_once=2, name="test"))


def test_who_stops_listening_stops_the_sources() -> None:
    asked: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            asked.append(1)
            yield 1

    items = merged([endless(), endless()], at_once=2, name="test")
    next(items)
    items.close()
    count = len(asked)
    time.sleep(0.02)
    assert len(asked) == count


def test_many_threads_ask_once() -> None:
    once, asked = Once[int](), []

    def ask() -> int:
        asked.append(1)
        time.sleep(0.05)
        return 7

    found = side_by_side(lambda _: once.get("table", ask), range(6), at_once=6, name="test")
    assert (found, len(asked)) == ([7] * 6, 1)


def test_a_failure_is_not_remembered() -> None:
    once = Once[int]()

    def fail() -> int:
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        once.get("table", fail)
    assert once.get("table", lambda: 3) == 3
