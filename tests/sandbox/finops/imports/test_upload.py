"""The storage that packages are uploaded to: an address that permits it, and nothing else does."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest


def write_address(importer: Any, name: str = "a b.zip") -> str:
    return str(json.loads(importer.act("GetAzureWriteUrl", uniqueFileName=name))["BlobUrl"])


def put(importer: Any, url: str, *, token: str | None = "", **headers: str) -> tuple[int, str]:
    answer = importer.service.call("PUT", url, b"content", token=token, **headers)
    return answer.status, answer.response.headers.get("x-ms-error-code", "")


def test_the_answer_is_json_inside_a_text_with_a_blob_id_in_braces(importer: Any) -> None:
    found = json.loads(importer.act("GetAzureWriteUrl", uniqueFileName="a b.zip"))
    assert set(found) == {"BlobId", "BlobUrl"}
    assert (found["BlobId"][0], found["BlobId"][-1], len(found["BlobId"])) == ("{", "}", 38)
    assert urlsplit(found["BlobUrl"]).path.endswith("/dmf/a%20b.zip")


def test_an_upload_takes_the_signed_address_and_the_blob_type(importer: Any) -> None:
    url = write_address(importer)
    assert put(importer, url, x_ms_blob_type="BlockBlob") == (201, "")
    assert importer.service.call("GET", url, token="").response.body == b"content"


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, (400, "MissingRequiredHeader")),
        ({"x_ms_blob_type": "PageBlob"}, (400, "InvalidHeaderValue")),
        ({"x_ms_blob_type": "BlockBlob", "token": None}, (400, "InvalidAuthenticationInfo")),
    ],
)
def test_an_upload_without_blob_type_or_with_a_token_is_refused(
    importer: Any, headers: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert put(importer, write_address(importer), **headers) == refusal


@pytest.mark.parametrize("change", [("sig=", "sig=0"), ("se=2", "se=3"), ("a%20b", "x"), ("sp=rw", "sp=r")])
def test_an_altered_write_address_is_refused(importer: Any, change: tuple[str, str]) -> None:
    url = write_address(importer)
    assert change[0] in url
    assert put(importer, url.replace(*change), x_ms_blob_type="BlockBlob") == (403, "AuthenticationFailed")


def test_a_write_address_expires(importer: Any) -> None:
    importer.service.switch(signed_url_seconds=100)
    url = write_address(importer)
    importer.service.environment.clock.advance(101)
    assert put(importer, url, x_ms_blob_type="BlockBlob") == (403, "AuthenticationFailed")


def test_a_download_address_does_not_permit_uploads(importer: Any) -> None:
    execution = importer.service.export("FS_ONHAND_EXPORT")
    url = importer.act("GetExportedPackageUrl", executionId=execution)
    before = importer.service.call("GET", url, token="").response.body
    assert put(importer, url, x_ms_blob_type="BlockBlob") == (403, "AuthorizationPermissionMismatch")
    assert put(importer, url.replace("sp=r", "sp=rw"), x_ms_blob_type="BlockBlob") == (403, "AuthenticationFailed")
    assert importer.service.call("GET", url, token="").response.body == before


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_file_needs_a_name_of_bearable_length(importer: Any, name: str) -> None:
    assert importer.service.act("GetAzureWriteUrl", uniqueFileName=name).status == 500
