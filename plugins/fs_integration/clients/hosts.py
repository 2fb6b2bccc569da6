"""Which hosts a connection may talk to: Microsoft's, and those that it names itself (docs/connections.md, "Hosts").

A list of what is allowed, not of what is not: an inner address has too many spellings to list them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

# A name that begins with a dot stands for every host below it.
SERVICES = (".dynamics.com",)
AUTHORITIES = ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn")
STORAGE = (".blob.core.windows.net",)
# Plain letters only: a look-alike of another alphabet, or a backslash, means different hosts to different programs.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")


def https_parts(address: str) -> SplitResult | None:
    """Return the parts of an address that every program reads alike; None when it is not https or not plain."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  raises when it is no number
    except ValueError:
        return None
    is_plain = _PLAIN.fullmatch(address) and _HOST.fullmatch(parts.hostname or "")
    return parts if parts.scheme == "https" and is_plain else None


def is_allowed(host: str, known: Iterable[str]) -> bool:
    """Tell whether a host, in lower case, is one of the known ones or below one of them."""
    return any(host == name or (name.startswith(".") and host.endswith(name)) for name in known)
