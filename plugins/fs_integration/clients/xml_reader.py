"""The one reader of XML that others wrote: it takes no document type, hence no entities, and nothing without end.

A document type can make a few bytes expand to gigabytes or name a file to be read; no document that we read has one
(docs/reliability.md, "Limits of what we read").
"""

from __future__ import annotations

from xml.etree import ElementTree

from fs_integration.errors import RequestRefused, ServiceUnavailable

MOST_BYTES = 16 * 1024**2
DEEPEST = 40  # elements inside one another


class _Refused(Exception):
    """What the document holds that is not taken."""


class _Tree(ElementTree.TreeBuilder):
    """Builds the elements, and stops at the first thing that is not taken."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise _Refused(f"has a document type, `{name[:100]}`")

    def start(self, tag: str, attributes: dict[str, str]) -> ElementTree.Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Refused(f"has more than {DEEPEST} elements inside one another")
        return super().start(tag, attributes)

    def end(self, tag: str) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)


def read_xml(content: bytes, what: str) -> ElementTree.Element:
    """Return the root of a document.

    :param what: the document, for messages.
    :raises ServiceUnavailable: it is no XML; :raises RequestRefused: it is one that nobody should read.
    """
    try:
        if len(content) > MOST_BYTES:
            raise _Refused(f"has {len(content)} bytes, more than {MOST_BYTES}")
        return ElementTree.fromstring(content, ElementTree.XMLParser(target=_Tree()))  # noqa: S314  bounded by _Tree
    except ElementTree.ParseError as exc:
        raise ServiceUnavailable(f"{what} cannot be read: {exc}. It is asked for again.") from exc
    except (_Refused, ValueError, LookupError) as exc:  # the latter two: an encoding that does not exist
        raise RequestRefused(
            f"{what} {exc}. It was not read. Look at the export project and at who can write to its storage."
        ) from exc
