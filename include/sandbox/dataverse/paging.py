"""Page links: the cookie inside `$skiptoken` and the token inside `$deltatoken`.

Both are opaque to clients, who must follow the links verbatim. The cookie has the doubly encoded form of the real
service; what it remembers is ours.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from sandbox.dataverse.errors import bad_request, expired_delta_token

_COOKIE = re.compile(r'<cookie pagenumber="(\d+)" pagingcookie="([^"]*)" istracking="(?:True|False)" />')
_STATE = re.compile(r'<cookie page="\d+" state="([A-Za-z0-9_=-]*)" />')
TRACKING_MARK = 'istracking="True"'
_DELTA_TOKEN = re.compile(r"(\d+)!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)")
_DELTA_DATE = "%m/%d/%Y %H:%M:%S"


def write_skiptoken(page: int, state: dict[str, Any], *, tracking: bool = False) -> str:
    """Write the cookie that leads to a page.

    :param page: number of that page, from 2; :param state: what the server has to remember.
    """
    packed = base64.urlsafe_b64encode(msgspec.json.encode(state)).decode()
    inner = quote(quote(f'<cookie page="{page - 1}" state="{packed}" />', safe=""), safe="")
    return f'<cookie pagenumber="{page}" pagingcookie="{inner}" istracking="{tracking}" />'


def read_skiptoken(token: str) -> tuple[int, dict[str, Any]]:
    """Give page number and remembered state.

    :raises DataverseError: 400 when the cookie was altered.
    """
    outer = _COOKIE.fullmatch(token)
    inner = _STATE.fullmatch(unquote(unquote(outer[2]))) if outer else None
    if outer is None or inner is None:
        raise bad_request("Malformed XML in the Paging Cookie. Follow @odata.nextLink exactly as it was given.")
    try:
        state = msgspec.json.decode(base64.urlsafe_b64decode(inner[1]), type=dict[str, Any])
    except (binascii.Error, msgspec.DecodeError) as error:
        raise bad_request(
            "Malformed XML in the Paging Cookie. Follow @odata.nextLink exactly as it was given."
        ) from error
    return int(outer[1]), state


def write_delta_token(version: int, moment: datetime) -> str:
    """Write a delta token: row version and moment of the read."""
    return f"{version}!{moment.astimezone(UTC).strftime(_DELTA_DATE)}"


def read_delta_token(token: str) -> tuple[int, datetime]:
    """Give row version and moment of a delta token.

    :raises DataverseError: expired-token error for anything that is no token of ours.
    """
    match = _DELTA_TOKEN.fullmatch(token)
    if match is None:
        raise expired_delta_token()
    return int(match[1]), datetime.strptime(match[2], _DELTA_DATE).replace(tzinfo=UTC)


def link(base: str, query: str, parameter: str, value: str) -> str:
    """Build a link: the original query with the token parameters replaced by one."""
    kept = [part for part in query.split("&") if part and not _is_token(part)]
    kept.append(f"{parameter}={quote(value, safe='')}")
    return f"{base}?{'&'.join(kept)}"


def _is_token(part: str) -> bool:
    name = unquote(part.partition("=")[0])
    return name in ("$skiptoken", "$deltatoken")
