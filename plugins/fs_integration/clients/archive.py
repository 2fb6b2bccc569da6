"""Open the zip of a data package within bounds (docs/reliability.md, "Limits of what we read").

Whoever can change a package must not be able to fill our memory with it, nor to make two programs see two files under
one name. Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence

from fs_integration.errors import RequestRefused, ServiceUnavailable

MOST_FILES = 1000
UNPACKED_BYTES = 4 * 1024**3  # of all files together
RATIO, FROM_BYTES = 200, 16 * 1024**2  # unpacked : packed, looked at in packages that unpack to more than that
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError)
_ENTRY, _ENCRYPTED, _ZIP = b"PK\x01\x02", 0x1, b"PK\x03\x04"


class Archive:
    """The files of a package, all looked at before the first is read.

    :param what: the package, for messages.
    :raises ServiceUnavailable: it is no zip; :raises RequestRefused: it is one that nobody should open.
    """

    def __init__(self, content: bytes, what: str) -> None:
        self._what = what
        if content.count(_ENTRY) > MOST_FILES:  # before the list is read, which takes memory per file
            raise self._refused(f"holds more than {MOST_FILES} files")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except _UNREADABLE as exc:
            raise ServiceUnavailable(f"{what} cannot be read: {exc}") from exc
        entries = self._zip.infolist()
        for entry in entries:
            self._check_entry(entry)
        self._check_sizes(entries, len(content))
        self.names = [entry.filename for entry in entries if not entry.is_dir()]
        if len({name.lower() for name in self.names}) < len(self.names):
            raise self._refused("holds two files of one name")

    def read(self, name: str) -> bytes:
        """Return a file, at most as many bytes as the list of files says.

        :raises ServiceUnavailable: it is damaged; :raises RequestRefused: it is a zip itself.
        """
        try:
            content = self._zip.read(name)
        except _UNREADABLE as exc:
            raise ServiceUnavailable(f"`{name[:100]}` in {self._what} cannot be read: {exc}") from exc
        if content.startswith(_ZIP):
            raise self._refused(f"holds another zip, `{name[:100]}`")
        return content

    def _check_entry(self, entry: zipfile.ZipInfo) -> None:
        name = entry.orig_filename
        if "\0" in name or "\\" in name or ":" in name or name.startswith("/") or ".." in name.split("/"):
            raise self._refused(f"holds a file whose name leads out of it, {name[:100]!r}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise self._refused(f"holds a link, `{name[:100]}`")
        if entry.flag_bits & _ENCRYPTED:
            raise self._refused(f"holds an encrypted file, `{name[:100]}`")
        if entry.compress_type not in _METHODS:
            raise self._refused(f"holds a file packed by method {entry.compress_type}, `{name[:100]}`")

    def _check_sizes(self, entries: Sequence[zipfile.ZipInfo], packed: int) -> None:
        size = sum(entry.file_size for entry in entries)
        if size > UNPACKED_BYTES:
            raise self._refused(f"unpacks to {size} bytes, more than {UNPACKED_BYTES}; export in smaller parts")
        if size > FROM_BYTES and size > packed * RATIO:
            raise self._refused(f"unpacks to {size} bytes, more than {RATIO} times its own size")

    def _refused(self, why: str) -> RequestRefused:
        return RequestRefused(
            f"{self._what} {why}. It was not read. Look at the export project and at who can write to its storage."
        )
