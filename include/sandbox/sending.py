"""Put an answer on a connection: whole, in pieces, or in one of the bad ways that faults ask for."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from http import HTTPStatus

from sandbox.http import Response

_NO_BODY = frozenset({204, 304})
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def send(connection: socket.socket, response: Response, method: str, *, keep_alive: bool) -> bool:
    """Send an answer and tell whether the connection stays open.

    :raises OSError: the client went away.
    """
    head = _head(response, keep_alive=keep_alive)
    body = b"" if method == "HEAD" or response.status in _NO_BODY else response.body
    if response.stream is not None:
        _send_stream(connection, head, response.stream)
    elif response.pause_seconds is not None:
        _drip(connection, head, body, response.pause_seconds)
    elif response.cut_at is not None:
        connection.sendall(head + body[: response.cut_at])
    else:
        connection.sendall(head + body)
    if response.cut_at is None and response.announced is None:
        return keep_alive
    shut(connection)
    return False


def shut(connection: socket.socket) -> None:
    """Break a connection, also one that another thread is reading from."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # It is closed already.


def _head(response: Response, *, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.stream is not None:
        lines.append("Transfer-Encoding: chunked")
    elif response.status not in _NO_BODY:
        length = len(response.body) if response.announced is None else response.announced
        lines.append(f"Content-Length: {length}")
    if not keep_alive:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _send_stream(connection: socket.socket, head: bytes, pieces: Iterable[bytes]) -> None:
    connection.sendall(head)
    for piece in filter(None, pieces):
        connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    connection.sendall(b"0\r\n\r\n")


def _drip(connection: socket.socket, head: bytes, body: bytes, seconds: float) -> None:
    """Send a body byte by byte; a client that gives up ends it."""
    connection.sendall(head)
    for place in range(len(body)):
        connection.sendall(body[place : place + 1])
        time.sleep(seconds)
