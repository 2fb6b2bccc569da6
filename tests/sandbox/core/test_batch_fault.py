"""Trouble inside a `$batch`: which parts are carried out, and what the client hears of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.core.test_batch import TYPE, batch, change_set, part

from sandbox.batch_fault import disturb_batch
from sandbox.fault_actions import error_answer
from sandbox.http import Request, Response
from sandbox.odata.batch import Answer, ChangeSet, ChangeSetAnswer, Operation, format_batch, parse_batch


def write(number: int) -> str:
    return part(f"PATCH T({number}) HTTP/1.1\r\n\r\n{{}}", more=f"Content-ID: {number}\r\n")


class Service:
    """Answers every operation with 204 and notes what it did."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def answer(self, request: Request) -> Response:
        return format_batch([self._part(one) for one in parse_batch(request.headers["content-type"], request.body)])

    def _part(self, one: Operation | ChangeSet) -> Answer | ChangeSetAnswer:
        if isinstance(one, ChangeSet):
            return ChangeSetAnswer(tuple(self._operation(operation) for operation in one.operations))
        return self._operation(one)

    def _operation(self, operation: Operation) -> Answer:
        self.done.append(str(operation.content_id))
        return Answer(Response(204), operation.content_id)


def ask(*parts: str, **args: Any) -> tuple[list[str], list[tuple[str, str]]]:
    """Send a batch. :returns: numbers of the operations done; number and status of each answer, in order."""
    service = Service()
    request = Request("POST", "/data/$batch", headers={"content-type": TYPE}, body=batch(*parts))
    response = disturb_batch(args, request, service.answer, error_answer)
    answers = response.body.decode().split("Content-ID: ")[1:]
    return service.done, [(text.split("\r\n")[0], text.split("HTTP/1.1 ")[1][:3]) for text in answers]


@pytest.mark.parametrize(
    ("args", "done", "heard"),
    [
        ({"parts": [2], "status": 429, "retry_after": 3}, "13", [("1", "204"), ("2", "429"), ("3", "204")]),
        ({"how": "refuse", "status": 503}, "", [("1", "503"), ("2", "503"), ("3", "503")]),
        ({"how": "lose", "parts": [1, 3]}, "123", [("2", "204")]),
        ({"how": "skip", "parts": [1]}, "23", [("2", "204"), ("3", "204")]),
        ({"how": "skip"}, "", []),
        ({"how": "reverse"}, "123", [("3", "204"), ("2", "204"), ("1", "204")]),
        ({"parts": [9]}, "123", [("1", "204"), ("2", "204"), ("3", "204")]),
    ],
    ids=["refuse one", "refuse all", "lose two", "skip one", "skip all", "reverse", "a part that is not there"],
)
def test_only_the_chosen_parts_are_disturbed(args: dict[str, Any], done: str, heard: list[tuple[str, str]]) -> None:
    assert ask(write(1), write(2), write(3), **args) == (list(done), heard)


def test_a_change_set_is_one_part_and_refused_as_one() -> None:
    done, heard = ask(change_set(write(1), write(2)), change_set(write(3)), parts=[1], status=429)
    assert (done, heard) == (["3"], [("1", "429"), ("3", "204")])


def test_what_is_no_batch_passes() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return Response(204)

    request = Request("POST", "/data/Things", headers={"content-type": "application/json"}, body=b"{}")
    assert disturb_batch({}, request, answer, error_answer).status == 204
    assert asked == [request]
