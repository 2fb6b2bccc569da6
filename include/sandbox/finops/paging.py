"""Page links: what `$skiptoken` remembers. It is opaque to clients, who must follow the link verbatim."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import quote, unquote

import msgspec

from sandbox.finops.errors import bad_request

_REPLACED = frozenset({"$skiptoken", "$skip"})


class Token(msgspec.Struct, omit_defaults=True):
    """Where the next page starts.

    :param after: key of the last row given, for reads in key order.
    :param ordering: number of a kept ordering; :param position: rows of it already given.
    :param left: rows that $top still allows; :param count: answer of $count, so that it is counted once.
    """

    after: tuple[str | int, ...] = ()
    ordering: int = 0
    position: int = 0
    left: int | None = None
    count: int | None = None


def read_token(text: str | None) -> Token:
    """Read a `$skiptoken`; no token means the first page.

    :raises FinanceError: 400 when the token was altered.
    """
    if text is None:
        return Token()
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=Token)
    except (binascii.Error, ValueError) as error:
        raise bad_request("The $skiptoken is not valid. Follow @odata.nextLink exactly as it was given.") from error


def next_link(address: str, query: str, token: Token) -> str:
    """Build the link to the next page: the original query with the token instead of an earlier one and of $skip."""
    kept = [part for part in query.split("&") if part and unquote(part.partition("=")[0]) not in _REPLACED]
    text = base64.urlsafe_b64encode(msgspec.json.encode(token)).decode()
    options = "&".join([*kept, "$skiptoken=" + quote(text, safe="")])
    return f"{address}?{options}"
