"""Great Expectations as a library: imported once per process, quietly, and without what it loads but we never use.

Its import would load statistics, chart and JSON schema libraries for one expectation each, and a cloud storage client
for data sources we do not have. Together they take as long as everything else in it.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any

LATE = ("scipy.stats", "altair", "jsonschema")  # loaded when something in them is used
ABSENT = ("azure.identity", "azure.keyvault", "azure.storage")  # optional for it: it goes on without them
CHATTY = ("great_expectations", "great_expectations.data_context.types.base")  # loggers that fill the task log


@functools.cache
def imported() -> ModuleType:
    """Return Great Expectations with its telemetry off, and without its hash over every frame, which nobody reads."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    with warnings.catch_warnings(), _without_garbage_collection(), _sparing():
        warnings.simplefilter("ignore")  # it imports modules that Python has deprecated
        import great_expectations
        from great_expectations.execution_engine import pandas_execution_engine
        from great_expectations.expectations import expectation

    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    pandas_execution_engine.HASH_THRESHOLD = 0  # bytes; the hash would take as long as the checks
    expectation.camel_to_snake = functools.cache(expectation.camel_to_snake)  # asked for the same few names
    _configure_once(expectation.Expectation)
    module: ModuleType = great_expectations
    return module


class _Configured(threading.local):
    """The expectation that is looking up its arguments, and its configuration meanwhile."""

    expectation: Any = None
    configuration: Any = None


def _configure_once(family: Any) -> None:
    """Let an expectation that collects its arguments make its configuration once, not once for each of them.

    That was a third of the time of a validation of few rows.
    """
    current, make, collect = _Configured(), family.configuration.fget, family._get_runtime_kwargs

    def configuration(self: Any) -> Any:
        return current.configuration if current.expectation is self else make(self)

    def runtime_kwargs(self: Any, runtime_configuration: dict[str, Any] | None = None) -> dict[str, Any]:
        current.expectation, current.configuration = self, make(self)
        try:
            collected: dict[str, Any] = collect(self, runtime_configuration)
        finally:
            current.expectation = current.configuration = None
        return collected

    family.configuration, family._get_runtime_kwargs = property(configuration), runtime_kwargs


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Keep the collector from the hundred thousands of objects an import makes, which all stay, now and later.

    Walking through them during the import and again with each full collection took a seventh of a run's time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


class _SparingFinder(MetaPathFinder):
    """Finds ``LATE`` modules so that they load on first use, and no ``ABSENT`` ones; for one thread's imports only."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if threading.get_ident() != self._thread:
            return None
        if fullname in ABSENT:
            raise ModuleNotFoundError(f"`{fullname}` is left out while Great Expectations is imported.", name=fullname)
        spec = PathFinder.find_spec(fullname, path, target) if fullname in LATE else None
        if spec is not None and isinstance(spec.loader, Loader):
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def _sparing() -> Iterator[None]:
    finder = _SparingFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
