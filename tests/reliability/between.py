"""Stand between the package and a system: see a request before it is answered, and change what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.reliability.rows import KINDS
from tests.reliability.site import Site

from sandbox.http import Request, Response

Answer = Callable[[Request], Response]
NEXT = "@odata.nextLink"


@contextmanager
def standing_between(site: Site, system: str, around: Callable[[Request, Answer], Response]) -> Iterator[None]:
    """Let ``around`` answer the requests to a system; it is given the request and what the system would answer."""
    served = site.landscape.systems[system]
    answer = served.handle
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served, "handle", lambda request: around(request, answer))
        yield


@contextmanager
def small_pages(site: Site, rows: int) -> Iterator[None]:
    """Let both systems send at most so many rows at once."""
    limits = site.landscape.environment.limits
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits.finops, "page_size", rows)
        patch.setattr(limits.dataverse, "page_size", rows)
        yield


def is_read_of(request: Request, entity_set: str) -> bool:
    """Tell whether rows of an entity set are asked for."""
    return request.method == "GET" and request.path.rpartition("/")[2] == entity_set


def page_of(response: Response) -> dict[str, Any]:
    """Return what an answer holds."""
    found: dict[str, Any] = json.loads(response.body)
    return found


def answer_with(response: Response, page: dict[str, Any]) -> Response:
    """Return an answer with another page in it."""
    response.body = json.dumps(page).encode()
    return response


@dataclass
class AfterFirstPage:
    """Do something once the first page of an area's source rows has left, and before the second is asked for.

    :ivar pages: that were asked for of the source. :ivar done: whether the work came to its end.
    """

    area: str
    work: Callable[[], None]
    pages: int = 0
    done: bool = False

    def __call__(self, request: Request, answer: Answer) -> Response:
        response = answer(request)
        if is_read_of(request, KINDS[self.area].rows) and response.status == 200:
            self.pages += 1
            if self.pages == 1:
                assert NEXT in page_of(response)
                self.work()
                self.done = True
        return response
