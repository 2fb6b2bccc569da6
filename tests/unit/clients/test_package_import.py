"""Imports of data packages: what is uploaded, when an import is started, what becomes of each row."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from tests.unit.clients.stub import FakeTime, FakeTokens, Reply, Seen, Service, reply

from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.package_actions import EXECUTIONS
from fs_integration.clients.package_errors import row_errors
from fs_integration.clients.settings import Limits, ServiceSettings
from fs_integration.errors import Fenced, MappingError, RequestRefused, ServiceError, ServiceUnavailable
from fs_integration.frames import KEY, frame_of, joined_text
from fs_integration.spec.mapping import PackageImport
from fs_integration.spec.metadata import ColumnKind

IMPORT = PackageImport(
    project="FS_ADJUSTMENTS", data_entity="Adjustments & lines",
    columns={"Journal": "JOURNALNUMBER", "Line": "LINENUMBER", "Item": "ITEMNUMBER"},
)  # fmt: skip
HEAD = b"JOURNALNUMBER,LINENUMBER\r\n"
WRITTEN = ("written", "")


@dataclass
class Imports:
    """The package API of a service. :param states: states the next executions go through, the last one stays.

    :param keys: file of rows that failed in the entity; :param staging: file of rows that never got that far.
    :param lost: what happens to the next starts after they were carried out.
    """

    url: str = ""
    states: list[str] = field(default_factory=lambda: ["NotRun", "Executing", "Succeeded"])
    keys: bytes = b""
    staging: bytes = b""
    errors: str = "[]"
    lost: list[Reply] = field(default_factory=list)
    executions: dict[str, list[str]] = field(default_factory=dict)
    packages: list[bytes] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    storage: list[Seen] = field(default_factory=list)
    expired: int = 0
    late: int = 0

    def answer(self, seen: Seen) -> Reply:
        if seen.path.startswith("/blob/"):
            return self.blob(seen)
        action = seen.path.rpartition(".")[2]
        value = getattr(self, action)(**seen.json)
        return value if isinstance(value, Reply) else reply({"value": value})

    def blob(self, seen: Seen) -> Reply:
        self.storage.append(seen)
        if seen.method == "PUT":
            self.packages.append(seen.body)
            return Reply(201, b"", kind="text/plain")
        if self.expired:
            self.expired -= 1
            return Reply(403, b"<Error/>", kind="application/xml")
        return Reply(200, self.keys if "keys" in seen.path else self.staging, kind="application/octet-stream")

    def GetAzureWriteUrl(self, uniqueFileName: str) -> str:
        return json.dumps({"BlobId": "{1}", "BlobUrl": f"{self.url}/blob/{uniqueFileName}?sig=secret"})

    def ImportFromPackage(self, **body: Any) -> Any:
        self.started.append(body)
        self.executions[body["executionId"]] = list(self.states)
        return self.lost.pop(0) if self.lost else body["executionId"]

    def GetExecutionSummaryStatus(self, executionId: str) -> str:
        states = self.executions.get(executionId, ["Unknown"])
        return states.pop(0) if len(states) > 1 else states[0]

    def GetExecutionErrors(self, executionId: str) -> str:
        return self.errors

    def GenerateImportTargetErrorKeysFile(self, executionId: str, entityName: str) -> bool:
        return bool(self.keys) and entityName == IMPORT.data_entity

    def GetImportTargetErrorKeysFileUrl(self, executionId: str, entityName: str) -> str:
        self.late -= 1
        return "" if self.late >= 0 else f"{self.url}/blob/keys?sig=secret"

    def GetImportStagingErrorFileUrl(self, executionId: str, entityName: str) -> str:
        return f"{self.url}/blob/staging?sig=secret" if self.staging else ""


@pytest.fixture
def imports(service: Service) -> Imports:
    imports = Imports(service.url)
    service.answer = imports.answer
    return imports


@pytest.fixture
def client(service: Service, fake_time: FakeTime, tokens: FakeTokens) -> FinanceOperationsClient:
    settings = ServiceSettings(service.url, ca_file=service.ca_file, limits=Limits(attempts=3, total=600, timeout=5))
    return FinanceOperationsClient(settings, tokens=tokens, clock=fake_time.clock())


@pytest.fixture
def load(client: FinanceOperationsClient) -> Callable[..., pd.DataFrame]:
    def load(rows: pd.DataFrame, **options: Any) -> pd.DataFrame:
        return client.import_package(IMPORT, rows, company="usmf", execution_id="run-1/0", **options)

    return load


def lines(*items: str | None, journal: str = "UA000001") -> pd.DataFrame:
    values = {"Journal": [journal] * len(items), "Line": [*range(1, len(items) + 1)], "Item": list(items)}
    kinds = {"Journal": ColumnKind.TEXT, "Line": ColumnKind.DECIMAL, "Item": ColumnKind.TEXT}
    rows = frame_of(values, kinds)
    rows[KEY] = joined_text(rows, ["Journal", "Line"])
    return rows


def statuses(answer: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(answer["status"], answer["code"], strict=True))


def test_the_package_holds_the_rows_and_says_what_they_are(imports: Imports, load: Callable[..., Any]) -> None:
    assert statuses(load(lines("M1", "a,b; Ä", None))) == [WRITTEN] * 3
    with zipfile.ZipFile(io.BytesIO(imports.packages[0])) as archive:
        manifest = ElementTree.fromstring(archive.read("Manifest.xml"))
        header = ElementTree.fromstring(archive.read("PackageHeader.xml"))
        found = {node.tag.rpartition("}")[2]: node.text for node in manifest.iter()}
        rows = list(csv.reader(io.StringIO(archive.read(str(found["InputFilePath"])).decode())))
    assert (found["DefinitionGroupName"], found["EntityName"]) == (IMPORT.project, IMPORT.data_entity)
    assert header.tag.endswith("DataManagementPackageHeader")
    assert rows == [
        ["JOURNALNUMBER", "LINENUMBER", "ITEMNUMBER"], ["UA000001", "1", "M1"], ["UA000001", "2", "a,b; Ä"],
        ["UA000001", "3", ""],
    ]  # fmt: skip
    start = imports.started[0]
    assert (start["definitionGroupId"], start["legalEntityId"], start["execute"]) == (IMPORT.project, "usmf", True)
    assert start["packageUrl"].startswith(f"{imports.url}/blob/{start['executionId']}")


def test_the_storage_gets_no_token_and_the_service_no_signature(
    service: Service, imports: Imports, load: Callable[..., Any]
) -> None:
    load(lines("M1"))
    assert all("authorization" not in seen.headers for seen in imports.storage)
    assert imports.storage[0].headers["x-ms-blob-type"] == "BlockBlob"
    others = [seen for seen in service.seen if not seen.path.startswith("/blob/")]
    assert all("authorization" in seen.headers and "sig=" not in seen.path for seen in others)


def test_the_same_rows_of_a_run_are_imported_once(imports: Imports, load: Callable[..., Any]) -> None:
    assert statuses(load(lines("M1"))) == statuses(load(lines("M1"))) == [WRITTEN]
    assert len(imports.started) == 1
    load(lines("M2"))
    assert len(imports.started) == 2


@pytest.mark.parametrize(
    "lost", [Reply(503, b"{}"), Reply(200, b"{", cut=0), Reply(200, b"<html/>", kind="text/html")], ids=str
)
def test_a_start_without_an_answer_is_found_again(lost: Reply, imports: Imports, load: Callable[..., Any]) -> None:
    imports.lost = [lost]
    assert statuses(load(lines("M1"))) == [WRITTEN]
    assert len(imports.started) == 1


def test_a_failed_execution_passes_and_the_next_try_starts_another(imports: Imports, load: Callable[..., Any]) -> None:
    imports.states = ["Executing", "Failed"]
    imports.errors = '[{"RecordId":"","Field":"","ErrorMessage":"The batch server is down"}]'
    for _ in range(EXECUTIONS):
        with pytest.raises(ServiceUnavailable, match="ended as `Failed`"):
            load(lines("M1"))
    assert len({start["executionId"] for start in imports.started}) == EXECUTIONS
    with pytest.raises(RequestRefused, match=r"failed 5 times.*batch server"):
        load(lines("M1"))


@pytest.mark.parametrize("state", ["PartiallySucceeded", "Failed"])
def test_rows_that_failed_are_refused_with_the_words_of_the_service(
    state: str, imports: Imports, load: Callable[..., Any]
) -> None:
    imports.states = ["Executing", state]
    imports.keys = HEAD + b'"ua000001","2.000000"\r\n'
    imports.staging = "ITEMNUMBER;LINENUMBER\r\nM3;3\r\n".encode("utf-16")
    imports.errors = '[{"RecordId":"2","Field":"","ErrorMessage":"No item "M2".\r\nStop"},{"RecordId":"","Field":"",' \
        '"ErrorMessage":"Too long"}]'  # fmt: skip
    rows = lines("M1", "M2", "M3")
    if state == "Failed":
        rows = rows.iloc[1:].reset_index(drop=True)
    answer = load(rows)
    assert statuses(answer)[-2:] == [("rejected", "target"), ("rejected", "staging")]
    assert answer["message"].tolist()[-2:] == ['No item "M2".\r\nStop', "Too long"]
    assert statuses(answer)[:-2] == [WRITTEN] * (len(rows) - 2)


def test_an_execution_that_failed_because_of_all_its_rows_is_a_result_and_not_started_again(
    imports: Imports, load: Callable[..., Any]
) -> None:
    imports.states, imports.keys = ["Failed"], HEAD + b"UA000001,1\r\n"
    assert statuses(load(lines("M1"))) == statuses(load(lines("M1"))) == [("rejected", "target")]
    assert len(imports.started) == 1


def test_an_address_that_comes_late_or_has_expired_is_asked_for_again(
    imports: Imports, load: Callable[..., Any]
) -> None:
    imports.states, imports.keys = ["PartiallySucceeded"], HEAD + b"UA000001,1\r\n"
    imports.late, imports.expired = 3, 1
    assert statuses(load(lines("M1", "M2"))) == [("rejected", "target"), WRITTEN]


@pytest.mark.parametrize("keys", [b"", b"NAME\r\nx\r\n", HEAD + b"OTHER,1\r\n"], ids=["none", "other columns", "other"])
def test_failures_nobody_can_name_are_not_taken_for_success(
    keys: bytes, imports: Imports, load: Callable[..., Any]
) -> None:
    imports.states, imports.keys = ["PartiallySucceeded"], keys
    with pytest.raises(ServiceError, match=r"which rows failed|no column of the package"):
        load(lines("M1"))


def test_a_failed_row_nobody_can_name_is_not_taken_for_success_beside_one_that_is_named(
    imports: Imports, load: Callable[..., Any]
) -> None:
    imports.states, imports.keys = ["PartiallySucceeded"], HEAD + b"UA000001,1\r\nUA000001,2 pcs\r\n"
    with pytest.raises(ServiceError, match="2 pcs"):
        load(lines("M1", "M2"))


@pytest.mark.parametrize("value", ['5" pipe', "two\nlines"])
def test_what_a_package_cannot_carry_is_refused_before_it_is_sent(
    value: str, imports: Imports, load: Callable[..., Any]
) -> None:
    assert statuses(load(lines(value, "M2"))) == [("rejected", "not_in_package"), WRITTEN]
    assert statuses(load(lines(value))) == [("rejected", "not_in_package")]
    assert len(imports.started) == 1


def test_a_column_that_no_rule_fills_is_named(load: Callable[..., Any]) -> None:
    with pytest.raises(MappingError, match="Item"):
        load(lines("M1").drop(columns="Item"))


def test_the_lease_is_looked_at_while_waiting(imports: Imports, load: Callable[..., Any]) -> None:
    imports.states = ["Executing"]
    looks = iter(range(5))

    def still_ours() -> None:
        if next(looks) == 4:
            raise Fenced("A newer try took over.")

    with pytest.raises(Fenced):
        load(lines("M1"), before_request=still_ours)


def test_an_import_that_hangs_is_given_up_and_found_again(imports: Imports, load: Callable[..., Any]) -> None:
    imports.states = ["Executing"]
    with pytest.raises(ServiceUnavailable, match="is still `Executing`"):
        load(lines("M1"))
    imports.executions = {name: ["Succeeded"] for name in imports.executions}
    assert statuses(load(lines("M1"))) == [WRITTEN]
    assert len(imports.started) == 1


def test_the_steps_work_one_by_one(imports: Imports, client: FinanceOperationsClient) -> None:
    rows = lines("M1")
    execution = client.submit_import(IMPORT, rows, company="usmf", execution_id="run-1/0")
    assert [client.execution_status(execution) for _ in range(3)] == ["NotRun", "Executing", "Succeeded"]
    assert statuses(client.import_outcome(IMPORT, rows, execution)) == [WRITTEN]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param('[{"RecordId":"1","Field":"","ErrorMessage":"a"}]', [("1", "a")], id="JSON"),
        pytest.param(
            '[{"RecordId":"1","Field":"F","ErrorMessage":"say "x"},{y}"},'
            '{"RecordId":"2","Field":"","ErrorMessage":"b\n"}]',
            [("1", 'say "x"},{y}'), ("2", "b\n")], id="quotes and line breaks",
        ),
    ],
)  # fmt: skip
def test_the_error_list_is_read_whether_or_not_it_is_json(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(error.record, error.message) for error in row_errors(text)] == expected
