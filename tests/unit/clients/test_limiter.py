"""How many requests are under way at once, and that none is sent while the service wants quiet."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sandbox.client import SandboxClient
from tests.unit.clients.stub import FakeTime, FakeTokens, Reply, Seen, Service, reply

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.limiter import MOST, SAMPLES, START, Limiter, limiter_of
from fs_integration.clients.settings import Limits
from fs_integration.clients.transport import Call, Transport
from fs_integration.errors import Fenced, ServiceUnavailable, Throttled
from fs_integration.frames import KEY, frame_of
from fs_integration.spec.metadata import ColumnKind

GOOD = reply({"value": 1})


@pytest.fixture
def limiter(fake_time: FakeTime) -> Limiter:
    return Limiter(lambda: fake_time.moment)


def fill(limiter: Limiter) -> list[int]:
    """Take every place there is."""
    return [limiter.enter() for _ in range(limiter.places)]


def good_round(limiter: Limiter, seconds: float = 0.1, **headers: str) -> None:
    """Take every place, then answer all of them well."""
    for turn in fill(limiter):
        limiter.answered(turn, {name.replace("_", "-"): text for name, text in headers.items()}, kind="k",
                         seconds=seconds)  # fmt: skip
        limiter.leave()


# How many at once ----------------------------------------------------------------------------------------------------


def test_it_starts_at_the_documented_number_and_at_what_the_service_recommends(limiter: Limiter) -> None:
    assert limiter.places == START
    limiter.answered(limiter.enter(), {"x-ms-dop-hint": "5"}, kind="k", seconds=0.1)
    assert (limiter.places, limiter.recommended) == (5, 5)


@pytest.mark.parametrize("hint", ["0", "-3", "many", "", "inf", "nan"])
def test_a_recommendation_that_is_none_is_not_followed(hint: str, limiter: Limiter) -> None:
    limiter.answered(limiter.enter(), {"x-ms-dop-hint": hint}, kind="k", seconds=0.1)
    assert (limiter.places, limiter.recommended) == (START, None)


def test_a_recommendation_does_not_undo_what_the_service_made_us_learn(limiter: Limiter) -> None:
    limiter.throttled(fill(limiter)[0], None)
    limiter.answered(1, {"x-ms-dop-hint": "40"}, kind="k", seconds=0.1)
    assert limiter.places == START // 2


def test_each_round_of_good_answers_adds_about_one_up_to_what_the_service_allows(limiter: Limiter) -> None:
    reached = []
    for _ in range(80):
        good_round(limiter)
        reached.append(limiter.places)
    steps = [after - before for before, after in itertools.pairwise(reached)]
    assert reached[1] == START + 1
    assert set(steps) == {0, 1}
    assert reached[-1] == MOST


def test_places_that_nobody_uses_do_not_grow(limiter: Limiter) -> None:
    for _ in range(200):
        limiter.answered(limiter.enter(), {}, kind="k", seconds=0.1)
        limiter.leave()
    assert limiter.places == START


def test_refusals_of_one_burst_halve_once_and_those_of_the_next_again(limiter: Limiter) -> None:
    for turn in fill(limiter):
        limiter.throttled(turn, None)
        limiter.leave()
    assert limiter.places == START // 2
    limiter.throttled(limiter.enter(), None)
    assert limiter.places == 1  # only one was under way, half of it is the least there can be


def test_places_taken_stay_taken_when_their_number_is_halved(limiter: Limiter) -> None:
    limiter.throttled(fill(limiter)[0], None)
    limiter.leave()
    assert limiter.enter() == 0


@pytest.mark.parametrize(("slow", "halved"), [(0.12, False), (0.5, True)], ids=["a little", "clearly"])
def test_answers_that_clearly_slow_down_halve(slow: float, halved: bool, limiter: Limiter) -> None:
    good_round(limiter)
    good_round(limiter)
    before = limiter.places
    good_round(limiter, seconds=slow)
    assert limiter.places == (before // 2 if halved else before + 1)


def test_slow_answers_to_requests_sent_before_a_halving_do_not_halve_again(limiter: Limiter) -> None:
    good_round(limiter)
    good_round(limiter)
    before = limiter.places
    refused, *slow = fill(limiter)
    limiter.throttled(refused, None)
    for turn in slow:
        limiter.answered(turn, {}, kind="k", seconds=5.0)
    assert limiter.places == before // 2


def test_a_service_that_stays_slow_is_not_asked_less_and_less(limiter: Limiter) -> None:
    for _ in range(3):
        good_round(limiter)
    for _ in range(200):
        good_round(limiter, seconds=0.5)
    assert limiter.places > START


def test_requests_of_another_size_are_no_sign_of_slowness(limiter: Limiter) -> None:
    for number in range(4 * SAMPLES):
        turn = limiter.enter()
        limiter.answered(turn, {}, kind=number % 2, seconds=(0.01, 5.0)[number % 2])
        limiter.leave()
    assert limiter.places == START


@pytest.mark.parametrize(
    ("headers", "places"),
    [
        pytest.param({"x_ms_ratelimit_burst_remaining_xrm_requests": "3"}, 3, id="three requests left"),
        pytest.param({"x_ms_ratelimit_burst_remaining_xrm_requests": "0"}, 1, id="none left: one finds out"),
        pytest.param({"x_ms_ratelimit_time_remaining_xrm_requests": "0.25"}, 2, id="time for two more"),
        pytest.param({"x_ms_ratelimit_time_remaining_xrm_requests": "1,199.50"}, START, id="plenty of time"),
        pytest.param({"x_ms_ratelimit_burst_remaining_xrm_requests": "soon"}, START, id="no number"),
        pytest.param({"x_ms_ratelimit_burst_remaining_xrm_requests": "nan"}, START, id="a number that is none"),
    ],
)
def test_no_more_are_sent_than_what_is_left_of_the_limits_holds(
    headers: dict[str, str], places: int, limiter: Limiter
) -> None:
    good_round(limiter, **headers)
    assert limiter.places == places


def test_what_is_left_counts_only_until_the_next_answer(limiter: Limiter) -> None:
    good_round(limiter, x_ms_ratelimit_burst_remaining_xrm_requests="1")
    good_round(limiter)
    assert limiter.places >= START


def test_clients_of_one_user_share_and_others_do_not() -> None:
    one = limiter_of("https://contoso.example", "application")
    assert limiter_of("https://contoso.example", "application") is one
    assert limiter_of("https://contoso.example", "another") is not one
    assert limiter_of("https://fabrikam.example", "application") is not one


# Quiet ---------------------------------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.one_of(
        st.just(("enter", 0.0)),
        st.just(("good", 0.0)),
        st.tuples(st.just("throttled"), st.none() | st.floats(0, 900)),
        st.tuples(st.just("pause"), st.none() | st.floats(0, 900)),
        st.tuples(st.just("pass"), st.floats(0, 400)),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(EVENTS)
def test_whatever_happens_nobody_gets_a_place_in_a_pause_nor_beyond_the_places(
    events: list[tuple[str, float | None]],
) -> None:
    clock = FakeTime()
    limiter = Limiter(lambda: clock.moment)
    quiet_until, under_way = 0.0, [limiter.enter()]
    for event, number in events:
        if event == "pass":
            clock.moment += number or 0.0
        elif event == "enter" and (len(under_way) < limiter.places or clock.moment < quiet_until):
            turn = limiter.enter()
            assert bool(turn) == (clock.moment >= quiet_until)
            under_way += [turn] if turn else []
            assert not turn or len(under_way) <= limiter.places  # those sent before a halving are under way still
        elif event == "pause":
            limiter.pause(number)
            quiet_until = max(quiet_until, clock.moment + (number or 0.0))
        elif event in ("good", "throttled") and under_way:
            turn = under_way.pop(0)
            if event == "good":
                limiter.answered(turn, {}, kind="k", seconds=0.1)
            else:
                limiter.throttled(turn, number)
                quiet_until = max(quiet_until, clock.moment + (number or 0.0))
            limiter.leave()
        assert 1 <= limiter.places <= MOST


@settings(max_examples=25, deadline=None)
@given(
    pauses=st.lists(st.integers(0, 90), min_size=1, max_size=4),
    asked=st.lists(st.integers(0, 2), min_size=1, max_size=6),
)
def test_no_client_of_the_user_sends_anything_before_retry_after_has_passed(
    pauses: list[int], asked: list[int], started_service: Service
) -> None:
    clock, tokens = FakeTime(), FakeTokens()
    limiter = Limiter(lambda: clock.moment)
    clients = [
        Transport(f"{started_service.url}/data", tokens, ca_file=started_service.ca_file, clock=clock.clock(),
                  limits=Limits(attempts=2, total=100), limiter=limiter)
        for _ in range(3)
    ]  # fmt: skip
    left, quiet_until, early = list(pauses), 0.0, []

    def answer(_: Seen) -> Reply:
        nonlocal quiet_until
        early.append(clock.moment < quiet_until)
        if not left:
            return GOOD
        quiet_until = clock.moment + left[0]
        return reply({}, 429, Retry_After=str(left.pop(0)))

    started_service.answer = answer
    for number in asked:
        try:
            clients[number].get("Warehouses", dict)
        except Throttled:
            clock.moment += 1
    assert not any(early)


def test_a_pause_that_begins_while_the_lease_is_renewed_is_waited_out(
    service: Service, transport: Transport, fake_time: FakeTime
) -> None:
    service.script = [GOOD]
    asked: list[float] = []

    def before() -> None:
        asked.append(fake_time.moment)
        if len(asked) == 1:
            transport.patience.limiter.throttled(1, 30)

    transport.send(Call("POST", "x", body=b"{}", before=before))
    assert asked == [0.0, 30.0]  # the lease is looked at again, for a long pause may have cost it


def test_another_refusal_that_names_a_time_stops_everybody_too(
    service: Service, transport: Transport, fake_time: FakeTime
) -> None:
    service.script = [reply({}, 503, Retry_After="900"), GOOD]
    with pytest.raises(ServiceUnavailable):
        transport.get("Warehouses", dict)
    assert transport.patience.limiter.places == START
    fake_time.moment += 500
    transport.get("Sites", dict)
    assert fake_time.slept == [400]


# In use --------------------------------------------------------------------------------------------------------------


def at_once(service: Service) -> Callable[[], int]:
    """Let the service count how many requests are inside it at once."""
    guard, inside, most = threading.Lock(), [0], [0]

    def answer(_: Seen) -> Reply:
        with guard:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        with guard:
            inside[0] -= 1
        return GOOD

    service.answer = answer
    return lambda: most[0]


def test_threads_of_several_clients_together_never_exceed_the_places(service: Service, fake_time: FakeTime) -> None:
    limiter = Limiter(lambda: fake_time.moment)
    limiter.answered(0, {"x-ms-dop-hint": "3"}, kind="k", seconds=0.1)
    clients = [
        Transport(f"{service.url}/data", FakeTokens(), ca_file=service.ca_file, clock=fake_time.clock(),
                  limiter=limiter)
        for _ in range(2)
    ]  # fmt: skip
    most = at_once(service)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: clients[number % 2].get("Warehouses", dict), range(9)))
    assert len(service.seen) == 9
    assert 2 <= most() <= 5  # three at the start, one more per round


def test_a_request_that_fails_gives_its_place_back(service: Service, transport: Transport) -> None:
    service.script = [GOOD] * (2 * START)

    def lost() -> None:
        raise Fenced("another try took over")

    for _ in range(2 * START):
        with pytest.raises(Fenced):
            transport.send(Call("POST", "x", before=lost))
    transport.get("Warehouses", dict)
    assert transport.patience.limiter.places == START


def test_dataverse_is_asked_for_its_recommendation_before_the_first_write_once(
    sandbox: SandboxClient, dataverse: DataverseClient
) -> None:
    table = dataverse.table("msdyn_warehouses")
    rows = frame_of({KEY: ["W1"], "msdyn_name": ["W1"]}, {KEY: ColumnKind.TEXT, "msdyn_name": ColumnKind.TEXT})
    for _ in range(2):
        dataverse.write(table, rows, key=("msdyn_name",), columns=["msdyn_name"], request_rows=10,
                        parallel_requests=2, before_request=lambda: None)  # fmt: skip
    assert sandbox.control("GET", "/stats")["dataverse"]["entity_sets"]["WhoAmI"]["requests"] == 1


def test_waiting_for_a_place_takes_nothing_from_the_time_a_request_may_take(
    service: Service, fake_time: FakeTime
) -> None:
    def answer(_: Seen) -> Reply:
        fake_time.moment += 50
        return GOOD

    service.answer = answer
    limiter = Limiter(lambda: fake_time.moment)
    limiter.answered(0, {"x-ms-dop-hint": "1"}, kind="k", seconds=0.1)
    slow = Transport(f"{service.url}/data", FakeTokens(), ca_file=service.ca_file, clock=fake_time.clock(),
                     limits=Limits(total=60, attempts=1), limiter=limiter)  # fmt: skip
    limiter.enter()
    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(slow.get, "Warehouses", dict)
        time.sleep(0.05)
        fake_time.moment += 500  # what holds the only place takes long
        limiter.leave()
        assert answered.result() == {"value": 1}


@pytest.mark.parametrize("retry_after", [True, False], ids=["with Retry-After", "without"])
def test_when_the_service_throttles_no_row_is_lost_and_nothing_is_sent_too_early(
    retry_after: bool, sandbox: SandboxClient, dataverse: DataverseClient
) -> None:
    table = dataverse.table("msdyn_warehouses")
    names = [f"W{number:02}" for number in range(60)]
    rows = frame_of({KEY: names, "msdyn_name": names}, dict.fromkeys((KEY, "msdyn_name"), ColumnKind.TEXT))
    limits = {"requests": 15, "window_seconds": 20, "concurrency": 3, "retry_after": retry_after}
    sandbox.control("POST", "/limits", {"dataverse": limits})
    answer = dataverse.write(table, rows, key=("msdyn_name",), columns=["msdyn_name"], request_rows=2,
                             parallel_requests=4, before_request=lambda: None)  # fmt: skip
    assert set(answer["status"]) == {"written"}
    assert set(names) <= {row["msdyn_name"] for row in sandbox.state("dataverse", "msdyn_warehouses")}
    stats = sandbox.control("GET", "/stats")["dataverse"]
    assert stats["statuses"]["429"] > 0
    assert stats["early_requests"] == 0
