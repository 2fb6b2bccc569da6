"""The connections to one service: pooled, certificates checked, nothing taken from the environment but a proxy."""

from __future__ import annotations

import http.cookiejar
from collections.abc import Mapping

import requests

from fs_integration.clients.discretion import guard_logs
from fs_integration.clients.limiter import MOST


class Session(requests.Session):
    """A session that leaves redirects alone and takes neither passwords nor certificates from the environment.

    Even when it is asked not to follow them, requests would read the address of a redirect, failing on a bad one, and
    the whole body of the answer, however long.
    """

    def __init__(self, ca_file: str | None, proxies: Mapping[str, str]) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = ca_file or True
        self.proxies = dict(proxies)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that nothing redirects."""


def open_session(root: str, ca_file: str | None) -> requests.Session:
    """Return a session without cookies, passwords or certificates of the environment.

    Without cookies requests spread over all servers of the environment, each with limits of its own ("Service
    protection API limits"); the cookie ``ARRAffinity`` would tie all of them to one server.

    :param ca_file: certificates to trust instead of the public ones.
    """
    guard_logs()
    session = Session(ca_file, requests.utils.get_environ_proxies(root))
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=MOST))
    return session
