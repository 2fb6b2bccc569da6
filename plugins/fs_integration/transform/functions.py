"""Named functions a mapping may call with ``fn``: the closed list for what the other words of a field rule cannot say.

A function takes source columns as Arrow arrays (text trimmed, empty text null) and returns a column of the same length.
``explain`` prints its docstring to consultants.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.frames import as_text


def first_given(*columns: pa.Array) -> pa.Array:
    """Take the first of the columns that has a value."""
    return pc.coalesce(*[as_text(column) for column in columns])


FUNCTIONS: dict[str, Callable[..., pa.Array]] = {function.__name__: function for function in (first_given,)}
