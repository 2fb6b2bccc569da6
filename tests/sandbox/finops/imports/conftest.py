"""Packages as a client of the package API makes them, with what tests change about them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import pytest

SPACE = "http://schemas.microsoft.com/dynamics/2015/01/DataManagement"
KIND = "Microsoft.Dynamics.AX.Framework.Tools.DataManagement.Serialization.DataManagementPackageManifest"
ADJUSTMENTS = "CDS Inventory adjustment journal headers and lines"
TRANSFERS = "CDS inventory transfer journal headers and lines"
ADJUSTMENT_COLUMNS = (
    "JOURNALNUMBER", "LINENUMBER", "PRODUCTNUMBER", "INVENTORYQUANTITY", "INVENTORYSITEID", "WAREHOUSEID",
)  # fmt: skip
HEADER = (
    f'<DataManagementPackageHeader xmlns="{SPACE}"><Description/><ManifestType>{KIND}</ManifestType>'
    "<PackageType>DefinitionGroup</PackageType><PackageVersion>1</PackageVersion></DataManagementPackageHeader>"
)


def manifest(label: str, columns: Iterable[str], *, file: str = "rows.csv", form: str = "CSV-Unicode") -> str:
    maps = "".join(
        f"<EntityMap><EntityField>{name.upper()}</EntityField><XMLField>{name}</XMLField></EntityMap>"
        for name in columns
    )
    return (
        f'<DataManagementPackageManifest xmlns="{SPACE}"><DefinitionGroupName>FS</DefinitionGroupName>'
        f"<Description/><PackageEntityList><DataManagementPackageEntityData><EntityMapList>{maps}</EntityMapList>"
        f"<EntityName>{escape(label)}</EntityName><InputFilePath>{file}</InputFilePath>"
        f"<SourceFormat>{form}</SourceFormat></DataManagementPackageEntityData></PackageEntityList>"
        "</DataManagementPackageManifest>"
    )


def delimited(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue().encode()


def zipped(files: Iterable[tuple[str, bytes | str]]) -> bytes:
    """Pack files; texts become UTF-16 with a mark, as Microsoft's own packages hold them."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files:
            archive.writestr(name, content.encode("utf-16") if isinstance(content, str) else content)
    return target.getvalue()


def package(label: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    return zipped(
        [
            ("Manifest.xml", manifest(label, columns)),
            ("PackageHeader.xml", HEADER),
            ("rows.csv", delimited(columns, rows)),
        ]
    )


@dataclass
class Importer:
    """Imports into one environment, in the steps of the package API."""

    service: Any

    def act(self, action: str, **parameters: Any) -> Any:
        answer = self.service.act(action, **parameters)
        assert answer.status == 200, answer.json
        return answer.json["value"]

    def upload(self, content: bytes, name: str = "package.zip") -> str:
        url = json.loads(self.act("GetAzureWriteUrl", uniqueFileName=name))["BlobUrl"]
        answer = self.service.call("PUT", url, content, token="", x_ms_blob_type="BlockBlob")
        assert answer.status == 201
        return str(url)

    def start(self, content: bytes, **more: Any) -> Any:
        """Start an import and give the answer, which may be a refusal."""
        parameters = {
            "packageUrl": self.upload(content), "definitionGroupId": "FS_ADJUSTMENT_IMPORT", "executionId": "run-1",
            "execute": True, "overwrite": True, "legalEntityId": "usmf",
        }  # fmt: skip
        return self.service.act("ImportFromPackage", **{**parameters, **more})

    def load(self, label: str, columns: Sequence[str], rows: Iterable[Sequence[str]], **more: Any) -> str:
        """Import rows and wait. :return: final state."""
        answer = self.start(package(label, columns, rows), **more)
        assert answer.status == 200, answer.json
        self.service.environment.clock.advance(60)
        return self.state(str(answer.json["value"]))

    def adjust(self, *rows: Sequence[str], **more: Any) -> str:
        """Import lines of adjustments: journal, line, product, quantity, site, warehouse."""
        return self.load(ADJUSTMENTS, ADJUSTMENT_COLUMNS, rows, **more)

    def state(self, execution: str = "run-1") -> str:
        return str(self.act("GetExecutionSummaryStatus", executionId=execution))

    def errors(self, execution: str = "run-1") -> list[tuple[str, str]]:
        listed = json.loads(self.act("GetExecutionErrors", executionId=execution))
        return [(entry["RecordId"], entry["ErrorMessage"]) for entry in listed]

    def keys(self, label: str = ADJUSTMENTS, execution: str = "run-1") -> list[str]:
        """Give the lines of the error keys file, none when the service has no file."""
        self.act("GenerateImportTargetErrorKeysFile", executionId=execution, entityName=label)
        return self.file(self.act("GetImportTargetErrorKeysFileUrl", executionId=execution, entityName=label))

    def staging(self, label: str = ADJUSTMENTS, execution: str = "run-1") -> list[str]:
        return self.file(self.act("GetImportStagingErrorFileUrl", executionId=execution, entityName=label))

    def file(self, url: str) -> list[str]:
        return self.service.call("GET", url, token="").response.body.decode().splitlines() if url else []

    def rows(self, collection: str, *names: str) -> list[tuple[Any, ...]]:
        return [tuple(row[name] for name in names) for row in self.service.system.dump(collection)]


@pytest.fixture
def importer(service: Any) -> Importer:
    return Importer(service)
