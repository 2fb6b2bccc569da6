"""The listener speaks HTTP/1.1 over TLS: keep-alive, pipelining, chunks, refusals."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httptools
import pytest
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import PATHS

from sandbox.http import Request, Response
from sandbox.server import Listener


@contextmanager
def connected(core: SandboxClient, system: str = "dataverse") -> Iterator[socket.socket]:
    """Open one TLS connection to a system."""
    port = int(core.urls[system].rpartition(":")[2])
    context = ssl.create_default_context(cafile=core.ca_file)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        yield connection


class Reader:
    """Collect the responses that arrive on a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._parser = httptools.HttpResponseParser(self)
        self._done: list[tuple[int, bytes]] = []
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._done.append((self._parser.get_status_code(), self._body))
        self._body = b""

    def read(self, count: int) -> list[tuple[int, bytes]]:
        """Give so many responses as status and body."""
        while len(self._done) < count:
            data = self._connection.recv(65_536)
            assert data, f"the connection closed after {len(self._done)} of {count} responses"
            self._parser.feed_data(data)
        return self._done


def head(core: SandboxClient, method: str = "GET", path: str = PATHS["dataverse"], *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {core.token('dataverse')}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_connection_serves_many_requests(core: SandboxClient) -> None:
    with connected(core) as connection:
        reader = Reader(connection)
        for number in range(1, 6):
            connection.sendall(head(core))
            assert reader.read(number)[-1][0] == 200


def test_pipelined_requests_are_answered_in_order(core: SandboxClient) -> None:
    with connected(core) as connection:
        connection.sendall(head(core) + head(core, path="/nothing/broken") + head(core))
        assert [status for status, _ in Reader(connection).read(3)] == [200, 500, 200]


def test_a_chunked_request_body_arrives_whole(core: SandboxClient) -> None:
    with connected(core) as connection:
        connection.sendall(head(core, "POST", PATHS["dataverse"], "Transfer-Encoding: chunked"))
        connection.sendall(b'5\r\n{"id"\r\n4\r\n: 1}\r\n0\r\n\r\n')
        assert Reader(connection).read(1)[0][0] == 204
    assert core.state("dataverse", "things")[-1] == {"id": 1}


def test_a_client_that_waits_for_the_invitation_is_invited(core: SandboxClient) -> None:
    with connected(core) as connection:
        connection.sendall(head(core, "POST", PATHS["dataverse"], "Content-Length: 9", "Expect: 100-continue"))
        assert connection.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"id": 2}')
        assert Reader(connection).read(1)[0][0] == 204


def test_a_request_in_single_bytes_is_understood(core: SandboxClient) -> None:
    with connected(core) as connection:
        for byte in head(core):
            connection.sendall(bytes([byte]))
        assert Reader(connection).read(1)[0][0] == 200


def test_the_connection_closes_when_the_client_asks_for_it(core: SandboxClient) -> None:
    with connected(core) as connection:
        connection.sendall(head(core, "GET", PATHS["dataverse"], "Connection: close"))
        content = b""
        while data := connection.recv(65_536):
            content += data
    assert content.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in content


def test_what_is_no_http_gets_400_and_the_end(core: SandboxClient) -> None:
    with connected(core) as connection:
        connection.sendall(b"no http at all\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 400 ")
        assert connection.recv(1_000) == b""


def test_a_defect_of_the_emulator_is_a_500_and_not_a_hang(
    core: SandboxClient, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = core.get("dataverse", "/api/data/v9.2/broken")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "sandbox")
    assert "a defect of the emulator" in capfd.readouterr().err


def test_the_row_count_for_the_sandbox_does_not_reach_the_client(core: SandboxClient) -> None:
    assert "x-sandbox-rows" not in core.get("dataverse", PATHS["dataverse"]).headers


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_certificate_holds_for_both_names_of_this_machine(core: SandboxClient, host: str) -> None:
    port = core.urls["dataverse"].rpartition(":")[2]
    assert core.session.get(f"https://{host}:{port}/", timeout=10).status_code == 401


def test_many_connections_are_served_at_the_same_time() -> None:
    everyone = threading.Barrier(8, timeout=10)

    def meet(_: Request) -> Response:
        everyone.wait()
        return Response(200)

    answers: list[Any] = []
    listener = Listener("127.0.0.1", 0)
    listener.start(meet)
    try:
        threads = [threading.Thread(target=lambda: answers.append(_status(listener.port))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        listener.stop()
    assert answers == [200] * 8


def test_a_stopped_listener_closes_idle_connections_and_its_port() -> None:
    listener = Listener("127.0.0.1", 0)
    listener.start(lambda _: Response(200))
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert Reader(connection).read(1) == [(200, b"")]
        listener.stop()
        assert connection.recv(1_000) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", listener.port), timeout=10)


def _status(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return Reader(connection).read(1)[0][0]
