"""Keep the values of masked columns out of rejections, before these are staged or entered anywhere.

A masked value becomes ``***``. A hash would let people recognise equal values, but whoever has the ledger could find
out what it stands for by trying: there are not that many telephone numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

import pandas as pd

from fs_integration.frames import KEY, REJECTION_COLUMNS, frame_of
from fs_integration.spec.columns import masked_columns
from fs_integration.spec.mapping import MappingTask

MASK = "***"
FEW_CHARACTERS = 3


def hidden_columns(task: MappingTask) -> set[str]:
    """Return the columns whose values are not shown, the key of the target row among them when a part of it is."""
    hidden = masked_columns(task)
    return hidden if hidden.isdisjoint(task.target.key) else {*hidden, KEY}


def masked(rejections: pd.DataFrame, task: MappingTask) -> pd.DataFrame:
    """Return rejections that hold nothing of the columns the mapping masks; row keys stay, rows are found by them."""
    hidden = hidden_columns(task)
    if not hidden or not len(rejections):
        return rejections
    lines = [_masked(line, hidden) for line in rejections.to_dict("records")]
    return frame_of({name: [line[name] for line in lines] for name in REJECTION_COLUMNS}, REJECTION_COLUMNS)


def _masked(line: dict[Any, Any], hidden: Collection[str]) -> dict[Any, Any]:
    payload = json.loads(line["payload"])
    secrets = {str(payload[name]) for name in hidden if payload.get(name) not in (None, "")}
    value = "" if pd.isna(line["value"]) else str(line["value"])
    about = {KEY} if not line["field"] else set(line["field"].split(", "))  # without a field it is about the whole row
    if not about.isdisjoint(hidden) or any(secret in value for secret in secrets):
        secrets |= {value} if value else set()
        value = MASK if value else ""
    payload = {name: MASK if name in hidden and part is not None else part for name, part in payload.items()}
    return {**line, "value": value, "reason": _without(line["reason"], secrets),
            "payload": json.dumps(payload, ensure_ascii=False)}  # fmt: skip


def _without(text: str, secrets: Collection[str]) -> str:
    """Return text with every secret replaced; messages of the services quote what they refuse.

    A secret of few characters counts only where it stands by itself; else it would eat letters of other words.
    """
    if not secrets:
        return text
    longest_first = map(_pattern, sorted(secrets, key=len, reverse=True))
    return re.sub("|".join(longest_first), MASK, text, flags=re.IGNORECASE)


def _pattern(secret: str) -> str:
    exact = re.escape(secret)
    return exact if len(secret) > FEW_CHARACTERS else rf"(?<!\w){exact}(?!\w)"
