"""Whoever is signed in may also look at other sites; what those let the browser ask of the pages is refused.

Browsers say with every request which site made them send it (the headers ``Sec-Fetch-Site``, ``-Mode`` and ``-Dest``).
A program says nothing of the kind and has to bring its own token.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OWN = ("same-origin", "none")  # our own pages and Airflow's; the address bar
REFUSAL = "This page is opened from Airflow, or by a link; other sites may neither embed nor fetch it."


class OtherSites:
    """ASGI middleware that answers 403 to what another site asks, except a person who follows a link to a page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_foreign(Headers(scope=scope)):
            await PlainTextResponse(REFUSAL, status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    follows_link = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return headers.get("sec-fetch-site", "none") not in OWN and not follows_link
