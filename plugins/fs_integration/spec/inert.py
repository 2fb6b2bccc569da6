"""Sentences that people wrote into a mapping, so that Markdown shows them and does nothing else with them.

Airflow shows the description of a mapping as the documentation of its DAG, and people mail it.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel

SENTENCES = ("title", "description", "reason", "note")  # the words of a mapping that hold text for people
_BEGIN = re.compile(r"<(?=[A-Za-z/!?])")  # of an element; elsewhere the mark means less than
Block = TypeVar("Block", bound=BaseModel)


def inert(block: Block) -> Block:
    """Return a mapping, or a block of it, whose sentences hold no HTML and no links; names in backticks stay."""
    old = {name: getattr(block, name) for name in type(block).model_fields}
    new = {name: _sentence(part) if name in SENTENCES else _inner(part) for name, part in old.items()}
    return block.model_copy(update={name: part for name, part in new.items() if part != old[name]})


def _inner(part: Any) -> Any:
    if isinstance(part, BaseModel):
        return inert(part)
    if isinstance(part, tuple):
        return tuple(map(_inner, part))
    return {name: _inner(each) for name, each in part.items()} if isinstance(part, dict) else part


def _sentence(text: str) -> str:
    """Return text without what begins an element or a link, and without a backtick that would have no other half."""
    if text.count("`") % 2 or "``" in text:
        text = text.replace("`", "'")
    return " ".join(_BEGIN.sub("&lt;", text).replace("](", "] (").split())
