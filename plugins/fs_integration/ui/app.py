"""The pages as a FastAPI app, to be mounted by the plugin into Airflow's API server."""

from __future__ import annotations

import pathlib
from typing import Annotated, Any
from urllib.parse import quote

from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as AnyHTTPException

from fs_integration.errors import ConfigurationError
from fs_integration.ledger import Ledger, RunEntry
from fs_integration.ledger.queries import lines_of_run, open_lines
from fs_integration.records import Outcome
from fs_integration.ui.access import ReadableDags
from fs_integration.ui.address import PAGES
from fs_integration.ui.books import AreaState, pauses, states
from fs_integration.ui.data_docs import file_below, mapping_of, pages_of
from fs_integration.ui.headers import DATA_DOCS_POLICY, SecurityHeaders
from fs_integration.ui.other_sites import OtherSites
from fs_integration.ui.rendering import HERE, render, run_path

LINES_PER_PAGE = 100
NOT_WRITTEN = (Outcome.QUARANTINED, Outcome.BLOCKED, Outcome.SKIPPED)
PageNumber = Annotated[int, Query(ge=1, le=100_000)]
WITHOUT_NUL = r"^[^\x00]*$"  # PostgreSQL cannot even compare with it
Word = Annotated[str, Query(max_length=200, pattern=WITHOUT_NUL)]
Name = Annotated[str, Path(max_length=250, pattern=WITHOUT_NUL)]
HEADINGS = {403: "Not allowed", 404: "Not found"}
READ_DAG = [Depends(requires_access_dag("GET"))]


def ledger_of_deployment() -> Ledger:
    """Return the ledger that the connection ``fs_integration_ledger`` names."""
    from fs_integration.hooks.ledger import LedgerHook

    return LedgerHook().get_ledger()


def docs_root_of_deployment() -> pathlib.Path:
    """Return the folder that the variable ``fs_integration_data_docs_root`` names."""
    from fs_integration.hooks.staging import data_docs_root

    return data_docs_root()


OpenLedger = Annotated[Ledger, Depends(ledger_of_deployment)]
DocsRoot = Annotated[pathlib.Path, Depends(docs_root_of_deployment)]


def create_app() -> FastAPI:
    """Build the app. Every route asks Airflow who is calling; the style sheet alone is open."""
    app = FastAPI(
        title="FS integration", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(get_user)]
    )
    app.add_middleware(OtherSites)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(AnyHTTPException, _refuse)
    app.add_exception_handler(ConfigurationError, _not_set_up)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_api_route("/", overview, response_class=HTMLResponse)
    app.add_api_route("/quarantine", quarantine, response_class=HTMLResponse)
    app.add_api_route("/runs/{dag_id}/{run_id}", run, response_class=HTMLResponse, dependencies=READ_DAG)
    app.add_api_route("/runs/{dag_id}/{run_id}/data-docs", run_docs, response_class=HTMLResponse, dependencies=READ_DAG)
    app.add_api_route("/data-docs/{path:path}", docs_file, response_class=FileResponse)
    return app


def overview(request: Request, ledger: OpenLedger, readable: ReadableDags) -> HTMLResponse:
    """The last run of every area and company."""
    areas = _readable_states(ledger, readable)
    return _page(
        request, "overview.html", here="overview", areas=areas, held=sum(state.held for state in areas),
        failed=sum(state.run.status in ("failed", "stopped") for state in areas),
        drift=sum(state.run.drift for state in areas),
        pauses=pauses(ledger, {state.run.scope.mapping for state in areas}),
    )  # fmt: skip


def quarantine(
    request: Request, ledger: OpenLedger, readable: ReadableDags, area: Word = "", company: Word = "", text: Word = "",
    page: PageNumber = 1,
) -> HTMLResponse:  # fmt: skip
    """The rows that are held back now."""
    scopes = [state.run.scope for state in _readable_states(ledger, readable)]
    found = open_lines(
        ledger.engine, page=page, size=LINES_PER_PAGE, dag_ids=readable, mapping=area, legal_entity=company, text=text
    )
    return _page(
        request, "quarantine.html", here="quarantine", found=found, area=area, company=company, text=text,
        areas=sorted({scope.mapping for scope in scopes}), companies=sorted({scope.legal_entity for scope in scopes}),
    )  # fmt: skip


def run(request: Request, ledger: OpenLedger, dag_id: Name, run_id: Name, page: PageNumber = 1) -> HTMLResponse:
    """The books of one run and the rows it held back."""
    lines = _books(ledger, dag_id, run_id)
    counts = [(line.scope, *key, rows) for line in lines for key, rows in sorted(line.rules.items())]
    found = lines_of_run(ledger.engine, dag_id=dag_id, run_id=run_id, page=page, size=LINES_PER_PAGE)
    grid = f"{_airflow(request)}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
    return _page(
        request, "run.html", here="", dag_id=dag_id, run_id=run_id, lines=lines, found=found, grid=grid,
        rules=[count for count in counts if count[1] in NOT_WRITTEN], path=run_path(dag_id, run_id),
    )  # fmt: skip


def run_docs(request: Request, ledger: OpenLedger, root: DocsRoot, dag_id: Name, run_id: Name) -> HTMLResponse:
    """The pages Great Expectations wrote for one run."""
    lines = _books(ledger, dag_id, run_id)
    pages = pages_of(root, lines[0].run_key, [line.scope for line in lines])
    return _page(
        request, "data_docs.html", here="", dag_id=dag_id, run_id=run_id, pages=pages, path=run_path(dag_id, run_id)
    )


def docs_file(ledger: OpenLedger, root: DocsRoot, readable: ReadableDags, path: str) -> FileResponse:
    """One file of the Data Docs, when it is about an area that the caller may read."""
    file = file_below(root, path)
    mappings = {state.run.scope.mapping for state in _readable_states(ledger, readable)}
    if file is None or mapping_of(file.relative_to(root.resolve())) not in mappings:
        raise HTTPException(404, "There is no such page in the Data Docs, or it is about an area you may not read.")
    return FileResponse(file, headers={"Content-Security-Policy": DATA_DOCS_POLICY})


def _readable_states(ledger: Ledger, readable: frozenset[str]) -> list[AreaState]:
    return [state for state in states(ledger) if state.run.dag_id in readable]


def _books(ledger: Ledger, dag_id: str, run_id: str) -> list[RunEntry]:
    lines = ledger.runs(dag_id=dag_id, run_id=run_id)
    if not lines:
        raise HTTPException(404, f"The ledger knows no run {run_id} of {dag_id}. The extract task opens its books.")
    return lines


def _page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(render(template, base=_base(request), **values), status_code=status)


def _base(request: Request) -> str:
    """Return the address below which the pages are mounted, a prefix of Airflow itself included."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _airflow(request: Request) -> str:
    return _base(request).removesuffix(PAGES)


def _refuse(request: Request, error: Exception) -> Response:
    """Send people without a session to Airflow's login, and answer everybody else with a readable page."""
    status = getattr(error, "status_code", 500)
    if status == 401 and "text/html" in request.headers.get("accept", ""):
        back = quote(f"{request.url.path}{'?' if request.url.query else ''}{request.url.query}", safe="")
        return RedirectResponse(f"{_airflow(request)}/api/v2/auth/login?next={back}", status_code=302)
    if status == 401:
        return Response("Not authenticated", status, headers={"WWW-Authenticate": "Bearer"})
    heading, detail = HEADINGS.get(status, "Something is wrong"), str(getattr(error, "detail", ""))
    return _page(request, "message.html", status=status, here="", heading=heading, detail=detail)


def _not_set_up(request: Request, error: Exception) -> Response:
    return _page(request, "message.html", status=503, here="", heading="Not set up yet", detail=str(error))


def _unreadable(request: Request, error: Exception) -> Response:  # noqa: ARG001
    detail = "A part of the address is too long, or not what belongs there."
    return _page(request, "message.html", status=422, here="", heading="Cannot be read", detail=detail)
