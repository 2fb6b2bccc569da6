"""A running sandbox as tests see it: addresses, tokens, requests, control."""

from __future__ import annotations

import json
from typing import Any

import requests

from sandbox.entra import CLIENT_ID, CLIENT_SECRET, TENANT_ID
from sandbox.runtime import Sandbox

TIMEOUT_SECONDS = 30


class SandboxClient:
    """Talk to an in-process sandbox over its real ports.

    :param sandbox: a started sandbox; tests may look into `sandbox.landscape`.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.urls = sandbox.urls
        self.ca_file = str(sandbox.ca_file)
        self.tenant_id = TENANT_ID
        self.client_id = CLIENT_ID
        self.client_secret = CLIENT_SECRET
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.ca_file
        self._tokens: dict[str, str] = {}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API and give its JSON; newline-delimited rows come as a list."""
        answer = self.control_response(method, path, body)
        answer.raise_for_status()
        if answer.headers["Content-Type"] == "application/x-ndjson":
            return [json.loads(line) for line in answer.text.splitlines()]
        return answer.json()

    def control_response(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Call the control API and give the raw answer."""
        url = self.urls["control"] + path
        return self.session.request(method, url, json=body, timeout=TIMEOUT_SECONDS)

    def state(self, system: str, entity_set: str) -> list[dict[str, Any]]:
        """Give every row of an entity set."""
        rows: list[dict[str, Any]] = self.control("GET", f"/state/{system}/{entity_set}")
        return rows

    def put_state(self, system: str, entity_set: str, rows: list[dict[str, Any]]) -> None:
        """Replace the rows of an entity set."""
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        url = f"{self.urls['control']}/state/{system}/{entity_set}"
        self.session.put(url, data=lines.encode(), timeout=TIMEOUT_SECONDS).raise_for_status()

    def reset(self, *, seed: int = 7, scale: str | int = "tiny", empty: bool = False) -> None:
        """Begin with a new world, default limits, no faults and no counts."""
        self.control("POST", "/reset", {"seed": seed, "scale": scale, "empty": empty})

    def token(self, system: str) -> str:
        """Give a token for `finops` or `dataverse`, the same one until `forget_tokens`."""
        if system not in self._tokens:
            answer = self.ask_token({"scope": f"{self.urls[system]}/.default"})
            answer.raise_for_status()
            self._tokens[system] = answer.json()["access_token"]
        return self._tokens[system]

    def forget_tokens(self) -> None:
        """Ask for new tokens from now on."""
        self._tokens.clear()

    def ask_token(self, fields: dict[str, str], *, tenant: str = TENANT_ID) -> requests.Response:
        """Ask for a token as the ready client; a field given replaces the usual one, an empty one removes it."""
        usual = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        form = {name: value for name, value in {**usual, **fields}.items() if value}
        url = f"{self.urls['entra']}/{tenant}/oauth2/v2.0/token"
        return self.session.post(url, data=form, timeout=TIMEOUT_SECONDS)

    def request(self, method: str, system: str, path: str, **arguments: Any) -> requests.Response:
        """Send an authorised request; `headers` are added to the authorisation."""
        headers = {"Authorization": f"Bearer {self.token(system)}", **arguments.pop("headers", {})}
        url = self.urls[system] + path
        return self.session.request(method, url, headers=headers, timeout=TIMEOUT_SECONDS, **arguments)

    def get(self, system: str, path: str, **arguments: Any) -> requests.Response:
        """Send an authorised GET."""
        return self.request("GET", system, path, **arguments)

    def close(self) -> None:
        """Close the connections."""
        self.session.close()
