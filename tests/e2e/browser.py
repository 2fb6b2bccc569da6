"""A headless Chromium, spoken to over its DevTools protocol."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect


class Page:
    """One tab. ``complaints`` collects what the console reported as an error."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.complaints: list[str] = []

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == number:
                return dict(message.get("result", {}))
            self._listen(message)

    def _listen(self, message: dict[str, Any]) -> None:
        entry = message.get("params", {}).get("entry", {})
        if message.get("method") == "Log.entryAdded" and entry.get("level") == "error":
            self.complaints.append(entry["text"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"]["text"])

    def open(self, url: str, *, until: str, seconds: float = 30) -> str:
        """Go to an address and wait until its text contains ``until``; return the text, frames included."""
        self.send("Page.navigate", url=url)
        deadline = time.monotonic() + seconds
        text = ""
        while time.monotonic() < deadline:
            text = self.text()
            if until in text:
                return text
            time.sleep(0.3)
        raise AssertionError(f"{url} never showed `{until}`; it shows: {text[:2000]}")

    def text(self) -> str:
        script = (
            "document.body.innerText + [...document.querySelectorAll('iframe')]"
            ".map(f => f.contentDocument && f.contentDocument.body ? f.contentDocument.body.innerText : '').join('')"
        )
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        return str(result.get("result", {}).get("value", ""))

    def cookie(self, url: str, name: str, value: str) -> None:
        self.send("Network.setCookie", url=url, name=name, value=value)

    def size(self, width: int, height: int) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def overflows(self) -> bool:
        """Tell whether the page is wider than the window."""
        result = self.send("Runtime.evaluate", returnByValue=True,
                           expression="document.documentElement.scrollWidth > window.innerWidth")  # fmt: skip
        return bool(result["result"]["value"])

    def screenshot(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def browser(program: str, folder: Path) -> Iterator[Page]:
    """Start Chromium with a profile of its own and yield its first tab."""
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
               "--disable-dev-shm-usage", f"--user-data-dir={folder}", "about:blank"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_address(folder), max_size=None) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log", "Network"):
                page.send(f"{domain}.enable")
            yield page
    finally:
        process.terminate()
        process.wait(timeout=20)


def _address(folder: Path) -> str:
    ready = folder / "DevToolsActivePort"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if ready.exists() and ready.read_text(encoding="utf-8").strip():
            port = ready.read_text(encoding="utf-8").splitlines()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                tabs = json.loads(answer.read())
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.2)
    raise AssertionError("Chromium did not start")
