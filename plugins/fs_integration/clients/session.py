"""The connections to one service: pooled, certificates checked, nothing taken from the environment but a proxy."""

from __future__ import annotations

import http.cookiejar

import requests

from fs_integration.clients.limiter import MOST


def open_session(root: str, ca_file: str | None) -> requests.Session:
    """Return a session without cookies, passwords or certificates of the environment.

    Without cookies requests spread over all servers of the environment, each with limits of its own ("Service
    protection API limits"); the cookie ``ARRAffinity`` would tie all of them to one server.

    :param ca_file: certificates to trust instead of the public ones.
    """
    session = requests.Session()
    session.trust_env = False
    session.verify = ca_file or True
    session.proxies = dict(requests.utils.get_environ_proxies(root))
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=MOST))
    return session
