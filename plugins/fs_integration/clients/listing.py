"""Read a list of entries of either service page by page; each answer must have the form that its reader counts on.

Rows are read by `odata.py`, which uses the page and the way of this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_plus

import msgspec

from fs_integration.clients.transport import Transport
from fs_integration.errors import ServiceUnavailable

Entry = TypeVar("Entry")


class Page(msgspec.Struct, Generic[Entry]):
    """One page of a collection.

    :param next_link: where the next page is; None on the last one. An empty page is not the last one.
    """

    value: list[Entry]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


@dataclass
class Way:
    """The pages of one collection that were asked for. :param start: link of the first."""

    transport: Transport
    start: str
    _seen: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._seen)

    def go(self, link: str) -> None:
        """Note that a page is asked for."""
        self._seen.add(self._meaning(link))

    def leads_back(self, link: str | None) -> bool:
        """Tell whether a page was asked for before."""
        return link is not None and self._meaning(link) in self._seen

    def circle(self) -> ServiceUnavailable:
        """Return the error for links that lead in a circle."""
        return ServiceUnavailable(
            f"The pages of {self.start.partition('?')[0]} lead in a circle after {len(self)} pages."
        )

    def _meaning(self, link: str) -> int:
        """Tell a link by what it means: a service spells the address of our first request in its own way."""
        return hash(unquote_plus(self.transport.origin.resolve(link)))


def entries(transport: Transport, link: str, form: type[Entry]) -> Iterator[Entry]:
    """Read a list to its end.

    :param link: first request, below the service root; :param form: what each entry must be.
    :raises ServiceUnavailable: an answer has another form, or the links lead in a circle.
    """
    way, following = Way(transport, link), link
    while following:
        way.go(following)
        page = transport.get(following, Page[form])  # type: ignore[valid-type]  # a form is only known when called
        yield from page.value
        if way.leads_back(page.next_link):
            raise way.circle()
        following = page.next_link or ""
