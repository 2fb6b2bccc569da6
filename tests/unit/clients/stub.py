"""A scripted HTTPS service in this process, a clock that never waits, and tokens that cost nothing."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from fs_integration.clients.patience import Time


@dataclass(frozen=True)
class Reply:
    """What the service answers. :param cut: bytes of the body really sent before the connection is closed."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"
    cut: int | None = None


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def reply(value: Any = None, status: int = 200, **headers: str) -> Reply:
    """Answer JSON; header names are given with ``_`` for ``-``."""
    body = b"" if value is None else json.dumps(value).encode()
    return Reply(status, body, {name.replace("_", "-"): text for name, text in headers.items()})


@dataclass
class Service:
    """The scripted service: answers from ``script`` one after the other, or whatever ``answer`` says."""

    url: str = ""
    ca_file: str = ""
    script: list[Reply] = field(default_factory=list)
    answer: Callable[[Seen], Reply] | None = None
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, request: Seen) -> Reply:
        with self.lock:
            self.seen.append(request)
            if self.answer is None:
                return self.script.pop(0)
        return self.answer(request)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece; apart, each answer waits for the other side to confirm the head
    service: Service

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.service.handle(Seen(self.command, self.path, headers, body))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut])
        if answer.cut is not None:
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = _serve

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


def certificate(folder: Path, passphrase: str = "") -> tuple[Path, Path]:
    """Make a certificate for this machine; it is its own authority. :returns: files of certificate and key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file, key_file = folder / "ca.pem", folder / "key.pem"
    ca_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    protection = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection))
    return ca_file, key_file


def running(ca_file: Path | None, key_file: Path | None) -> Iterator[Service]:
    """Serve until the test is over; without a certificate over plain HTTP."""
    service = Service(ca_file=str(ca_file or ""))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"service": service}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that cut the line are part of the tests
    if ca_file:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca_file, key_file)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    service.url = f"{'https' if ca_file else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class FakeTime:
    """Time that passes only when someone sleeps."""

    moment: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds

    def clock(self) -> Time:
        return Time(now=lambda: self.moment, sleep=self.sleep, jitter=lambda: 0.0)


@dataclass
class FakeTokens:
    """Tokens ``token-1``, ``token-2``, ...: a new one each time the last was forgotten."""

    number: int = 1

    def token(self) -> str:
        return f"token-{self.number}"

    def forget(self, token: str) -> None:
        if token == self.token():
            self.number += 1
