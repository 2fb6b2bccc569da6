"""The one question asked of every address before a token goes there: is it still the service of the connection?"""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from fs_integration.errors import ForeignLinkRefused

_DEFAULT_PORTS = {"https": 443, "http": 80}


class Origin:
    """Scheme, host, port and path prefix of a service; links outside of it are refused.

    A token sent to another host is a token given away (docs/reliability.md, "Rules").
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self._place = _place(urlsplit(self.root))
        self._prefix = urlsplit(self.root).path.rstrip("/") + "/"

    def resolve(self, link: str) -> str:
        """Return the absolute address of a link found in an answer, or of a path of ours (R14 in docs/reliability.md).

        :raises ForeignLinkRefused: when it leads to another scheme, host, port or path prefix.
        """
        try:
            address = urljoin(f"{self.root}/", link)
            parts = urlsplit(address)
            same = _place(parts) == self._place
        except ValueError as exc:
            raise ForeignLinkRefused(f"An answer of {self.root} holds a link that is no address.") from exc
        if not same or parts.username is not None or not self._below(parts.path):
            raise ForeignLinkRefused(
                f"An answer of {self.root} points to `{_shown(parts)}`, which is outside of the service. Nothing was "
                "sent there. Check the connection's address, and any proxy between here and the service."
            )
        return address

    def _below(self, path: str) -> bool:
        folders = unquote(path).replace("\\", "/").split("/")
        return f"{path}/".startswith(self._prefix) and "\\" not in path and ".." not in folders


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path[:80]}"


def _place(parts: SplitResult) -> tuple[str, str, int | None]:
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme)
