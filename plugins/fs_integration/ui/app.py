"""The pages as a FastAPI app, to be mounted by the plugin into Airflow's API server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as AnyHTTPException

from fs_integration.errors import ConfigurationError
from fs_integration.ledger import Ledger
from fs_integration.ui import PAGES
from fs_integration.ui.access import ReadableDags
from fs_integration.ui.data_docs import file_below, may_read, pages_of
from fs_integration.ui.headers import DATA_DOCS_POLICY, SecurityHeaders
from fs_integration.ui.rendering import HERE, render, run_path

ROWS_PER_PAGE = 100
PageNumber = Annotated[int, Query(ge=1, le=100_000)]
Word = Annotated[str, Query(max_length=200)]
HEADINGS = {403: "Not allowed", 404: "Not found", 422: "Cannot be read"}
READ_DAG = [Depends(requires_access_dag("GET"))]


def ledger_of_deployment() -> Ledger:
    """Return the ledger that the connection ``fs_integration_ledger`` names."""
    from fs_integration.hooks.ledger import LedgerHook

    return LedgerHook().get_ledger()


def docs_root_of_deployment() -> Path:
    """Return the folder that the variable ``fs_integration_data_docs_root`` names."""
    from fs_integration.hooks.staging import data_docs_root

    return data_docs_root()


OpenLedger = Annotated[Ledger, Depends(ledger_of_deployment)]
DocsRoot = Annotated[Path, Depends(docs_root_of_deployment)]


def create_app() -> FastAPI:
    """Build the app. Every route asks Airflow who is calling; the style sheet alone is open."""
    app = FastAPI(title="FS integration", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(AnyHTTPException, _refuse)
    app.add_exception_handler(ConfigurationError, _not_set_up)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_api_route("/", overview, response_class=HTMLResponse)
    app.add_api_route("/quarantine", quarantine, response_class=HTMLResponse)
    app.add_api_route("/runs/{dag_id}/{run_id}", run, response_class=HTMLResponse, dependencies=READ_DAG)
    app.add_api_route("/runs/{dag_id}/{run_id}/data-docs", run_docs, response_class=HTMLResponse, dependencies=READ_DAG)
    app.add_api_route("/data-docs/{path:path}", docs_file, response_class=FileResponse)
    return app


def overview(request: Request, ledger: OpenLedger, readable: ReadableDags) -> HTMLResponse:
    """The last run of every area and company."""
    lines = [line for line in ledger.overview() if line.dag_id in readable]
    return _page(
        request, "overview.html", here="overview", lines=lines,
        failed=sum(line.status in ("failed", "stopped") for line in lines),
        held=sum(line.open_quarantine for line in lines), drift=sum(line.drift for line in lines),
    )  # fmt: skip


def quarantine(
    request: Request, ledger: OpenLedger, readable: ReadableDags, area: Word = "", company: Word = "", text: Word = "",
    page: PageNumber = 1,
) -> HTMLResponse:  # fmt: skip
    """The rows that are held back now."""
    scopes = [line.scope for line in ledger.overview() if line.dag_id in readable]
    found = ledger.find_quarantine(
        dag_ids=readable, mapping=area, legal_entity=company, text=text, page=page, size=ROWS_PER_PAGE
    )
    return _page(
        request, "quarantine.html", here="quarantine", found=found, area=area, company=company, text=text,
        areas=sorted({scope.mapping for scope in scopes}), companies=sorted({scope.legal_entity for scope in scopes}),
    )  # fmt: skip


def run(request: Request, ledger: OpenLedger, dag_id: str, run_id: str, page: PageNumber = 1) -> HTMLResponse:
    """The books of one run and the rows it did not write."""
    lines = ledger.runs_of(dag_id, run_id)
    if not lines:
        raise HTTPException(404, f"The ledger knows no run {run_id} of {dag_id}. Its extract task opens the books.")
    found = ledger.find_rejections(dag_id=dag_id, run_id=run_id, page=page, size=ROWS_PER_PAGE)
    grid = f"{_airflow(request)}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
    return _page(
        request, "run.html", here="", dag_id=dag_id, run_id=run_id, lines=lines, found=found, grid=grid,
        path=run_path(dag_id, run_id),
    )  # fmt: skip


def run_docs(
    request: Request, ledger: OpenLedger, root: DocsRoot, dag_id: str, run_id: str
) -> HTMLResponse:
    """The pages Great Expectations wrote for one run."""
    lines = ledger.runs_of(dag_id, run_id)
    pages = pages_of(root, lines[0].run_key, [line.scope for line in lines]) if lines else []
    return _page(
        request, "data_docs.html", here="", dag_id=dag_id, run_id=run_id, pages=pages, path=run_path(dag_id, run_id)
    )


def docs_file(ledger: OpenLedger, root: DocsRoot, readable: ReadableDags, path: str) -> FileResponse:
    """One file of the Data Docs, when it is about an area that the caller may read."""
    file = file_below(root, path or "index.html")
    mappings = {line.scope.mapping for line in ledger.overview() if line.dag_id in readable}
    if file is None or not may_read(file.relative_to(root.resolve()), mappings):
        raise HTTPException(404, "There is no such page in the Data Docs, or it is about an area you may not read.")
    return FileResponse(file, headers={"Content-Security-Policy": DATA_DOCS_POLICY})


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
    heading = HEADINGS.get(status, "Something is wrong")
    return _page(request, "message.html", status=status, here="", heading=heading, detail=str(getattr(error, "detail", "")))


def _not_set_up(request: Request, error: Exception) -> Response:
    return _page(request, "message.html", status=503, here="", heading="Not set up yet", detail=str(error))
