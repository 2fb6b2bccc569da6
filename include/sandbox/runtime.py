"""A running sandbox: four listeners in front of one landscape."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox import storage, tls
from sandbox.composition import Composition, everything
from sandbox.control import Control
from sandbox.environment import Environment
from sandbox.landscape import Landscape
from sandbox.server import Listener

LOOPBACK = "127.0.0.1"
_SYSTEMS = ("entra", "finops", "dataverse")


@dataclass(frozen=True)
class Options:
    """How to start.

    :param port: first of four ports, 0 for free ones; :param scale: `tiny`, `small`, `medium`, `large` or a row count.
    :param tls_dir: folder of the certificates, None for a temporary one.
    :param state_dir: folder that keeps the world between starts, None to forget it.
    """

    host: str = LOOPBACK
    port: int = 8443
    seed: int = 7
    scale: str | int = "small"
    empty: bool = False
    tls_dir: Path | None = None
    state_dir: Path | None = None


class Sandbox:
    """Start, describe and stop a sandbox; usable as a context manager.

    :param composition: what it is made of, the complete sandbox by default.
    """

    def __init__(self, options: Options, composition: Composition | None = None) -> None:
        self._options = options
        self._temporary = tempfile.TemporaryDirectory() if options.tls_dir is None else None
        folder = Path(self._temporary.name) if self._temporary is not None else options.tls_dir
        assert folder is not None  # noqa: S101 - one of the two is set
        self.tls_dir = folder
        self._listeners: dict[str, Listener] = {}
        try:
            self.ca_file = tls.prepare(folder, options.host)
            self._listen(tls.server_context(folder))
        except OSError:
            self._close()
            raise
        self.urls = {name: listener.url for name, listener in self._listeners.items()}
        self.landscape = Landscape(Environment.create(self.urls), composition or everything())
        self.landscape.tokens.certificates.add((folder / tls.CLIENT_CERTIFICATE).read_bytes())

    def start(self) -> None:
        """Load the world, kept or generated, and answer requests.

        :raises ValueError: a scale that no world has, or a kept world that cannot be read; the ports are closed then.
        """
        landscape = self.landscape
        try:
            self._load()
        except ValueError:
            self._close()
            raise
        for name in _SYSTEMS:
            self._listeners[name].start(landscape.gateways[name].handle)
        self._listeners["control"].start(Control(landscape).handle)

    def stop(self) -> None:
        """Close the ports and keep the world if it is to be kept."""
        for listener in self._listeners.values():
            listener.stop()
        if self._options.state_dir is not None:
            storage.save(self.landscape, self._options.state_dir)
        self._close()

    def describe(self) -> dict[str, Any]:
        """Give addresses and files, as printed when the sandbox is ready."""
        return {
            "urls": self.urls,
            "ca_file": str(self.ca_file),
            "client_certificate": str(self.tls_dir / tls.CLIENT_CERTIFICATE),
            "client_key": str(self.tls_dir / tls.CLIENT_KEY),
        }

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _load(self) -> None:
        options = self._options
        if options.state_dir is None or not storage.restore(self.landscape, options.state_dir):
            self.landscape.reset(seed=options.seed, scale=options.scale, empty=options.empty)

    def _listen(self, context: ssl.SSLContext) -> None:
        """Open the ports; the control API is plain http and never leaves this machine."""
        options = self._options
        for offset, name in enumerate((*_SYSTEMS, "control")):
            host, settings = (LOOPBACK, None) if name == "control" else (options.host, context)
            self._listeners[name] = Listener(host, options.port + offset if options.port else 0, settings)

    def _close(self) -> None:
        """Give back ports and the temporary folder; a port may be closed already."""
        for listener in self._listeners.values():
            listener.stop()
        if self._temporary is not None:
            self._temporary.cleanup()
