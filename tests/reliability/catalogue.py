"""The fault catalogue: what can go wrong, where it can, and how the package may take it.

One table. The tests of this folder are generated from it or name its entries with ``@pytest.mark.fault``; a cell that
no test covers makes `test_catalogue.py` fail, and a complete run writes the matrix of docs/reliability.md.
"""

from __future__ import annotations

from dataclasses import dataclass

AREAS = (
    "accounts", "warehouses", "products", "projects", "inventory_adjustments", "inventory_transfers", "work_orders",
    "product_inventory", "agreement_invoices",
)  # fmt: skip
SHARED = "shared"  # the column of what all areas have in common
TO_FIELD_SERVICE = ("warehouses", "products", "projects", "product_inventory")
TO_SUPPLY_CHAIN = ("accounts", "inventory_adjustments", "inventory_transfers", "work_orders", "agreement_invoices")
DOCUMENTS = ("inventory_adjustments", "inventory_transfers", "work_orders", "agreement_invoices")
JOURNALS = ("inventory_adjustments", "inventory_transfers")
STOCK = ("product_inventory",)
AMOUNTS = ("products", "product_inventory", *DOCUMENTS)
TEXTS = tuple(area for area in AREAS if area not in STOCK)
CHILDREN = tuple(area for area in AREAS if area != "warehouses")
OPTIONS = ("accounts", "products", "work_orders")

# What a fault may end as. Never allowed: a lost row, a duplicate, a wrong value, a silent skip, an endless wait.
OUTCOMES = {
    "OK": "the run succeeds and its end state is that of a run without the fault",
    "RES": "the run stops clean; the next run completes it",
    "QUA": "exactly the bad rows are held back with a reason, the rest arrives",
    "STOP": "refused with a clear error, nothing written",
    "REP": "reported in the books",
}
ONE_PLACE = "one place for all areas, without a row of any of them"
NO_IMPORT = "the area reads from Finance & Operations, so a data package stands in place of its reads, not its writes"
NO_EXPORT = "the area writes to Finance & Operations, so a data package stands in place of its writes, not its reads"
TO_DATAVERSE_ONLY = "the area writes to Finance & Operations, which has no such rule"
TO_FINOPS_ONLY = "the area writes to Dataverse, which has no such rule"
NO_DOCUMENT = "the area's rows stand alone, without header and lines"
NO_JOURNAL = "the area writes no journal that people post"
WHOLE_READ = "the area reads its source whole in every run, without a cursor"
NO_AMOUNT = "the area carries no amounts"
NO_LONG_TEXT = "the area carries no text that can be longer than the target's column"
NO_OPTION = "the area maps no option value beyond those that its filter lets through"
NO_PARENT = "the area's rows depend on no other row of either system"
NO_STOCK = "the area moves no stock levels that could be zeroed"


@dataclass(frozen=True)
class Fault:
    """One entry.

    :param title: what goes wrong; :param outcomes: what it may end as, of ``OUTCOMES``.
    :param areas: where it is tried, ``SHARED`` included; :param elsewhere: why it is not tried in the other areas.
    """

    title: str
    outcomes: tuple[str, ...]
    areas: tuple[str, ...] = (SHARED,)
    elsewhere: str = ONE_PLACE


def _fault(title: str, outcomes: str, areas: tuple[str, ...] = (SHARED,), elsewhere: str = ONE_PLACE) -> Fault:
    return Fault(title, tuple(outcomes.split()), areas, elsewhere)


FAULTS: dict[str, Fault] = {
    # Network and HTTP
    "N1": _fault("the service cannot be reached when the run begins", "OK RES", AREAS),
    "N2": _fault("connection cut before the service commits", "OK", AREAS),
    "N3": _fault("connection cut after the commit, before the answer", "OK", AREAS),
    "N4": _fault("the same four times running", "OK", AREAS),
    "N5": _fault("connection cut inside the body of an answer", "OK", AREAS),
    "N6": _fault("broken JSON with status 200", "OK RES", AREAS),
    "N7": _fault("web page with status 200", "OK RES", AREAS),
    "N8": _fault("burst of 500, 502, 503, 504", "OK", AREAS),
    "N9": _fault("answer slower than the time limit, and one that drips", "OK RES", AREAS),
    "N10": _fault("commit long after the client gave up", "OK", AREAS),
    "N11": _fault("redirect to another host", "STOP", AREAS),
    "N12": _fault("certificate invalid or expired", "STOP"),
    "N13": _fault("answer that unpacks without end", "STOP", AREAS),
    "N14": _fault("a request delivered twice", "OK", AREAS),
    # Throttling, authentication, time
    "T1": _fault("429 with seconds, date, nothing, a day, or less than nothing", "OK RES", AREAS),
    "T2": _fault("429 on requests, execution time, concurrency and resources", "OK", AREAS),
    "T3": _fault("429 for a part of a $batch", "OK", AREAS),
    "T4": _fault("token expires in the middle of a run", "OK", AREAS),
    "T5": _fault("token service down, secret wrong, consent revoked", "RES STOP", AREAS),
    "T6": _fault("missing privilege on one table", "STOP", AREAS),
    "T7": _fault("clock ten minutes off, change to summer time, leap day, 2038", "OK", AREAS),
    "T8": _fault("the service's clock jumps back", "OK", AREAS),
    # State, cursors, staging
    "S1": _fault("cursor lost: restored ledger, or one older than the source keeps changes", "OK", AREAS),
    "S2": _fault("cursor of another environment", "STOP", AREAS),
    "S3": _fault("pages that go in a circle, and an empty page with a next one", "RES OK", AREAS),
    "S4": _fault("rows change their page while it is read", "OK", AREAS),
    "S5": _fault("equal cursor values across a page and a watermark", "OK", AREAS),
    "S6": _fault("table without a modification date", "OK STOP", AREAS),
    "S7": _fault("staged file missing, cut, altered, or of another run", "RES", AREAS),
    "S8": _fault("disk full", "RES", AREAS),
    "S9": _fault("killed in the middle of writing a file or the ledger", "RES", AREAS),
    "S10": _fault("exported package lost before it was kept", "REP RES", TO_FIELD_SERVICE, NO_EXPORT),
    "S11": _fault("backfills out of order, overlapping, repeated", "OK", AREAS),
    "S12": _fault("cursor saved before the load is confirmed", "RES", AREAS),
    "S13": _fault("task cleared and run again from the middle", "OK", AREAS),
    # Worker and orchestrator
    "W1": _fault("killed at each point where a side effect begins", "RES", AREAS),
    "W2": _fault("killed again while recovering", "RES", AREAS),
    "W3": _fault("asked to end", "RES", AREAS),
    "W4": _fault("second try while the first still lives", "OK", AREAS),
    "W5": _fault("marked as failed although it had finished", "OK", AREAS),
    "W6": _fault("more rows than memory", "OK RES"),
    "W7": _fault("triggerer lost while a data package is under way", "OK", AREAS),
    "W8": _fault("old run cleared and run again after newer ones", "OK", AREAS),
    "W9": _fault("code upgraded between a crash and the next try", "OK STOP"),
    # Concurrency
    "C1": _fault("two runs of one area and company", "OK", AREAS),
    "C2": _fault("two areas touch the same product or warehouse", "OK"),
    "C3": _fault("another client creates the same row meanwhile", "OK REP", AREAS),
    "C4": _fault("a person edits the row between read and write", "OK REP", AREAS),
    "C5": _fault("our own write comes back as a change", "OK", AREAS),
    "C6": _fault("areas that wait for each other", "STOP"),
    # Data and schema
    "D1": _fault("row that cannot be transformed", "QUA", AREAS),
    "D2": _fault("row refused by the service among many", "QUA", AREAS),
    "D3": _fault("business rule of the target refuses a row", "QUA", AREAS),
    "D4": _fault("the service's own worker times out", "OK", AREAS),
    "D5": _fault("parent row not there yet", "QUA", CHILDREN, NO_PARENT),
    "D6": _fault("the same key twice in the source; stock rows are added up by design", "QUA OK", AREAS),
    "D7": _fault("keys in another case, with blanks, accents, quotes, slashes", "OK QUA", AREAS),
    "D8": _fault("null, empty, missing, and the date 1900-01-01", "OK QUA", AREAS),
    "D9": _fault("more decimals than the target keeps, negative zero", "OK QUA", AMOUNTS, NO_AMOUNT),
    "D10": _fault("text longer than the target's column", "QUA OK", TEXTS, NO_LONG_TEXT),
    "D11": _fault("unknown option value", "QUA", OPTIONS, NO_OPTION),
    "D12": _fault("column removed, renamed, retyped or made required", "STOP", AREAS),
    "D13": _fault("column added", "OK", AREAS),
    "D14": _fault("quality gate fails", "STOP", AREAS),
    "D15": _fault("the source is empty where thousands of rows were", "STOP", AREAS),
    "D16": _fault("document half written", "OK QUA", DOCUMENTS, NO_DOCUMENT),
    "D17": _fault("journal posted or locked", "QUA OK", JOURNALS, NO_JOURNAL),
    "D18": _fault("document line changed after posting", "OK QUA", DOCUMENTS, NO_DOCUMENT),
    "D19": _fault("rows of another company", "OK", AREAS),
    "D20": _fault("row deleted at the source", "OK REP", AREAS),
    # Batches and data packages
    "B1": _fault("$batch: parts fail, come in another order, are missing", "OK QUA", AREAS),
    "B2": _fault("change set rolled back as a whole", "QUA OK", AREAS),
    "B3": _fault("data package that never ends", "RES", AREAS),
    "B4": _fault("data package partly succeeded", "QUA", TO_SUPPLY_CHAIN, NO_IMPORT),
    "B5": _fault("data package failed or canceled", "RES OK", AREAS),
    "B6": _fault("list of failed rows late, its address expired", "QUA", TO_SUPPLY_CHAIN, NO_IMPORT),
    "B7": _fault("two imports at once", "OK", TO_SUPPLY_CHAIN, NO_IMPORT),
    "B8": _fault("connection cut after an import was accepted", "OK", AREAS),
    "B9": _fault("upload half done, file name taken", "OK", TO_SUPPLY_CHAIN, NO_IMPORT),
    # Hostile input
    "X1": _fault("link to another host, scheme, port, user, look-alike or path", "STOP"),
    "X2": _fault("token to the storage account, signature to the service", "STOP OK"),
    "X3": _fault("connection to an internal address or without TLS", "STOP"),
    "X4": _fault("expression in a mapping that is a program", "STOP"),
    "X5": _fault("YAML tags, anchors without end, keys twice", "STOP"),
    "X6": _fault("value that is an OData filter", "OK"),
    "X7": _fault("XML with DOCTYPE, entities, or without end", "STOP"),
    "X8": _fault("package that unpacks without end or out of its folder", "STOP"),
    "X9": _fault("cell that is a formula", "OK"),
    "X10": _fault("value that is HTML or a script", "OK"),
    "X11": _fault("secret in a log, message, template, XCom, report, file or table", "OK"),
    "X12": _fault("value that forges a log line", "OK"),
    "X13": _fault("pickle or other code in stored data", "STOP OK"),
    "X14": _fault("run parameters that are paths, huge, or of another type", "STOP"),
    "X15": _fault("page asked for without login, without right, from another site", "STOP"),
    "X16": _fault("replay approved by the wrong person, too late, or for changed rows", "STOP"),
}
CELLS = tuple((fault, area) for fault, entry in FAULTS.items() for area in entry.areas)
