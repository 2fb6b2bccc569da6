"""Import a data package into Finance & Operations: upload and start, look, read what became of each row.

The id of the execution follows from the run and from the rows, so starting again finds the execution of before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec
import pandas as pd

from fs_integration.clients.answers import NOT_JSON
from fs_integration.clients.package_actions import (
    EXECUTIONS,
    FAILED,
    PARTLY,
    SUCCEEDED,
    UNKNOWN,
    PackageActions,
    execution_ids,
)
from fs_integration.clients.package_errors import RowError, failed_rows, not_among, positions_of, row_errors
from fs_integration.clients.package_file import build_package, data_file, file_rows, fits_the_file
from fs_integration.clients.row_answers import RowAnswers
from fs_integration.errors import RequestRefused, ServiceError, ServiceUnavailable
from fs_integration.frames import KEY
from fs_integration.spec.mapping import PackageImport

NOTHING_TO_SEND = ""  # stands for the execution where no row can stand in a package


def submit_import(
    actions: PackageActions, package: PackageImport, rows: pd.DataFrame, *, company: str, execution_id: str
) -> str:
    """Return the execution that imports these rows: one that was started before, or a new one.

    An execution that failed as a whole is followed by another; one that failed because of each of its rows is a result.

    :raises RequestRefused: the service does not start it, or it failed too often for this run.
    """
    lines = [line for line in file_rows(package, rows) if fits_the_file(line)]
    if not lines:
        return NOTHING_TO_SEND
    data = data_file(package, lines)
    for execution in execution_ids(f"{execution_id}/{hashlib.sha256(data).hexdigest()}"):
        state = actions.state(execution)
        if state in FAILED and len(_failed(actions, package, _by_column(package, lines), execution)[0]) < len(lines):
            continue
        if state == UNKNOWN:
            url = _upload(actions, f"{execution}.zip", build_package(package, data))
            actions.start(
                "ImportFromPackage", execution=execution, project=package.project, company=company, packageUrl=url,
                execute=True, overwrite=True,
            )  # fmt: skip
        return execution
    raise RequestRefused(
        f"Import project `{package.project}` failed {EXECUTIONS} times for these rows: "
        f"{_first_reasons(actions, execution)}. Look at the job history of the project in Finance & Operations, then "
        "start a new run."
    )


def import_outcome(actions: PackageActions, package: PackageImport, rows: pd.DataFrame, execution: str) -> pd.DataFrame:
    """Return what became of each row of an execution that has ended, as a write over OData does.

    :raises ServiceUnavailable: it failed as a whole; :raises RequestRefused: it does not say which rows failed.
    """
    answers = RowAnswers(rows[KEY], f"Finance & Operations project {package.project}")
    lines = file_rows(package, rows)
    sent = [place for place, line in enumerate(lines) if fits_the_file(line)]
    for place in set(range(len(lines))) - set(sent):
        text = "A value holds a quotation mark or a line break, which a package cannot carry. Write it over OData."
        answers.refuse(place, "not_in_package", text)
    if execution == NOTHING_TO_SEND:
        return answers.frame()
    state = actions.state(execution)
    texts = _by_column(package, [lines[place] for place in sent])
    failed, unknown = ({}, []) if state == SUCCEEDED else _failed(actions, package, texts, execution)
    is_unclear = bool(unknown) if state == PARTLY else len(failed) < len(sent)
    if state != SUCCEEDED and (not failed or is_unclear):
        raise _unexplained(actions, package, execution, state, unknown)
    for place in failed:
        answers.refuse(sent[place], *failed[place])
    answers.accept([place for number, place in enumerate(sent) if number not in failed])
    return answers.frame()


def _by_column(package: PackageImport, lines: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    heads = [name.upper() for name in package.columns.values()]
    return [dict(zip(heads, line, strict=True)) for line in lines]


def _failed(
    actions: PackageActions, package: PackageImport, lines: list[dict[str, str]], execution: str
) -> tuple[dict[int, tuple[str, str]], list[str]]:
    """Return place, code and message of each row that the service names as failed, and those that were not sent so."""
    said = row_errors(actions.errors(execution))
    found: dict[int, tuple[str, str]] = {}
    unknown: list[str] = []
    for code, content in (
        ("target", _target_keys(actions, package, execution)), ("staging", _staging_rows(actions, package, execution)),
    ):  # fmt: skip
        if content:
            what = f"The file of failed rows ({code}) of execution {execution}"
            rows = failed_rows(content, list(package.columns.values()), what)
            found |= {place: (code, _message(lines[place], said)) for place in positions_of(rows, lines)}
            unknown += not_among(rows, lines)
    return found, unknown


def _unexplained(
    actions: PackageActions, package: PackageImport, execution: str, state: str, unknown: Sequence[str]
) -> ServiceError:
    first = _first_reasons(actions, execution)
    where = f"Execution {execution} of import project `{package.project}` ended as `{state}`"
    if state == PARTLY:
        named = f" (`{unknown[0]}` is none of them)" if unknown else ""
        return RequestRefused(f"{where}, but does not say which rows failed{named}: {first}. Look at its job history.")
    return ServiceUnavailable(f"{where}: {first}. Trying again starts a new execution.")


def _first_reasons(actions: PackageActions, execution: str) -> str:
    said = row_errors(actions.errors(execution))
    return "; ".join(error.message for error in said[:3])[:500] or "it gives no reason"


def _message(line: dict[str, str], said: list[RowError]) -> str:
    values = {value.lower() for value in line.values() if value}
    mine = [error.message for error in said if error.record.lower() in values]
    others = [error.message for error in said if not error.record]
    return "; ".join(dict.fromkeys(mine or others[:3])) or "The job history in Finance & Operations says why."


def _upload(actions: PackageActions, name: str, content: bytes) -> str:
    """Store the package where the service reads it from, and return the address."""
    answer = actions.call("GetAzureWriteUrl", uniqueFileName=name)
    try:
        url = msgspec.json.decode(str(answer), type=dict[str, str])["BlobUrl"]
    except (*NOT_JSON, KeyError) as exc:
        raise ServiceUnavailable("Finance & Operations gave no address to upload a package to.") from exc
    actions.upload(url, content)
    return url


def _target_keys(actions: PackageActions, package: PackageImport, execution: str) -> bytes:
    """Return the file with the keys of rows that failed on their way from staging into the entity."""
    entity = package.data_entity
    if not actions.call("GenerateImportTargetErrorKeysFile", executionId=execution, entityName=entity):
        return b""
    ask = _asking(actions, "GetImportTargetErrorKeysFileUrl", execution, entity)
    return actions.download(lambda: actions.poll(ask, f"The list of failed rows of execution {execution}"))


def _staging_rows(actions: PackageActions, package: PackageImport, execution: str) -> bytes:
    """Return the file with the rows that did not get into staging."""
    ask = _asking(actions, "GetImportStagingErrorFileUrl", execution, package.data_entity)
    return actions.download(ask) if ask() else b""


def _asking(actions: PackageActions, action: str, execution: str, entity: str) -> Callable[[], str]:
    return lambda: str(actions.call(action, executionId=execution, entityName=entity) or "")
