"""What Airflow reads to know our connection types and draw their forms (docs/connections.md). Pure data."""

from __future__ import annotations

from typing import Any

TEXT = {"type": ["string", "null"]}
SECRET = {"type": ["string", "null"], "format": "password"}
FIELDS: dict[str, dict[str, Any]] = {
    "tenant_id": {
        "label": "Tenant ID",
        "description": "Directory (tenant) id of the environment. Not needed for a managed identity.",
        "schema": TEXT,
    },
    "credential": {
        "label": "Credential",
        "description": "How the application proves who it is. Without it: client_secret.",
        "schema": {
            "type": ["string", "null"],
            "enum": ["client_secret", "certificate", "managed_identity", "workload_identity", None],
        },
    },
    "certificate_private_key": {
        "label": "Certificate with private key (PEM)",
        "description": "For credential certificate: private key and certificate, one after the other.",
        "schema": SECRET,
    },
    "certificate_file": {
        "label": "Certificate file",
        "description": "Instead of the PEM text: a .pem, .pfx or .p12 file on every worker.",
        "schema": TEXT,
    },
    "certificate_passphrase": {"label": "Certificate passphrase", "schema": SECRET},
    "federated_token_file": {
        "label": "Federated token file",
        "description": "For credential workload_identity. Without it: AZURE_FEDERATED_TOKEN_FILE.",
        "schema": TEXT,
    },
    "authority_host": {
        "label": "Authority host",
        "description": "Only for national clouds and private authorities. Without it: https://login.microsoftonline.com",
        "schema": TEXT,
    },
    "instance_discovery": {
        "label": "Instance discovery",
        "description": "Switch off for a private authority only.",
        "schema": {"type": ["boolean", "null"], "default": True},
    },
    "ca_file": {
        "label": "CA file",
        "description": "PEM file of the authorities to trust instead of the public ones. Checking is always on.",
        "schema": TEXT,
    },
    "allowed_hosts": {
        "label": "Allowed hosts",
        "description": "Hosts besides Microsoft's that may be asked; `.contoso.com` stands for all below it.",
        "schema": TEXT,
    },
    "timeout_seconds": {
        "label": "Timeout (s)",
        "description": "Longest silence of the service within one request. Without it: 300.",
        "schema": {"type": ["number", "null"]},
    },
    "total_seconds": {
        "label": "Total time (s)",
        "description": "Longest time for one request with all its repetitions. Without it: 600.",
        "schema": {"type": ["number", "null"]},
    },
    "attempts": {
        "label": "Attempts",
        "description": "Requests sent at most until one succeeds. Without it: 8.",
        "schema": {"type": ["integer", "null"]},
    },
}
ORGANIZATION = {
    "organization_id": {
        "label": "Organization ID",
        "description": "When given, nothing is written into any other organization, for example a copy.",
        "schema": TEXT,
    }
}
ENVIRONMENT = {
    "environment_id_from": {
        "label": "Environment ID from",
        "description": "Entity.Column whose first value differs from environment to environment. Optional.",
        "schema": TEXT,
    }
}


def get_provider_info() -> dict[str, Any]:
    """Describe this package to Airflow's provider manager."""
    return {
        "package-name": "fs-integration",
        "name": "Field Service integration",
        "description": "Keeps Dynamics 365 Finance & Operations and Dynamics 365 Field Service in step.",
        "versions": ["0.1.0"],
        "connection-types": [
            _connection_type(
                "finance_operations", "FinanceOperationsHook", "Dynamics 365 Finance & Operations",
                "https://contoso.operations.dynamics.com", {**FIELDS, **ENVIRONMENT},
            ),
            _connection_type(
                "dataverse", "DataverseHook", "Dynamics 365 Field Service (Dataverse)",
                "https://contoso.crm4.dynamics.com", {**FIELDS, **ORGANIZATION},
            ),
        ],
    }  # fmt: skip


def _connection_type(
    kind: str, hook: str, name: str, address: str, fields: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    return {
        "connection-type": kind,
        "hook-class-name": f"fs_integration.hooks.{kind}.{hook}",
        "hook-name": name,
        "ui-field-behaviour": {
            "hidden-fields": ["port", "schema"],
            "relabeling": {"host": "Environment URL", "login": "Client ID", "password": "Client secret"},
            "placeholders": {"host": address},
        },
        "conn-fields": fields,
    }
