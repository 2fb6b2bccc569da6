"""Read the rows out of an exported data package (docs/connections.md, "Data packages")."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv

from fs_integration.clients.archive import Archive
from fs_integration.clients.finance_operations_metadata import COMPANY_FIELD
from fs_integration.clients.xml_reader import read_xml
from fs_integration.errors import MappingError, ServiceUnavailable
from fs_integration.frames import to_frame
from fs_integration.spec.mapping import PackageExport


def rows_of(package: bytes, export: PackageExport, *, company: str, order_by: Sequence[str] = ()) -> pd.DataFrame:
    """Read the rows of one entity out of a package.

    :raises MappingError: the file lacks a column the mapping names; :raises ServiceUnavailable: it is no package.
    :raises RequestRefused: it is one that nobody should open.
    """
    archive = Archive(package, f"The package of export project `{export.project}`")
    try:
        content = _text(_member(archive, export))
    except UnicodeDecodeError as exc:
        raise ServiceUnavailable(f"The package of export project `{export.project}` cannot be read: {exc}") from exc
    table = _parse(content, export)
    if COMPANY_FIELD not in table.column_names:
        table = table.append_column(COMPANY_FIELD, pa.repeat(company, table.num_rows))
    return to_frame(table.sort_by([(name, "ascending") for name in order_by]) if order_by else table)


def _member(archive: Archive, export: PackageExport) -> bytes:
    files = [name for name in archive.names if not name.lower().endswith(".xml")]
    if len(files) != 1:
        named = _named_in_manifest(archive, export)
        files = [name for name in files if name == named]
    if not files:
        raise ServiceUnavailable(
            f"The package of export project `{export.project}` holds no file for `{export.data_entity}`."
        )
    return archive.read(files[0])


def _named_in_manifest(archive: Archive, export: PackageExport) -> str:
    """Return the file the manifest names for an entity; tag names carry a namespace that differs between versions."""
    if "Manifest.xml" not in archive.names:
        return ""
    root = read_xml(archive.read("Manifest.xml"), f"The manifest in the package of export project `{export.project}`")
    for node in root.iter():
        values = {child.tag.rpartition("}")[2]: child.text or "" for child in node}
        if values.get("EntityName") == export.data_entity and values.get("InputFilePath"):
            return values["InputFilePath"]
    return ""


def _text(content: bytes) -> bytes:
    """Return UTF-8 without a mark; Microsoft's own packages hold UTF-16 as well."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16").encode()
    return content.removeprefix(b"\xef\xbb\xbf")


def _parse(content: bytes, export: PackageExport) -> pa.Table:
    header = content.split(b"\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=lambda mark: header.count(mark.encode()))
    names = [name.strip().strip('"') for name in header.decode("utf-8", "replace").strip().split(delimiter)]
    missing = [name for name in export.columns if name not in names]
    if missing:
        raise MappingError(
            f"The package of export project `{export.project}` has no column {', '.join(missing)}; "
            f"it has {', '.join(names)[:500]}."
        )
    try:
        table = pcsv.read_csv(
            io.BytesIO(content),
            parse_options=pcsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(export.columns),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as exc:
        raise ServiceUnavailable(f"The file of `{export.data_entity}` cannot be read: {str(exc)[:200]}") from exc
    return table.rename_columns(list(export.columns.values()))
