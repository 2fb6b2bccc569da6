"""The refusals of Finance & Operations: one exception, one constructor per documented situation.

Status and text patterns follow docs and field reports; the useful text is in `innererror.message`, code and outer
message are always the same. Statuses that no source gives are the ones most clients expect [inferred].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.finops.schema import Entity

ODATA = "Microsoft.OData.ODataException"
INVALID = "System.InvalidOperationException"
_GENERIC = "An error has occurred."
_STACK = "   at Microsoft.Dynamics.Platform.Integration.Services.OData.ODataController"


class FinanceError(Exception):
    """A request that the system refuses.

    :param status: HTTP status; :param message: text of the inner error; :param kind: its .NET type.
    """

    def __init__(self, status: int, message: str, kind: str = ODATA) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind

    def body(self) -> dict[str, Any] | None:
        """Give the JSON body, None for an empty one."""
        inner = {"message": self.message, "type": self.kind, "stacktrace": _STACK}
        return {"error": {"code": "", "message": _GENERIC, "innererror": inner}}


class RoutingError(FinanceError):
    """A refusal by the routing in front of the service: another shape, without an error object."""

    def body(self) -> dict[str, Any] | None:
        """Give the shape of the Web API framework."""
        return {"Message": self.message}


class EmptyError(FinanceError):
    """A refusal with nothing in its body: missing token, missing row."""

    def body(self) -> dict[str, Any] | None:
        """Give nothing."""
        return None


def bad_request(message: str) -> FinanceError:
    """Refuse a request that is wrong in itself: query option, literal, key, payload."""
    return FinanceError(400, message)


def not_emulated(feature: str) -> FinanceError:
    """Say openly that the real system has this and the sandbox has not."""
    return FinanceError(501, f"The sandbox does not emulate {feature}.", "System.NotImplementedException")


def no_resource(url: str) -> FinanceError:
    """Refuse an address that nothing answers, unknown entity sets included."""
    return RoutingError(404, f"No HTTP resource was found that matches the request URI '{url}'.")


def method_not_allowed(method: str) -> FinanceError:
    """Refuse a verb that the addressed resource does not have."""
    return RoutingError(405, f"The requested resource does not support http method '{method}'.")


def unauthorized(reason: str) -> FinanceError:
    """Refuse a missing, expired or foreign token, and a client id that is not registered."""
    return EmptyError(401, reason)


def forbidden(entity: Entity) -> FinanceError:
    """Refuse an operation that the roles of the application's user do not allow."""
    text = f"Access is denied to the data entity '{entity.name}'."
    return FinanceError(403, text, "System.UnauthorizedAccessException")


def missing_row() -> FinanceError:
    """Answer a keyed read of a row that does not exist in the companies in scope."""
    return EmptyError(404, "No row has this key.")


def missing_for_update(status: int) -> FinanceError:
    """Answer an update or deletion of a row that does not exist in the companies in scope."""
    return FinanceError(status, "No resources were found when selecting for update.", INVALID)


def write_failed(entity: Entity, *parts: str) -> FinanceError:
    """Refuse a write by business rules.

    :param parts: infolog entries with their level, for example `Error: Update has been canceled.`
    """
    infolog = "; ".join(parts)
    return FinanceError(400, f"Write failed for table row of type '{entity.target}'. Infolog: {infolog}.", INVALID)


def field_invalid(entity: Entity, name: str, text: str) -> FinanceError:
    """Refuse the value of one field."""
    return write_failed(entity, f"Warning: {text}", f"Error: validateField failed on field '{entity.target}.{name}'.")


def field_empty(entity: Entity, name: str) -> FinanceError:
    """Refuse a row whose mandatory field is empty."""
    table = entity.backing[0]
    return write_failed(
        entity,
        f"Warning: Field '{name}' must be filled in.",
        f"Error: validateWrite failed on data source '{table} ({table})'.",
    )


def duplicate(entity: Entity, key: Mapping[str, Any]) -> FinanceError:
    """Refuse a second row with the same key."""
    table, label = entity.backing
    values = ". ".join(f"{name}: {value}" for name, value in key.items())
    text = f"Error: Cannot create a record in {label} ({table}). {values}. The record already exists."
    return write_failed(entity, text)


def update_conflict(entity: Entity) -> FinanceError:
    """Lose against another process; a repeated attempt may succeed."""
    table, label = entity.backing
    return write_failed(
        entity,
        f"Error: Cannot edit a record in {label} ({table}). An update conflict occurred due to another user process "
        "deleting the record or changing one or more fields in the record.",
    )


def has_dependents(entity: Entity, dependent: Entity) -> FinanceError:
    """Refuse to delete a row that others refer to."""
    return FinanceError(
        400, f"{entity.backing[1]} cannot be deleted while dependent {dependent.backing[1]} exist.", INVALID
    )


def read_only(entity: Entity) -> FinanceError:
    """Refuse a write to an entity that only reads."""
    return FinanceError(400, f"The data entity '{entity.name}' is read-only; its rows cannot be written.", INVALID)


def version_mismatch() -> FinanceError:
    """Answer an If-Match whose ETag is not the current one."""
    return FinanceError(412, "The precondition of the If-Match header is not fulfilled.", INVALID)


def action_failed(action: str, entity: str, text: str) -> FinanceError:
    """Report an exception inside an action."""
    message = f"Exception occurred while executing action {action} on Entity {entity}: {text}"
    return FinanceError(500, message, "Microsoft.Dynamics.Ax.Xpp.ErrorException")


def unknown_property(entity: Entity, name: str) -> FinanceError:
    """Refuse a property name that the entity type does not have, in a query option."""
    return bad_request(f"Could not find a property named '{name}' on type '{entity.type_name}'.")


def wrong_key(entity: Entity, given: Iterable[str]) -> FinanceError:
    """Refuse a key predicate that does not name every key property exactly once."""
    expected = ", ".join(entity.key)
    return bad_request(
        f"The key in the request URI is not valid for resource '{entity.type_name}'. Expected: {expected}; "
        f"the request names {', '.join(given) or 'none'}."
    )
