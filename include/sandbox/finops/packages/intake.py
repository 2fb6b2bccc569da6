"""Open a package that somebody sends: a zip with manifest, header and one delimited file per data entity.

The sandbox is as strict as the documents let it: both XML files stand at the root in the namespace of data management,
their elements in alphabetical order, as data contracts are read; a name that leaves the root is no package.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree
from zlib import error as BadStream

NAMESPACE = "{http://schemas.microsoft.com/dynamics/2015/01/DataManagement}"
MANIFEST, HEADER = "Manifest.xml", "PackageHeader.xml"
MOST_BYTES = 512 * 1024**2
_MANIFEST_TYPE = "Microsoft.Dynamics.AX.Framework.Tools.DataManagement.Serialization.DataManagementPackageManifest"
_HEADER_VALUES = {"ManifestType": _MANIFEST_TYPE, "PackageType": "DefinitionGroup", "PackageVersion": "1"}
_ORDER = ("ExecutionUnit", "LevelInExecutionUnit", "SequenceInLevel")


class BadPackage(Exception):
    """A file that is no package, or one that contradicts itself."""


@dataclass(frozen=True)
class DataFile:
    """The rows of one data entity.

    :param label: name of the entity; :param heading: column names in the file; :param lines: texts row by row.
    :param fields: column in the file -> column of the entity, in upper case.
    """

    label: str
    heading: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    fields: dict[str, str]


def open_package(content: bytes) -> list[DataFile]:
    """Read a package. :return: its files in the order in which they are imported. :raises BadPackage: it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive)
            _check_header(_xml(members, HEADER, "DataManagementPackageHeader"))
            return _files(_xml(members, MANIFEST, "DataManagementPackageManifest"), members)
    except (zipfile.BadZipFile, BadStream, NotImplementedError, EOFError) as error:
        raise BadPackage(f"The file is not a readable zip archive: {error}") from error


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """Unpack files with plain names, each once, and no more than a bearable number of bytes."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    wrong = [name for name in names if "/" in name or "\\" in name or name in ("", ".", "..")]
    if wrong:
        raise BadPackage(f"'{wrong[0]}' does not stand at the root of the package.")
    if len({name.lower() for name in names}) != len(names):
        raise BadPackage("A file name occurs twice in the package.")
    if any(entry.flag_bits & 1 for entry in entries):
        raise BadPackage("A file of the package is encrypted.")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise BadPackage(f"The package unpacks to more than {MOST_BYTES} bytes.")
    return {entry.filename: archive.read(entry) for entry in entries}


def _xml(members: dict[str, bytes], name: str, root: str) -> ElementTree.Element:
    if name not in members:
        raise BadPackage(f"The package has no {name}.")
    text = _decode(members[name], name)
    if "<!DOCTYPE" in text:
        raise BadPackage(f"{name} has a document type, which is not allowed.")
    try:
        document = ElementTree.fromstring(text)  # noqa: S314  without a document type nothing is expanded
    except (ElementTree.ParseError, ValueError) as error:
        raise BadPackage(f"{name} is not readable: {error}") from error
    if document.tag != NAMESPACE + root:
        raise BadPackage(f"{name} begins with {document.tag}, not with {NAMESPACE}{root}.")
    return document


def _decode(content: bytes, name: str) -> str:
    """Decode UTF-16 with a mark, or UTF-8."""
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadPackage(f"{name} is neither UTF-16 with a byte order mark nor UTF-8.") from error


def _check_header(header: ElementTree.Element) -> None:
    values = _values(header, HEADER)
    for name, expected in _HEADER_VALUES.items():
        if values.get(name) != expected:
            raise BadPackage(f"{HEADER}: {name} is '{values.get(name, '')}', expected '{expected}'.")


def _values(node: ElementTree.Element, name: str) -> dict[str, str]:
    """Give the texts of an element's children, which stand in alphabetical order."""
    names = [child.tag.removeprefix(NAMESPACE) for child in node]
    if names != sorted(names):
        raise BadPackage(f"{name}: the elements of {node.tag.removeprefix(NAMESPACE)} are not in alphabetical order.")
    return {child.tag.removeprefix(NAMESPACE): child.text or "" for child in node}


def _files(manifest: ElementTree.Element, members: dict[str, bytes]) -> list[DataFile]:
    if not _values(manifest, MANIFEST).get("DefinitionGroupName"):
        raise BadPackage(f"{MANIFEST} names no DefinitionGroupName.")
    nodes = manifest.findall(f"{NAMESPACE}PackageEntityList/{NAMESPACE}DataManagementPackageEntityData")
    if not nodes:
        raise BadPackage(f"{MANIFEST} lists no entity.")
    return [_file(node, members) for node in sorted(nodes, key=_order)]


def _order(node: ElementTree.Element) -> list[int]:
    texts = [node.findtext(NAMESPACE + name, "1") for name in _ORDER]
    if not all(text.isdecimal() for text in texts):
        raise BadPackage(f"{MANIFEST}: {', '.join(_ORDER)} must be whole numbers.")
    return [int(text) for text in texts]


def _file(node: ElementTree.Element, members: dict[str, bytes]) -> DataFile:
    values = _values(node, MANIFEST)
    label, name = values.get("EntityName", ""), values.get("InputFilePath", "")
    if not values.get("SourceFormat", "").upper().startswith("CSV"):
        raise BadPackage(f"{label}: the sandbox reads CSV only, not the format '{values.get('SourceFormat', '')}'.")
    if name not in members:
        raise BadPackage(f"{label}: the package has no file '{name}'.")
    heading, *lines = _rows(_decode(members[name], name), name)
    fields = dict(_map(node.findall(f"{NAMESPACE}EntityMapList/{NAMESPACE}EntityMap")))
    missing = [column for column in fields if column not in heading]
    if missing or not fields:
        raise BadPackage(f"{label}: the file '{name}' has no column {', '.join(missing) or 'that the manifest maps'}.")
    return DataFile(label, heading, tuple(lines), fields)


def _rows(text: str, name: str) -> list[tuple[str, ...]]:
    try:
        rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise BadPackage(f"{name} is not a delimited file: {error}") from error
    if not rows:
        raise BadPackage(f"{name} has no heading.")
    return rows


def _map(nodes: Iterable[ElementTree.Element]) -> Iterable[tuple[str, str]]:
    for node in nodes:
        values = _values(node, MANIFEST)
        column, item = values.get("XMLField", ""), values.get("EntityField", "")
        if not column or item != item.upper():
            raise BadPackage(f"{MANIFEST}: EntityMap of '{item}' needs an EntityField in capitals and an XMLField.")
        yield column, item
