"""A sandbox that only knows the rows it was given."""

from __future__ import annotations

from typing import Any

import pytest

Row = dict[str, Any]


class Tables:
    """Stands in for ``local.services.Sandbox``: rows by entity set, and what its control interface was asked for."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Answer as the control interface does."""
        if path.startswith("/state/"):
            return self.rows.get(path.rpartition("/")[2], [])
        self.asked.append(path)
        return self.answers[path]


@pytest.fixture
def tables() -> Tables:
    return Tables()
