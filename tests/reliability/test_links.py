"""Addresses that lead elsewhere, X1 to X3: neither a token nor a signature goes where it does not belong."""

from __future__ import annotations

import json
from itertools import cycle
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests import Request as Asked
from tests.reliability.elsewhere import Elsewhere
from tests.reliability.packages import open_site, run_by_package
from tests.reliability.trouble import assert_untouched, reads, run_stopped
from urllib3.util import parse_url

from fs_integration.clients.origin import Origin
from fs_integration.clients.settings import read_settings
from fs_integration.errors import AnswerTooLarge, ConnectionSetupError, ForeignLinkRefused, ServiceUnavailable
from sandbox.finops.packages.blobs import BlobStore
from sandbox.http import Request, Response

TWO_WAYS = ("warehouses", "inventory_adjustments")  # packages are downloaded for one area, uploaded for the other
MEBIBYTE = 1024 * 1024
PATH = "/data/Warehouses?page=2"
# What an answer may point to instead of its service; {own} and {other} are host and port of the service and of a
# server that would answer, {path} is where the rows are.
LINKS = {
    "other port": "https://{other}{path}",
    "other host": "https://localhost:{other_port}{path}",
    "no scheme": "//{other}{path}",
    "scheme in capitals": "HTTPS://{other}{path}",
    "without TLS": "http://{own}{path}",
    "file": "file:///etc/hostname",
    "the service as user": "https://{own}@{other}{path}",
    "the service as user and password": "https://{own}:443@{other}{path}",
    "user at the service": "https://user:word@{own}{path}",
    "digits of another alphabet": "https://\uff11\uff12\uff17.0.0.1:{own_port}{path}",
    "letter of another alphabet": "https://loc\u0430lhost:{own_port}{path}",
    "backslash before the host": "https://{own}\\@{other}{path}",
    "backslashes for slashes": "\\\\{other}{path}",
    "blank after the host": "https://{own} .{other}{path}",
    "port that is no number": "https://{own}.evil{path}",
    "out of the folder": "https://{own}/api/data/v9.2/../../..{path}",
    "out of the folder, encoded": "https://{own}/api/data/v9.2/%2e%2e/%2E%2E/x",
    "out of the folder, backslashes": "https://{own}/api/data/v9.2/..\\..\\x",
    "out of the folder, encoded backslash": "https://{own}/api/data/v9.2/..%5c..%5cx",
}


def elsewhere_by(link: str, own: str, other: str) -> str:
    """Return a link. :param own: address of the service; :param other: address of the server that sees."""
    places = {"own": urlsplit(own).netloc, "own_port": urlsplit(own).port,
              "other": urlsplit(other).netloc, "other_port": urlsplit(other).port}  # fmt: skip
    return link.format(path=PATH, **places)


@pytest.mark.fault("X1")
@pytest.mark.parametrize("area", ["warehouses", "accounts"], ids=["of Finance & Operations", "of Dataverse"])
@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_link_that_leads_elsewhere_is_refused(area, link, sites, sandbox, elsewhere, outcome):
    """As the next page and as a redirect: both would carry the token."""
    site, place = sites.make(area), reads(area)
    link = elsewhere_by(link, sandbox.urls[place["system"]], elsewhere.url)
    page = json.dumps({"value": [], "@odata.nextLink": link, "@odata.deltaLink": link})
    location = quote(link, safe="/:?=@%\\. ")
    for action, args in (("bad_json", {"body": page}), ("redirect", {"location": location})):
        site.heal()
        run_stopped(site, ForeignLinkRefused, "Nothing was sent there|is no address",
                    {**place, "action": action, "args": args, "times": None})  # fmt: skip
    assert elsewhere.seen == []
    assert_untouched(site)
    outcome("STOP")


@pytest.mark.fault("X1")
def test_the_body_of_a_redirect_is_bounded_like_any_other(sites, sandbox, outcome):
    site, place = sites.make("warehouses", page_bytes=MEBIBYTE), reads("warehouses")
    args = {"status": 302, "headers": {"Location": sandbox.urls["finops"]}, "body": " " * 2 * MEBIBYTE}
    run_stopped(site, AnswerTooLarge, "larger than", {**place, "action": "status", "args": args, "times": None})
    assert_untouched(site)
    outcome("STOP")


@pytest.mark.parametrize("root", ["https://contoso.dynamics.com", "https://contoso.dynamics.com:444/api/data/v9.2"])
@settings(max_examples=500, deadline=None)
@given(link=st.lists(st.sampled_from([
    "https:", "http:", "/", "//", "\\", "@", ":", ":444", "..", ".", "%2e", "%5c", "#", "?", "\t", "\n", " ", "[", "]",
    "contoso.dynamics.com", "api/data/v9.2", "evil.example", "user", "\u3002", "\uff0f",
]), max_size=9).map("".join))  # fmt: skip
def test_what_is_taken_for_our_own_is_asked_there(root, link):
    """The library that sends reads an address in its own way; both must mean the same host."""
    try:
        address = Origin(root).resolve(link)
    except ForeignLinkRefused:
        return
    sent = parse_url(str(Asked("GET", address).prepare().url))
    assert f"{sent.scheme}://{sent.netloc}".removesuffix(":443") == root.removesuffix("/api/data/v9.2")
    assert ".." not in str(sent.path).split("/")
    assert f"{sent.path}/".startswith(urlsplit(f"{root}/").path)


@pytest.mark.fault("X1")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_token_service_that_sends_us_elsewhere_gets_no_secret_there(status, sites, elsewhere, outcome):
    site = sites.make("warehouses")
    run_stopped(site, ServiceUnavailable, "token|sent us elsewhere",
                {"system": "entra", "action": "redirect", "times": None,
                 "args": {"status": status, "host": elsewhere.url}})  # fmt: skip
    assert elsewhere.seen == []
    assert_untouched(site)
    outcome("STOP")


@pytest.mark.fault("X1")
def test_a_secret_is_not_sent_to_the_address_that_an_answer_names(sites, sandbox, elsewhere, outcome):
    """Where tokens are given is said by an answer of the token service, before the secret is sent."""
    site = sites.make("warehouses")
    named = {"issuer": sandbox.urls["entra"], "authorization_endpoint": f"{elsewhere.url}/t/authorize",
             "token_endpoint": f"{elsewhere.url}/t/token"}  # fmt: skip
    run_stopped(site, ForeignLinkRefused, "gives tokens at.*Nothing was sent there",
                {"system": "entra", "method": "GET", "action": "bad_json", "times": None,
                 "args": {"body": json.dumps(named)}})  # fmt: skip
    assert elsewhere.seen == []
    assert_untouched(site)
    outcome("STOP")


class Storage:
    """The sandbox's storage at a host of its own, as the storage account of Finance & Operations is.

    :ivar at_services: what both services and the token service were asked, the storage not among them.
    """

    def __init__(self, site: Any, elsewhere: Elsewhere, patch: pytest.MonkeyPatch) -> None:
        self.at_services: list[Request] = []
        address, fetch, handle = BlobStore.address, BlobStore.fetch, site.landscape.faults.handle

        def moved(store: BlobStore, _: str, name: str, **more: Any) -> str:
            elsewhere.answer = store.answer
            return address(store, elsewhere.url, name, **more)

        def seen(system: str, request: Request, answer: Any) -> Response:
            self.at_services.append(request)
            return handle(system, request, answer)

        patch.setattr(BlobStore, "address", moved)
        patch.setattr(BlobStore, "fetch", lambda store, url, _: fetch(store, url, elsewhere.url))
        patch.setattr(site.landscape.faults, "handle", seen)


@pytest.mark.fault("X2")
@pytest.mark.parametrize("area", TWO_WAYS)
def test_token_and_signature_each_stay_where_they_belong(area, sites, elsewhere, monkeypatch, outcome):
    site, _ = open_site(area, sites)
    storage = Storage(site, elsewhere, monkeypatch)
    run_by_package(site)
    assert elsewhere.seen
    assert all("sig=" in request.query for request in elsewhere.seen)
    assert not any({"authorization", "cookie"} & request.headers.keys() for request in elsewhere.seen)
    assert not any("sig=" in f"{request.target()}{request.headers}" for request in storage.at_services)
    outcome("OK")


@pytest.mark.fault("X2")
def test_a_storage_account_that_redirects_to_the_service_does_not_bring_the_signature_there(
    sites, sandbox, elsewhere, monkeypatch, outcome
):
    site, _ = open_site("warehouses", sites)
    storage = Storage(site, elsewhere, monkeypatch)
    original = BlobStore.answer
    monkeypatch.setattr(BlobStore, "answer", lambda _, request: Response(
        307, headers={"Location": f"{sandbox.urls['finops']}{request.target()}"}))  # fmt: skip
    with pytest.raises(ForeignLinkRefused, match="Nothing was sent there"):
        run_by_package(site)
    assert elsewhere.seen
    assert not any("sig=" in request.target() for request in storage.at_services)
    monkeypatch.setattr(BlobStore, "answer", original)
    outcome("STOP")


PACKAGES = {
    "other host": "https://localhost:{other_port}/p.zip",
    "without TLS": "http://localhost:{other_port}/p.zip",
    "file": "file:///etc/hostname",
    "link-local": "https://169.254.169.254/metadata/instance",
    "inner": "https://10.0.0.1/p.zip",
    "storage as user": "https://contoso.blob.core.windows.net@{other}/p.zip",
    "storage as a part": "https://contoso.blob.core.windows.net.evil.example/p.zip",
    "storage as an end": "https://evilblob.core.windows.net/p.zip",
    "backslash": "https://evil.example\\.blob.core.windows.net/p.zip",
    "another alphabet": "https://contoso.blob.core.windows.ne\uff54/p.zip",
    "letter of another alphabet in the path": "https://{own}/\u0430.zip",
    "nothing": "p.zip",
}


@pytest.mark.fault("X2")
@pytest.mark.parametrize(("area", "address"), [*zip(cycle(TWO_WAYS), PACKAGES.values(), strict=False)], ids=PACKAGES)
def test_a_package_at_an_address_that_is_no_storage_is_left_alone(area, address, sites, sandbox, elsewhere, outcome):
    site, _ = open_site(area, sites)
    url = elsewhere_by(address, sandbox.urls["finops"], elsewhere.url)
    value = json.dumps({"BlobId": "{1}", "BlobUrl": url}) if area == "inventory_adjustments" else url
    place = {"system": "finops", "path_regex": "GetExportedPackageUrl|GetAzureWriteUrl", "times": None}
    site.faults({**place, "action": "bad_json", "args": {"body": json.dumps({"value": value})}})
    with pytest.raises(ForeignLinkRefused, match=r"no storage account.*Nothing was sent there"):
        run_by_package(site)
    assert elsewhere.seen == []
    assert_untouched(site)
    outcome("STOP")


HOSTS = {
    "without TLS": "http://contoso.operations.dynamics.com",
    "file": "file:///etc/hostname",
    "other scheme": "gopher://contoso.operations.dynamics.com",
    "link-local": "https://169.254.169.254",
    "link-local, as a number": "https://2852039166",
    "link-local, IPv6": "https://[fe80::1]",
    "loopback": "https://127.0.0.1:8443",
    "loopback, short": "https://127.1",
    "loopback, octal": "https://0177.0.0.1",
    "loopback, IPv6": "https://[::1]",
    "loopback, IPv4 in IPv6": "https://[::ffff:127.0.0.1]",
    "this machine": "https://localhost",
    "any address": "https://0.0.0.0",
    "inner": "https://10.1.2.3",
    "inner name": "https://intranet",
    "another company": "https://contoso.example",
    "Microsoft's name in front": "https://contoso.dynamics.com.evil.example",
    "Microsoft's name as an end": "https://evildynamics.com",
    "Microsoft's name as user": "https://contoso.dynamics.com@evil.example",
    "backslash": "https://evil.example\\.dynamics.com",
    "blank": "https://evil.example .dynamics.com",
    "line break": "https://evil.example\n.dynamics.com",
    "encoded slash": "https://evil.example%2f.dynamics.com",
    "letter of another alphabet": "https://contoso.dyn\u0430mics.com",
    "full stop of another alphabet": "https://evil.example\u3002dynamics.com",
    "port that is no number": "https://contoso.dynamics.com:x",
}


@pytest.mark.fault("X3")
@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("field", ["host", "authority_host"])
def test_a_connection_leads_only_to_hosts_that_are_allowed(field, host, outcome):
    """Nothing can have been sent: without settings there is no client."""
    places = {"host": "https://contoso.operations.dynamics.com", "authority_host": "https://login.microsoftonline.com"}
    places[field] = host.replace("dynamics.com", "login.microsoftonline.com") if field == "authority_host" else host
    with pytest.raises(
        ConnectionSetupError, match=r"(?s)`fo_production`.*(allowed_hosts|no https address|credentials)"
    ):
        read_settings("fo_production", host=places["host"], port=None, login="client", password="secret",
                      extra={"tenant_id": "t", "authority_host": places["authority_host"],
                             "allowed_hosts": "192.168.7.7, .contoso.internal"}, environment={})  # fmt: skip
    outcome("STOP")
