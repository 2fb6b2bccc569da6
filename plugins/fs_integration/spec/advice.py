"""Say what is wrong with a file in the words of the file: place, fault, and the nearest valid word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fs_integration.errors import MappingError
from fs_integration.spec.document import Document, KeyPath

MOST_PROBLEMS = 200  # nobody reads more at once, and advice for each takes its time
EXPLAINED = "docs/mapping-reference.md explains every word."


def nearest(word: str, words: Iterable[str]) -> str:
    """Return ``Did you mean ...?`` for the word most like this one, or an empty text."""
    known = list(words)
    folded = {candidate.lower(): candidate for candidate in reversed(known)}
    found = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return f"Did you mean `{folded[found[0]]}`?" if found else ""


def nearest_or_all(word: str, words: Iterable[str]) -> str:
    """Return the advice of ``nearest``, or all words when none is like this one."""
    known = list(words)
    return nearest(word, known) or (f"Known are: {', '.join(known)}." if known else "There is none yet; add one.")


def words_of(model: type[BaseModel]) -> list[str]:
    """Return the keys a block of the file may have."""
    return [field.alias or name for name, field in model.model_fields.items()]


def problems_of(error: ValidationError, model: type[BaseModel], document: Document) -> list[MappingError]:
    """Turn what pydantic found into errors with file, line and key path, in the order of the file.

    A value that may be of several kinds is reported once, not once per kind. At most ``MOST_PROBLEMS`` are looked at.
    """
    found: dict[KeyPath, MappingError] = {}
    details = [detail for detail in error.errors(include_url=False) if not _is_echo(detail)][:MOST_PROBLEMS]
    for detail in sorted(details, key=lambda detail: detail["type"] == "missing"):
        path = written_path(detail["loc"], document)
        message, suggestion = _explained(detail, path, model)
        if detail["type"] == "missing" and _is_misspelt(str(detail["loc"][-1]), path, found):
            continue
        found.setdefault(path, document.error(path, message, suggestion))
    return sorted(found.values(), key=lambda problem: (problem.file, problem.line))


def _is_echo(detail: ErrorDetails) -> bool:
    """Tell whether a list is called too short only because its items have faults of their own."""
    given, least = detail["input"], detail.get("ctx", {}).get("min_length", 0)
    return detail["type"] == "too_short" and isinstance(given, list | dict) and len(given) >= least


def _is_misspelt(word: str, block: KeyPath, found: dict[KeyPath, MappingError]) -> bool:
    """Tell whether a missing word is there under a name that was already answered with "Did you mean"."""
    return any(path[:-1] == block and f"`{word}`" in fault.suggestion for path, fault in found.items())


def written_path(location: Sequence[str | int], document: Document) -> KeyPath:
    """Return the part of a location that is written in the file; pydantic adds the names of kinds it tried."""
    path: KeyPath = ()
    for part in location:
        if (*path, part) in document.lines:
            path = (*path, part)
    return path


def _explained(detail: ErrorDetails, path: KeyPath, model: type[BaseModel]) -> tuple[str, str]:
    kind, given = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        words = words_of(_model_at(model, path[:-1]) or model)
        return f"`{path[-1]}` is not a key here.", nearest(str(path[-1]), words) or f"Known are: {', '.join(words)}."
    if kind == "missing":
        return f"`{detail['loc'][-1]}` is missing here.", f"Add it. {EXPLAINED}"
    if given is None:
        return "There is no value here.", "Give one, or remove the line."
    if kind == "string_type" and isinstance(given, int | float):
        return f"`{_shown(given)}` must be text.", f'Put quotes around it: `"{_shown(given)}"`.'
    if kind == "string_type":
        return "This must be text, not a list or a block.", EXPLAINED
    if kind in ("enum", "literal_error"):
        allowed = str(detail.get("ctx", {}).get("expected", ""))
        near = nearest(str(given), re.findall(r"'([^']*)'", allowed))
        return f"`{_shown(given)}` is not one of {allowed}.", near or "Write one of these words."
    if kind == "string_pattern_mismatch":
        return f"`{given}` is not a name.", "Names consist of small letters, digits and `_`, and start with a letter."
    return _sentence(detail["msg"]), EXPLAINED


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:]}."


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model of the block at a key path; None where the file may use keys of its own."""
    kind: Any = model
    for part in path:
        inner = _model_in(kind)
        if inner is not None:
            field = next((f for name, f in inner.model_fields.items() if part in (name, f.alias)), None)
            kind = field.annotation if field else None
        else:
            kind = _element(kind)
    return _model_in(kind)


def _model_in(kind: Any) -> type[BaseModel] | None:
    """Return the model that an annotation stands for itself, through ``| None`` and ``Annotated``."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (Union, UnionType, Annotated):
        return next((inner for inner in map(_model_in, get_args(kind)) if inner), None)
    return None


def _element(kind: Any) -> Any:
    """Return what a tuple or dict annotation holds."""
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    return None
