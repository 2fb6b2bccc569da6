"""Keep secrets out of texts that others write: messages of the services, and the log lines of the libraries below us.

A service, or a proxy before it, may repeat in an error what we sent. msal writes an odd answer of a token service as it
came, with the token in it, some of them as errors; urllib3 writes addresses with their query, which in the address of a
package is the permission to read it.
"""

from __future__ import annotations

import logging
import re

# An access token, and the signature of an address; each pattern begins at one place only of a long word.
_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*")
_SIGNATURE = re.compile(r"([?&]sig=)[^&\s\"'<>]+")
_HIDDEN = "***"
_QUERY = re.compile(r"\?[^\s\"')]+")
_LIBRARIES = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")


def without_secrets(text: str) -> str:
    """Return a text of a service without access tokens and signatures."""
    return _SIGNATURE.sub(rf"\g<1>{_HIDDEN}", _TOKEN.sub(_HIDDEN, text))


class _WithoutQuery(logging.Filter):
    """Replaces the query of every address in a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY.sub("?...", record.getMessage()), ()
        return True


_GUARD = _WithoutQuery()


def guard_logs() -> None:
    """Put the guard into force, for the process; a second call changes nothing.

    Our own lines about the same requests stay: method, host and path, status, seconds, bytes; and what msal has to say
    comes as an exception (``clients/tokens.py``).
    """
    for name in _LIBRARIES:
        logging.getLogger(name).addFilter(_GUARD)
    logging.getLogger("msal").setLevel(logging.CRITICAL)
