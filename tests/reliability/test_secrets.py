"""Secrets stay inside, X11: none is in a log, a message, a staged file, a table, a report, or the result of a task."""

from __future__ import annotations

import json
import traceback

import pytest
from tests.reliability.packages import open_site, package_tasks
from tests.soak.canaries import secrets_in
from tests.soak.trial import logged

from fs_integration.errors import FsIntegrationError

TOKEN = "eyJhbGciOiJub25lIn0.eyJ0aWQiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWl0"
ADDRESS = "https://contoso.blob.core.windows.net/dmf/p.zip?sv=1&sig=c2lnbmF0dXJlLW9mLWl0&se=2"
REPEATED = f"The request had Authorization: Bearer {TOKEN} and {ADDRESS}"
STORAGE = {"system": "finops", "path_regex": "/blob/", "times": None}
ROWS = {"method": "POST", "path_regex": r"Multiple|\$batch|ImportFromPackage|ExportToPackage", "times": None}
TOKENS = {"system": "entra", "method": "POST", "times": None, "action": "bad_json"}
FAULTS = {
    "none": (),
    "the storage refuses": ({**STORAGE, "action": "status", "args": {"status": 403, "message": REPEATED}},),
    "the storage has no such file": ({**STORAGE, "action": "status", "args": {"status": 404, "message": REPEATED}},),
    "the storage is down": ({**STORAGE, "action": "status", "args": {"status": 503, "message": REPEATED}},),
    "the storage cuts the line": ({**STORAGE, "action": "drop_before"},),
    "the storage sends us elsewhere": ({**STORAGE, "action": "redirect"},),
    "the service repeats what we sent": ({**ROWS, "action": "status", "args": {"status": 400, "message": REPEATED}},),
    "a web page repeats what we sent": ({**ROWS, "action": "status", "args": {"status": 400, "body": REPEATED}},),
    "an odd token": ({**TOKENS, "args": {"body": json.dumps({"access_token": f"{TOKEN}\r\nX: y"})}},),
    "a token in a list": ({**TOKENS, "args": {"body": json.dumps([{"access_token": TOKEN}])}},),
    "a token in half an answer": ({**TOKENS, "args": {"body": f'{{"access_token": "{TOKEN}"'}},),
}


@pytest.mark.fault("X11")
@pytest.mark.parametrize("area", ["warehouses", "inventory_adjustments"], ids=["download", "upload"])
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_no_secret_is_anywhere(area, faults, sites, outcome):
    site, _ = open_site(area, sites)
    site.faults(*faults)
    with logged(site.home / "all.log"), (site.home / "results.txt").open("w", encoding="utf-8") as results:
        try:
            for task in package_tasks(site, "secret"):
                task.go()
                print(vars(task), file=results)
        except FsIntegrationError:
            traceback.print_exc(file=results)
    assert "Starting new HTTPS connection" in (site.home / "all.log").read_text(encoding="utf-8")
    assert secrets_in(site.home) == []
    outcome("OK")


@pytest.mark.fault("X11")
def test_a_list_of_failed_rows_that_repeats_an_address_is_kept_without_its_signature(sites, outcome):
    site, _ = open_site("inventory_adjustments", sites)
    site.landscape.environment.limits.finops.switches["package_states"] = ("NotRun", "Failed")
    errors = json.dumps([{"RecordId": "", "Field": "", "ErrorMessage": REPEATED}])
    site.faults({"system": "finops", "path_regex": "GetExecutionErrors", "times": None, "action": "bad_json",
                 "args": {"body": json.dumps({"value": errors})}})  # fmt: skip
    task = next(package_tasks(site, "secret"))
    with pytest.raises(FsIntegrationError, match=r"sig=\*\*\*") as caught:
        task.go()
    assert "c2lnbmF0dXJl" not in str(caught.value)
    assert secrets_in(site.home) == []
    outcome("OK")
