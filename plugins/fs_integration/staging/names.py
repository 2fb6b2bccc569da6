"""How mappings, companies, runs and batches become folder names that are safe on every store."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from fs_integration.records import Scope

REFERENCE = "00_reference"
STAGES = (REFERENCE, "01_raw", "02_rejected", "03_shaped", "04_accepted", "04_vanished", "05_outcome")
READABLE_CHARACTERS = 60


def run_key(run_id: str) -> str:
    """Return a short name for an Airflow run id: readable, usable as a folder name, different for different ids."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", run_id).strip("-")[:READABLE_CHARACTERS].rstrip("-")
    digest = hashlib.sha256(run_id.encode()).hexdigest()[:10]
    return f"{readable}-{digest}" if readable else digest


def folder_of(scope: Scope, run: str, stage: str, name: str = "") -> str:
    """Return the place of a stage, or of one item in it, below the staging root.

    :raises ValueError: for a stage that does not exist or a part that is empty.
    """
    if stage not in STAGES:
        raise ValueError(f"`{stage}` is not a stage of the staging area; the stages are {', '.join(STAGES)}.")
    parts = [scope.mapping, scope.task, scope.legal_entity, run, stage, *([name] if name else [])]
    return "/".join(_segment(part) for part in parts)


def batch_name(number: int) -> str:
    """Return the folder name of a batch; names sort like the numbers."""
    return f"{number:05d}"


def _segment(text: str) -> str:
    """Quote one part of a path. Dots are quoted where the part has a meaning of its own to a file system."""
    if not text:
        raise ValueError("A part of a staging path is empty: mapping, task, legal entity and run key are all needed.")
    quoted = quote(text, safe="")
    return quoted.replace(".", "%2E") if not quoted.strip(".") else quoted
