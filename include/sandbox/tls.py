"""A certificate authority, a server certificate and a client certificate, made once per folder."""

from __future__ import annotations

import ipaddress
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_FILE = "ca.pem"
SERVER_CERTIFICATE, SERVER_KEY = "server.pem", "server.key"
CLIENT_CERTIFICATE, CLIENT_KEY = "client.pem", "client.key"
_FILES = (CA_FILE, SERVER_CERTIFICATE, SERVER_KEY, CLIENT_CERTIFICATE, CLIENT_KEY)
_LIFETIME = timedelta(days=365)
_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def prepare(folder: Path, host: str) -> Path:
    """Make the certificates unless the folder holds valid ones, and give the file of the authority to trust.

    :param host: address the server listens on; the server certificate names it beside localhost and 127.0.0.1.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not _usable(folder, host):
        _make(folder, host)
    return folder / CA_FILE


def server_context(folder: Path) -> ssl.SSLContext:
    """Give the TLS settings of the listeners."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / SERVER_CERTIFICATE, folder / SERVER_KEY)
    return context


def _usable(folder: Path, host: str) -> bool:
    """Tell whether all files are there, valid for another week, and made for this host."""
    if not all((folder / name).is_file() for name in _FILES):
        return False
    certificate = x509.load_pem_x509_certificate((folder / SERVER_CERTIFICATE).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=7) and _name(host) in names


def _make(folder: Path, host: str) -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _subject("Sandbox certificate authority")
    ca = _builder(ca_name, ca_name, ca_key, ca_key)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = ca.add_extension(_usage(signs_certificates=True), critical=True)
    _write(folder / CA_FILE, _pem(ca.sign(ca_key, hashes.SHA256())))

    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _builder(_subject("Sandbox server"), ca_name, server_key, ca_key)
    server = server.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    server = server.add_extension(_usage(signs_certificates=False), critical=True)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    names = dict.fromkeys([x509.DNSName("localhost"), _name("127.0.0.1"), _name(host)])
    server = server.add_extension(x509.SubjectAlternativeName(names), critical=False)
    _write(folder / SERVER_CERTIFICATE, _pem(server.sign(ca_key, hashes.SHA256())))
    _write(folder / SERVER_KEY, _private(server_key))
    _make_client(folder)


def _make_client(folder: Path) -> None:
    """Make the self-signed certificate with which the ready client may sign in; msal signs with RSA keys only."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = _subject("Sandbox client")
    certificate = _builder(name, name, key, key).sign(key, hashes.SHA256())
    _write(folder / CLIENT_CERTIFICATE, _pem(certificate))
    _write(folder / CLIENT_KEY, _private(key))


def _builder(subject: x509.Name, issuer: x509.Name, key: _Key, issuer_key: _Key) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that only the owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
