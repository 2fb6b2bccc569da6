"""One pass over all areas in Airflow: in the order of the cycle, with Supply Chain Management posting before stock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.runner import run_dag
from local.services import Sandbox

POSTED_AFTER = "service"  # the stage whose journals and orders must be posted before stock is read

Say = Callable[[str], None]


def run_pass(sandbox: Sandbox, say: Say) -> list[str]:
    """Run every area once.

    :param say: called with a line of progress before each step.
    :returns: DAGs whose run did not succeed.
    """
    from fs_integration.cycle import STAGES

    failed = []
    for stage, areas in STAGES.items():
        for area in areas:
            say(f"fs_{area} ...")
            if run_dag(f"fs_{area}") != "success":
                failed.append(f"fs_{area}")
        if stage == POSTED_AFTER:
            say(f"Supply Chain Management posts: {summary(post(sandbox))}")
    return failed


def post(sandbox: Sandbox) -> dict[str, int]:
    """Let Supply Chain Management post the journals it received, and deliver and invoice finished work orders."""
    journals = sandbox.control("POST", "/scm/post-integration-journals")
    orders = sandbox.control("POST", "/scm/post-sales-orders")
    return {"journals": journals["journals"], "orders": orders["orders"]}


def summary(answer: dict[str, Any]) -> str:
    """Put counts into words. :param answer: of the sandbox's control interface."""
    return ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in answer.items() if value) or "nothing"
