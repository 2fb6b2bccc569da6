"""Trouble inside a `$batch`: parts that are refused, lost, never carried out, or answered in another order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.http import Request, Response
from sandbox.odata.batch import Answer, MalformedBatch, format_part, join_parts, raw_parts

WAYS = ("refuse", "skip", "lose", "reverse")
_CONTENT_ID = re.compile(rb"^Content-ID: *(\S+)", re.MULTILINE | re.IGNORECASE)
_CONTENT_TYPE = "multipart/mixed; boundary=batchresponse_of_nothing"


def disturb_batch(
    args: dict[str, Any], request: Request, answer: Callable[[Request], Response],
    refusal: Callable[[dict[str, Any]], Response],
) -> Response:  # fmt: skip
    """Carry out a batch under trouble; a request that is no batch passes.

    A part is an operation, or a whole change set.

    :param args: `how`, one of `WAYS`; `parts` from 1, all by default; the rest describes a refusal.
    :param refusal: makes the answer of a refused part.
    """
    kind = request.headers.get("content-type", "")
    try:
        sent = raw_parts(kind, request.body)
    except MalformedBatch:
        return answer(request)
    how = args.get("how", "refuse")
    chosen = {number - 1 for number in args.get("parts") or range(1, len(sent) + 1)}
    kept = [place for place in range(len(sent)) if how not in ("refuse", "skip") or place not in chosen]
    response = _carry_out(replace(request, body=join_parts(kind, [sent[place] for place in kept])), kept, answer)
    if response.status >= 400:
        return response
    kind = response.headers["Content-Type"]
    came = raw_parts(kind, response.body) if kept else []
    answers = dict(zip(kept, came, strict=False))  # a batch may end at its first failure
    if how == "refuse":
        answers |= {place: _refused(sent[place], refusal(args)) for place in chosen if place < len(sent)}
    elif how == "lose":
        answers = {place: part for place, part in answers.items() if place not in chosen}
    order = sorted(answers, reverse=how == "reverse")
    response.body = join_parts(kind, [answers[place] for place in order])
    return response


def _carry_out(request: Request, kept: list[int], answer: Callable[[Request], Response]) -> Response:
    return answer(request) if kept else Response(200, b"", {"Content-Type": _CONTENT_TYPE})


def _refused(part: bytes, response: Response) -> bytes:
    """Answer a part without doing it; a refused change set is answered by one refusal, of its first operation."""
    named = _CONTENT_ID.search(part)
    return format_part(Answer(response, named[1].decode() if named else None))
