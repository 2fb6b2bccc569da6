"""Keep secrets out of what the libraries below us write into the log (docs/reliability.md, "Secrets").

msal writes an odd answer of a token service as it came, with the token in it; urllib3 writes addresses with their
query, which in the address of a package is the permission to read it. Both only at levels that are seldom on, and then
somebody sends the log to somebody.
"""

from __future__ import annotations

import logging
import re

_QUERY = re.compile(r"\?[^\s\"')]+")
_LIBRARIES = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")


class _WithoutQuery(logging.Filter):
    """Replaces the query of every address in a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY.sub("?...", record.getMessage()), ()
        return True


_GUARD = _WithoutQuery()


def guard_logs() -> None:
    """Put the guard into force, for the process; a second call changes nothing.

    Our own lines about the same requests stay: method, host and path, status, seconds, bytes.
    """
    for name in _LIBRARIES:
        logging.getLogger(name).addFilter(_GUARD)
    logging.getLogger("msal").setLevel(logging.WARNING)
