"""What each kind of fault does: instead of the work, to the work, or to its answer."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.batch_fault import disturb_batch
from sandbox.http import ConnectionDropped, Request, Response

Answer = Callable[[Request], Response]
Args = dict[str, Any]

FOREIGN_HOST = "https://attacker.example"
_LINK = re.compile(rb'("@odata\.(?:nextLink|deltaLink)"\s*:\s*")(https?://[^/"]+)?([^"]*")')
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_HTML = (
    b"<!DOCTYPE html><html><head><title>Bad gateway</title></head>"
    b"<body><h1>The page cannot be displayed</h1><p>The gateway could not reach the service.</p></body></html>"
)
_MEBIBYTE = 1024 * 1024


def error_answer(args: Args) -> Response:
    """Answer with a status instead of doing the work; the body is given, or an OData error."""
    status = int(args.get("status", 503))
    body = args.get("body")
    if body is None:
        message = str(args.get("message", "The service is unavailable."))
        body = {"error": {"code": str(args.get("code", "")), "message": message}}
    content = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    headers = {**_JSON, **{str(name): str(value) for name, value in dict(args.get("headers", {})).items()}}
    if "retry_after" in args:
        headers["Retry-After"] = str(args["retry_after"])
    return Response(status, content, headers)


def _drop(_: Args, __: Request) -> Response | None:
    raise ConnectionDropped


def _delay(args: Args, _: Request) -> Response | None:
    time.sleep(float(args.get("seconds", 1.0)))
    return None


def _html(args: Args, _: Request) -> Response | None:
    return Response(int(args.get("status", 502)), _HTML, {"Content-Type": "text/html; charset=utf-8"})


def _redirect(args: Args, request: Request) -> Response | None:
    location = args.get("location")
    if location is None:
        location = str(args.get("host", FOREIGN_HOST)) + request.target()
    return Response(int(args.get("status", 302)), headers={"Location": str(location)})


def _empty_page(_: Args, request: Request) -> Response | None:
    """Answer with no rows and a link that means the same as this request and is spelled in another way."""
    link = f"{request.base_url}{request.path}?{request.query}&"
    return Response(200, msgspec.json.encode({"value": [], "@odata.nextLink": link}), dict(_JSON))


# Before the work; an answer given here is sent instead of doing it.
BEFORE: dict[str, Callable[[Args, Request], Response | None]] = {
    "status": lambda args, _: error_answer(args),
    "drop_before": _drop,
    "delay": _delay,
    "html": _html,
    "redirect": _redirect,
    "empty_page": _empty_page,
}


def _duplicate(args: Args, request: Request, answer: Answer) -> Response:
    answers = [answer(request), answer(request)]
    return answers[int(args.get("answer", 1)) - 1]


# In place of the work, which they may do.
DURING: dict[str, Callable[[Args, Request, Answer], Response]] = {
    "duplicate": _duplicate,
    "batch_part": lambda args, request, answer: disturb_batch(args, request, answer, error_answer),
}


def _drop_after(_: Args, __: Request, ___: Response) -> Response:
    raise ConnectionDropped


def _delay_answer(args: Args, request: Request, response: Response) -> Response:
    _delay(args, request)
    return response


def _truncate(args: Args, _: Request, response: Response) -> Response:
    response.cut_at = int(args.get("bytes", len(response.body) // 2))
    return response


def _wrong_length(args: Args, _: Request, response: Response) -> Response:
    response.announced = max(0, len(response.body) + int(args.get("by", 1)))
    return response


def _drip(args: Args, _: Request, response: Response) -> Response:
    response.pause_seconds = float(args.get("seconds", 1.0))
    return response


def _bad_json(args: Args, _: Request, response: Response) -> Response:
    body = args.get("body")
    response.body = response.body[: len(response.body) // 2] if body is None else str(body).encode()
    response.status = 200
    response.headers["Content-Type"] = _JSON["Content-Type"]
    return response


def _inflate(args: Args, _: Request, response: Response) -> Response:
    """Pack an endless text: gzip allows the same packed piece again and again."""
    size = int(args.get("bytes", 1024 * _MEBIBYTE))
    response.body = gzip.compress(b" " * _MEBIBYTE, mtime=0) * -(-size // _MEBIBYTE)
    response.headers.update(_JSON | {"Content-Encoding": "gzip"})
    return response


def _foreign_next_link(args: Args, _: Request, response: Response) -> Response:
    host = str(args.get("host", FOREIGN_HOST)).rstrip("/").encode()
    response.body = _LINK.sub(lambda match: match[1] + host + match[3], response.body)
    return response


def _repeat_next_link(_: Args, request: Request, response: Response) -> Response:
    """Let the next page be this one, also where there is no next page."""
    link = f"{request.base_url}{request.target()}".encode()
    body = _LINK.sub(lambda match: match[1] + link + b'"', response.body)
    if body == response.body and body.endswith(b"}"):
        body = body[:-1] + b',"@odata.nextLink":"' + link + b'"}'
    response.body = body
    return response


# After the work, to its answer.
AFTER: dict[str, Callable[[Args, Request, Response], Response]] = {
    "drop_after_commit": _drop_after,
    "delay_answer": _delay_answer,
    "truncate": _truncate,
    "wrong_length": _wrong_length,
    "drip": _drip,
    "bad_json": _bad_json,
    "inflate": _inflate,
    "foreign_next_link": _foreign_next_link,
    "repeat_next_link": _repeat_next_link,
}
EXPIRE_TOKEN, LATE_COMMIT = "expire_token", "late_commit"
# Every action and the arguments it takes.
ARGUMENTS: dict[str, frozenset[str]] = dict.fromkeys([*BEFORE, *DURING, *AFTER, EXPIRE_TOKEN], frozenset[str]()) | {
    "status": frozenset({"status", "code", "message", "retry_after", "headers", "body"}),
    "batch_part": frozenset({"how", "parts", "status", "code", "message", "retry_after", "headers", "body"}),
    "redirect": frozenset({"status", "host", "location"}),
    "html": frozenset({"status"}),
    "delay": frozenset({"seconds"}),
    "delay_answer": frozenset({"seconds"}),
    "drip": frozenset({"seconds"}),
    "duplicate": frozenset({"answer"}),
    "truncate": frozenset({"bytes"}),
    "inflate": frozenset({"bytes"}),
    "wrong_length": frozenset({"by"}),
    "bad_json": frozenset({"body"}),
    "foreign_next_link": frozenset({"host"}),
    LATE_COMMIT: frozenset({"before"}),
}
