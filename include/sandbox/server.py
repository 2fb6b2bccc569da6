"""The HTTP listener: one thread per connection, TLS, keep-alive, pipelining in order.

A connection is served by reading what is there, letting httptools find the requests in it, and answering each with one
write. That is several times faster than the standard library's server and does not hold back a client with many
connections.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import httptools

from sandbox.http import ConnectionDropped, Request, Response
from sandbox.sending import send, shut

Handle = Callable[[Request], Response]
_READ_SIZE = 262_144
_HANDSHAKE_SECONDS = 10.0
_IDLE_SECONDS = 600.0
_BACKLOG = 256
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Listener:
    """Listen on one port and answer what comes.

    :param context: TLS settings, None for plain http; :param port: 0 takes a free one.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._socket = socket.create_server((host, port), backlog=_BACKLOG)
        self.port: int = self._socket.getsockname()[1]
        named = "127.0.0.1" if host in ("0.0.0.0", "") else host
        self.url = f"{'https' if context else 'http'}://{named}:{self.port}"
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closing = False
        self._threads: set[threading.Thread] = set()

    def start(self, handle: Handle) -> None:
        """Begin to answer in background threads."""
        self._spawn(self._accept, handle)

    def stop(self) -> None:
        """Close the port and every connection, and wait until their threads have ended."""
        self._closing = True
        shut(self._socket)
        self._socket.close()
        with self._lock:
            connections, threads = list(self._open), list(self._threads)
        for connection in connections:
            shut(connection)
        for thread in threads:
            thread.join(timeout=5)

    def _spawn(self, target: Callable[..., None], *arguments: Any) -> None:
        def run() -> None:
            try:
                target(*arguments)
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=f"sandbox-{self.port}", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _accept(self, handle: Handle) -> None:
        while not self._closing:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._spawn(self._serve, connection, handle)

    def _serve(self, plain: socket.socket, handle: Handle) -> None:
        connection = plain
        try:
            plain.settimeout(_HANDSHAKE_SECONDS)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                connection = self._context.wrap_socket(plain, server_side=True)
            connection.settimeout(_IDLE_SECONDS)
            with self._lock:
                self._open.add(connection)
            if not self._closing:
                _Conversation(connection, handle, self.url).run()
        except (OSError, ValueError):
            # The client went away or does not trust the certificate, or `stop` closed the connection (TLS reports that
            # as a ValueError): there is nobody left to tell.
            return
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


class _Conversation:
    """The requests of one connection, one after the other; the methods `on_...` are httptools' callbacks."""

    def __init__(self, connection: socket.socket, handle: Handle, base_url: str) -> None:
        self._connection = connection
        self._handle = handle
        self._base_url = base_url
        self._parser = httptools.HttpRequestParser(self)
        self._ready: list[tuple[Request, bool]] = []
        self._begin()

    def run(self) -> None:
        """Answer until one side closes the connection."""
        while True:
            data = self._connection.recv(_READ_SIZE)
            if not data:
                return
            try:
                self._parser.feed_data(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade):
                send(self._connection, Response(400, b"Bad Request"), "GET", keep_alive=False)
                return
            while self._ready:
                request, keep_alive = self._ready.pop(0)
                if not self._answer(request, keep_alive=keep_alive):
                    return

    def on_url(self, url: bytes) -> None:
        """Collect the request target, which may come in pieces."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Invite the body of a client that waits for the invitation."""
        if self._headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Collect the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Queue the request."""
        path, _, query = self._url.decode("ascii").partition("?")
        method = self._parser.get_method().decode("ascii")
        request = Request(method, path, query, self._headers, b"".join(self._body), self._base_url)
        self._ready.append((request, self._parser.should_keep_alive()))
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def _answer(self, request: Request, *, keep_alive: bool) -> bool:
        """Answer one request and tell whether the connection stays open."""
        try:
            response = self._handle(request)
        except ConnectionDropped:
            shut(self._connection)
            return False
        except Exception:
            traceback.print_exc(file=sys.stderr)
            response = Response(500, b'{"error":{"code":"sandbox","message":"The sandbox failed; see its log."}}')
        return send(self._connection, response, request.method, keep_alive=keep_alive)
