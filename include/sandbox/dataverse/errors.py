"""The refusals of the Dataverse Web API: one exception, one constructor per documented code.

Texts and codes follow Microsoft's "Dataverse Web API error codes" list; a text that no source gives is plain English
and carries a documented code. Clients must decide on code and status, never on the text.
"""

from __future__ import annotations

from typing import Any


class DataverseError(Exception):
    """A request that Dataverse refuses.

    :param status: HTTP status of the answer.
    :param code: service error code, hexadecimal text; empty where the real service leaves it empty.
    :param message: business or protocol text for the caller.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, Any]:
        """Give the error object that every refusal is wrapped in."""
        return {"error": {"code": self.code, "message": self.message}}


def bad_request(message: str, code: str = "0x0") -> DataverseError:
    """Refuse a request that is wrong in itself."""
    return DataverseError(400, code, message)


def unsupported_query(message: str) -> DataverseError:
    """Refuse a query option that Dataverse does not have."""
    return DataverseError(400, "0x80060888", message)


def not_emulated(feature: str) -> DataverseError:
    """Say openly that the real service has this and the sandbox has not."""
    return DataverseError(501, "0x0", f"The sandbox does not emulate {feature}.")


def unknown_segment(segment: str) -> DataverseError:
    """Refuse an entity set or resource that does not exist (names are case-sensitive)."""
    return DataverseError(404, "0x8006088a", f"Resource not found for the segment '{segment}'.")


def no_resource(url: str) -> DataverseError:
    """Refuse a URL that no operation answers."""
    return DataverseError(404, "", f"No HTTP resource was found that matches the request URI '{url}'.")


def method_not_allowed(method: str, what: str) -> DataverseError:
    """Refuse PATCH or DELETE on a collection and the like."""
    return DataverseError(405, "0x0", f"The requested resource does not support http method '{method}' ({what}).")


def unknown_column(column: str, table: str, code: str) -> DataverseError:
    """Refuse a column in a query option; the code is a switch because sources disagree."""
    return DataverseError(
        400, code, f"Could not find a property named '{column}' on type 'Microsoft.Dynamics.CRM.{table}'."
    )


def payload_error(entity_set: str, reason: str) -> DataverseError:
    """Refuse a body: unknown property, wrong literal type, wrong bind name."""
    message = (
        f"Error identified in Payload provided by the user for Entity :'{entity_set}', For more information on this "
        f"error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  "
        f"InnerException : Microsoft.OData.ODataException: {reason}"
    )
    return DataverseError(400, "0x80048d19", message)


def not_found(table: str, row_id: str) -> DataverseError:
    """Say that no row has this primary key."""
    return DataverseError(404, "0x80040217", f"{table} With Id = {row_id} Does Not Exist")


def not_found_by_key(table: str) -> DataverseError:
    """Say that no row has this alternate key; also the answer to a bind whose target is missing."""
    return DataverseError(404, "0x80060891", f"A record with the specified key values does not exist in {table} entity")


def wrong_key(table: str) -> DataverseError:
    """Refuse a key predicate whose columns are no alternate key of the table."""
    return bad_request(
        f"The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{table}'. Ensure that the names "
        "and number of key properties match the declared properties for the resource."
    )


def duplicate_key(key: str, columns: str) -> DataverseError:
    """Refuse a second row with the same alternate key."""
    return DataverseError(
        412,
        "0x80060892",
        f"Entity Key {key} violated. A record with the same value for {columns} already exists. A duplicate record "
        "cannot be created. Select one or more unique values and try again.",
    )


def record_exists() -> DataverseError:
    """Answer a create-only upsert of an existing row, and the loser of an upsert race."""
    return DataverseError(412, "0x80040237", "A record with matching key values already exists.")


def version_mismatch() -> DataverseError:
    """Answer an If-Match whose ETag is not the current one."""
    return DataverseError(
        412,
        "0x80060882",
        "The version of the existing record doesn't match the RowVersion property provided.",
    )


def text_too_long(column: str, table: str, length: int) -> DataverseError:
    """Refuse a text beyond the column's maximum length."""
    return DataverseError(
        400,
        "0x80044331",
        f"A validation error occurred.  The length of the '{column}' attribute of the '{table}' entity exceeded the "
        f"maximum allowed length of '{length}'.",
    )


def option_out_of_range(column: str, table: str, value: int) -> DataverseError:
    """Refuse a choice value that the option set does not have."""
    return DataverseError(
        400,
        "0x8004431a",
        f"A validation error occurred. The value {value} of '{column}' on record of type '{table}' is outside the "
        "valid range.",
    )


def number_out_of_range(column: str, table: str, minimum: object, maximum: object) -> DataverseError:
    """Refuse a number outside the column's range; the code is documented for decimals only [inferred]."""
    return DataverseError(
        400,
        "0x80044330",
        f"A validation error occurred. The value of '{column}' on record of type '{table}' is outside the valid range. "
        f"Accepted Values: {minimum} to {maximum}",
    )


def invalid_status(state: int, status: int, table: str) -> DataverseError:
    """Refuse a status reason that does not belong to the state."""
    return DataverseError(
        400,
        "0x80048408",
        f"State code is invalid or state code is valid but status code is invalid for a specified state code. "
        f"({status} is not a valid status code for state code {state} on {table}.)",
    )


def plugin_refusal(text: str) -> DataverseError:
    """Carry the business text of an InvalidPluginExecutionException (IsvAborted)."""
    return DataverseError(400, "0x80040265", text)


def unexpected_error() -> DataverseError:
    """Answer an UpsertMultiple that repeats alternate-key columns in the body of a row to create."""
    return DataverseError(400, "0x80040216", "An unexpected error occurred.")


def delete_multiple_missing() -> DataverseError:
    """Refuse DeleteMultiple, which only elastic tables have; the status is [inferred]."""
    return DataverseError(501, "0x0", "DeleteMultiple has not yet been implemented.")


def in_use() -> DataverseError:
    """Refuse to delete a row that a restricting relationship still points at."""
    return DataverseError(
        405,
        "0x80040227",
        "The object you tried to delete is associated with another object and cannot be deleted.",
    )


def missing_privilege(user_id: str, privilege: str, table: str) -> DataverseError:
    """Refuse an operation whose privilege the application user does not hold."""
    return DataverseError(
        403,
        "0x80040220",
        f"Principal user (Id={user_id}, type=8, roleCount=1, privilegeCount=400, accessMode='4 Non-interactive') is "
        f"missing {privilege} privilege on OTC='{table}' for entity '{table}'. context.Caller={user_id}",
    )


def secured_column(user_id: str, column: str) -> DataverseError:
    """Refuse a write to a column whose security profile the application user lacks; code and text are [inferred]."""
    return DataverseError(
        403, "0x80048306", f"Caller user with Id {user_id} does not have update permissions for the {column} attribute."
    )


def not_a_member() -> DataverseError:
    """Refuse a token whose app registration has no application user."""
    return DataverseError(403, "0x80072560", "The user is not a member of the organization.")


def user_disabled() -> DataverseError:
    """Refuse a disabled application user."""
    return DataverseError(403, "0x80040225", "The specified user is disabled.")


def expired_delta_token() -> DataverseError:
    """Tell a change-tracking client to start over."""
    return DataverseError(
        400,
        "0x80044352",
        "Version stamp associated with the client has expired. Please perform a full sync.",
    )
