"""`python -m sandbox serve`: run the sandbox until it is told to stop (docs/sandbox.md)."""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
import threading
from pathlib import Path

from sandbox.runtime import Options, Sandbox


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and give the exit status."""
    values = vars(_parser().parse_args(arguments))
    values.pop("command")
    try:
        sandbox = Sandbox(Options(**values))
        sandbox.start()
    except (OSError, ValueError) as error:
        print(f"The sandbox did not start: {error}", file=sys.stderr)
        return 2
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    gc.freeze()  # The world stays; the collector need not look through millions of values again and again.
    print(json.dumps(sandbox.describe()), flush=True)
    stopped.wait()
    sandbox.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sandbox", description="Emulate Finance & Operations, Dataverse and Entra ID."
    )
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="serve until stopped")
    serve.add_argument("--host", default="127.0.0.1", help="address of the three https listeners")
    serve.add_argument("--port", type=int, default=8443, help="first of four ports, 0 for free ones")
    serve.add_argument("--seed", type=int, default=7, help="the same seed gives the same world")
    serve.add_argument("--scale", default="small", help="tiny, small, medium, large or a number of on-hand rows")
    serve.add_argument("--empty", action="store_true", help="start without business data")
    serve.add_argument("--tls-dir", type=Path, help="folder for ca.pem and the certificates")
    serve.add_argument("--state", type=Path, dest="state_dir", help="folder that keeps the world between starts")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
