"""Every public exception. An error's family tells the reader, and Airflow, what to do next.

FsIntegrationError
├── ConfigurationError        a person must edit a file or a connection        -> fail now
│   ├── MappingError          names file, line and key path, offers the nearest valid word
│   └── ConnectionSetupError
├── TransientServiceError     wait, then the same call may work                -> retry
│   ├── Throttled
│   ├── ServiceUnavailable
│   ├── NetworkFailure
│   ├── LeaseHeld             another run is writing the same area and company
│   └── AreaPaused            the services of the area failed too often  -> wait, no try is used
├── PermanentServiceError     the service said no and will say no again        -> fail now
│   ├── AuthenticationFailed
│   ├── PermissionDenied
│   ├── NotFound
│   ├── RequestRefused
│   ├── SetupRefused          something must be set up in the service
│   ├── FatalServiceError     nothing more may be asked of the service   -> and the area pauses
│   ├── AnswerTooLarge        a response was not read to its end
│   └── ForeignLinkRefused    a response named a link on another origin
├── DataQualityError          the batch must not be loaded                     -> fail now, look at quarantine
└── ReconciliationError       what was sent and what arrived differ            -> fail now, watermark stays
    ├── StagingDamaged        a staged file is missing or altered              -> clear the extract task
    └── Fenced                a newer try of this task took over               -> nothing to do
"""

from __future__ import annotations

from datetime import datetime

from fs_integration.plain_text import one_line

__all__ = [
    "AnswerTooLarge",
    "AreaPaused",
    "AuthenticationFailed",
    "ConfigurationError",
    "ConnectionSetupError",
    "DataQualityError",
    "FatalServiceError",
    "Fenced",
    "ForeignLinkRefused",
    "FsIntegrationError",
    "LeaseHeld",
    "MappingError",
    "NetworkFailure",
    "NotFound",
    "PackageUnderWay",
    "PermanentServiceError",
    "PermissionDenied",
    "ReconciliationError",
    "RequestRefused",
    "ServiceError",
    "ServiceUnavailable",
    "SetupRefused",
    "StagingDamaged",
    "Throttled",
    "TransientServiceError",
]


class FsIntegrationError(Exception):
    """Base of everything this package raises on purpose.

    :param message: may quote services, rows and files; nothing in it acts on the log or terminal that shows it.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class ConfigurationError(FsIntegrationError):
    """A person must edit a file, a variable or a connection."""


class MappingError(ConfigurationError):
    """A mapping or connection-set file is wrong.

    :param message: what is wrong and what was expected.
    :param file: path of the file as the user knows it.
    :param line: line number, 1-based; 0 when the fault has no place of its own.
    :param key_path: for example ``tasks[0].fields[2].value_mapp``.
    :param suggestion: what to write instead, when that can be told.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int = 0, key_path: str = "", suggestion: str = ""
    ) -> None:
        self.message, self.file, self.line, self.key_path, self.suggestion = message, file, line, key_path, suggestion
        place = f"{file}:{line}" if line else file
        text = " ".join(part for part in (place, f"{key_path}:" if key_path else "", message, suggestion) if part)
        super().__init__(text)


class ConnectionSetupError(ConfigurationError):
    """An Airflow connection or connection set lacks something or holds something unusable."""


class ServiceError(FsIntegrationError):
    """What F&O, Dataverse or Entra answered, kept for whoever reads the log.

    :param message: what happened, where, what was expected, what to do.
    :param status: HTTP status, None when no answer arrived.
    :param code: the service's own code, for example ``0x80060891``.
    :param request_id: id to quote to the service's support.
    :param retry_after: seconds the service asked us to wait, None when it did not say.
    :param excerpt: short piece of the answer's body.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        excerpt: str = "",
    ) -> None:
        self.status, self.code, self.request_id = status, code, request_id
        self.retry_after, self.excerpt = retry_after, excerpt
        details = ", ".join(
            f"{name} {value}"
            for name, value in (("status", status), ("service code", code), ("request id", request_id))
            if value
        )
        super().__init__(f"{message} ({details})" if details else message)


class TransientServiceError(ServiceError):
    """Wait, then the same call may work."""


class Throttled(TransientServiceError):
    """The service asked us to slow down (HTTP 429)."""


class ServiceUnavailable(TransientServiceError):
    """The service answered that it cannot answer now, or answered with something unreadable."""


class NetworkFailure(TransientServiceError):
    """No complete answer arrived."""


class LeaseHeld(TransientServiceError):
    """Another run holds the right to write this area for one of our companies."""


class AreaPaused(TransientServiceError):
    """The area pauses because its services failed too often in a row.

    :ivar until: when one run may try again.
    """

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class PackageUnderWay(TransientServiceError):
    """A data package has been started and has not ended yet; the same call finds it again.

    :ivar execution: its id in F&O.
    """

    def __init__(self, execution: str) -> None:
        super().__init__(f"Data package execution {execution} has not ended yet.")
        self.execution = execution


class PermanentServiceError(ServiceError):
    """The service said no and will say no again."""


class AuthenticationFailed(PermanentServiceError):
    """The credentials, tenant, audience or application user are wrong."""


class PermissionDenied(PermanentServiceError):
    """The application user lacks a privilege."""


class NotFound(PermanentServiceError):
    """The entity, table or row does not exist."""


class RequestRefused(PermanentServiceError):
    """The service understood the request and refused its content."""


class SetupRefused(PermanentServiceError):
    """A person must set something up in the service; no row can change that."""


class FatalServiceError(PermanentServiceError):
    """An error rule says that nothing more may be asked of the service for now; the area pauses at once."""


class AnswerTooLarge(PermanentServiceError):
    """A response was larger than we take; after a write it says nothing about the rows."""


class ForeignLinkRefused(PermanentServiceError):
    """A response pointed to another scheme, host, port or path prefix; nothing was sent there."""


class DataQualityError(FsIntegrationError):
    """The gate stopped the load; nothing of the batch was written."""


class ReconciliationError(FsIntegrationError):
    """The books do not balance: what was read, sent and found differ."""


class StagingDamaged(ReconciliationError):
    """A staged file is missing, truncated or altered."""


class Fenced(ReconciliationError):
    """A newer try took over this lease; this one must not write any more."""
