"""The tenant of a token, where the token can be read."""

from __future__ import annotations

import jwt
import pytest

from fs_integration.clients.tenant import tenant_of

KEY = "0123456789abcdef" * 4


def test_the_tenant_stands_in_the_token() -> None:
    assert tenant_of(jwt.encode({"tid": "AB-12"}, KEY, algorithm="HS256")) == "ab-12"


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b", "a.!!!.c", "a.b.c.d.e", "a.W10.c", "a.e30.c", jwt.encode({"tid": None}, KEY)]
)
def test_a_token_that_cannot_be_read_has_none(token: str) -> None:
    assert tenant_of(token) == ""
