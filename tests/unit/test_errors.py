"""The tree of errors is closed, exported and tells what to do."""

from __future__ import annotations

import inspect

from fs_integration import errors

FAMILIES = (
    errors.ConfigurationError,
    errors.TransientServiceError,
    errors.PermanentServiceError,
    errors.DataQualityError,
    errors.ReconciliationError,
)
BASES = {errors.FsIntegrationError, errors.ServiceError}


def test_every_exception_is_exported_and_belongs_to_one_family():
    defined = {
        name: value for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert set(errors.__all__) == set(defined)
    for value in set(defined.values()) - BASES:
        assert sum(issubclass(value, family) for family in FAMILIES) == 1, value


def test_mapping_error_names_place_and_advice():
    error = errors.MappingError(
        "unknown key `value_mapp`.", file="projects.yaml", line=14, key_path="tasks[0].fields[2].value_mapp",
        suggestion="Did you mean `value_map`?",
    )  # fmt: skip
    assert (
        str(error)
        == "projects.yaml:14 tasks[0].fields[2].value_mapp: unknown key `value_mapp`. Did you mean `value_map`?"
    )


def test_service_error_carries_what_support_asks_for():
    error = errors.RequestRefused("Dataverse refused the row.", status=400, code="0x80044331", request_id="abc")
    assert str(error) == "Dataverse refused the row. (status 400, service code 0x80044331, request id abc)"
