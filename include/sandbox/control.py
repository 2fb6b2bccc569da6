"""The control API: reset, look into, prepare and disturb the sandbox (docs/sandbox.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import msgspec

from sandbox.faults import Fault, UnknownFault
from sandbox.http import Request, Response
from sandbox.landscape import Landscape, UnknownEntitySet
from sandbox.limits import UnknownSetting
from sandbox.rows import MEDIA_TYPE, read_rows, write_rows


class BadControl(ValueError):
    """A control request that is wrong; the message says what was expected."""


class Control:
    """Answer the control API.

    :param landscape: the sandbox to control.
    """

    name = "control"

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self._routes: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "/health"): self._health,
            ("POST", "/reset"): self._reset,
            ("GET", "/stats"): lambda _: landscape.stats.describe(),
            ("POST", "/stats/reset"): self._reset_stats,
            ("GET", "/faults"): lambda _: landscape.faults.describe(),
            ("POST", "/faults"): self._add_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("GET", "/limits"): lambda _: landscape.environment.limits.describe(),
            ("POST", "/limits"): self._set_limits,
            ("GET", "/clock"): lambda _: self._clock(),
            ("POST", "/clock"): self._advance_clock,
            ("POST", "/scm/activity"): self._move_stock,
            ("POST", "/scm/post-integration-journals"): lambda _: landscape.post_journals(),
            ("POST", "/scm/post-sales-orders"): lambda _: landscape.post_orders(),
            ("POST", "/fieldservice/activity"): self._let_technicians_work,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request; whatever is wrong with it is said in `error`."""
        try:
            return self._answer(request)
        except UnknownEntitySet as error:
            return _json(404, {"error": str(error)})
        except (BadControl, UnknownFault, UnknownSetting, ValueError) as error:
            return _json(400, {"error": str(error)})

    def _answer(self, request: Request) -> Response:
        route = (request.method, request.path)
        if request.path.startswith("/state/"):
            return self._state(request)
        if route in self._routes:
            return _json(200, self._routes[route](_body(request)))
        methods = sorted(method for method, path in self._routes if path == request.path)
        if methods:
            return _json(405, {"error": f"{request.path} answers {', '.join(methods)} only."})
        known = sorted({path for _, path in self._routes} | {"/state/{system}/{entity_set}"})
        return _json(404, {"error": f"Nothing answers at {request.path}; there is {', '.join(known)}."})

    def _health(self, _: Any) -> dict[str, Any]:
        return {"status": "ok", "urls": self._landscape.environment.urls, **self._landscape.world}

    def _reset(self, body: Any) -> dict[str, Any]:
        values = {**self._landscape.world, "empty": False, **_members(body, {"seed", "scale", "empty"})}
        if not _is_number(values["seed"]) or not isinstance(values["scale"], (str, int)):
            raise BadControl("A reset takes a whole number as seed, and a name or a number of rows as scale.")
        self._landscape.reset(seed=values["seed"], scale=values["scale"], empty=bool(values["empty"]))
        return self._landscape.world

    def _state(self, request: Request) -> Response:
        system, _, entity_set = request.path.removeprefix("/state/").partition("/")
        entity_set = unquote(entity_set)
        if request.method == "GET":
            pieces = write_rows(self._landscape.dump(system, entity_set))
            return Response(200, headers={"Content-Type": MEDIA_TYPE}, stream=pieces)
        if request.method == "PUT":
            rows = read_rows(request.body)
            self._landscape.replace(system, entity_set, rows)
            return _json(200, {"rows": len(rows)})
        return _json(405, {"error": "State answers GET and PUT only."})

    def _add_faults(self, body: Any) -> list[dict[str, Any]]:
        """Take a list of faults, or a single one."""
        given = body if isinstance(body, list) else [body]
        self._landscape.faults.add([Fault.read(values) for values in given])
        return self._landscape.faults.describe()

    def _clear_faults(self, _: Any) -> list[dict[str, Any]]:
        self._landscape.faults.clear()
        return []

    def _reset_stats(self, _: Any) -> dict[str, Any]:
        self._landscape.stats.reset()
        return {}

    def _set_limits(self, body: Any) -> dict[str, Any]:
        self._landscape.environment.limits.update(_members(body, {"entra", "finops", "dataverse"}))
        return self._landscape.environment.limits.describe()

    def _clock(self) -> dict[str, Any]:
        return {"now": self._landscape.environment.clock.now().isoformat()}

    def _advance_clock(self, body: Any) -> dict[str, Any]:
        seconds = _members(body, {"advance_seconds"}).get("advance_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise BadControl("The clock needs a number as advance_seconds.")
        self._landscape.environment.clock.advance(seconds)
        return self._clock()

    def _move_stock(self, body: Any) -> dict[str, Any]:
        return self._landscape.move_stock(*_count_and_seed(body, count=25))

    def _let_technicians_work(self, body: Any) -> dict[str, Any]:
        return self._landscape.let_technicians_work(*_count_and_seed(body, count=100))


def _body(request: Request) -> Any:
    if not request.body:
        return {}
    try:
        return msgspec.json.decode(request.body)
    except msgspec.DecodeError as error:
        raise BadControl(f"The body is no JSON: {error}") from error


def _members(body: Any, allowed: set[str]) -> dict[str, Any]:
    """Give the members of an object after a look at their names."""
    if not isinstance(body, dict):
        raise BadControl(f"The body must be an object with {', '.join(sorted(allowed))}.")
    unknown = sorted(body.keys() - allowed)
    if unknown:
        raise BadControl(f"There is no member '{unknown[0]}'; there is {', '.join(sorted(allowed))}.")
    return body


def _count_and_seed(body: Any, *, count: int) -> tuple[int, int]:
    """Read how much activity is asked for."""
    values = {"count": count, "seed": 1, **_members(body, {"count", "seed"})}
    if not _is_number(values["count"]) or not _is_number(values["seed"]) or values["count"] < 0:
        raise BadControl("Activity takes whole numbers as count and seed.")
    return values["count"], values["seed"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _json(status: int, payload: Any) -> Response:
    return Response(status, msgspec.json.encode(payload), {"Content-Type": "application/json"})
