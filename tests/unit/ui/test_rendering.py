"""How values look on a page."""

from __future__ import annotations

import pytest

from fs_integration.frames import NULL_TEXT, readable_key


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        pytest.param("A/1", "A/1", id="a key of one part is itself"),
        pytest.param("Q0003||||||1|11", "Q0003 · 1 · 11", id="unused dimensions are left out"),
        pytest.param(f"M1|{NULL_TEXT}|2", "M1 · 2", id="so are missing parts"),
        pytest.param("||", "(blank)", id="a key of nothing says so"),
    ],
)
def test_a_key_is_shown_for_people(key: str, shown: str) -> None:
    assert readable_key(key) == shown
