"""One company's view of a mapping task: its settings, value maps and filters put over the mapping's."""

from __future__ import annotations

from collections.abc import Mapping as Entries
from dataclasses import dataclass

from fs_integration.errors import ConfigurationError
from fs_integration.spec.columns import used_settings
from fs_integration.spec.connection_set import Organization
from fs_integration.spec.mapping import Keep, Mapping, MappingTask, Scalar, Setting


@dataclass(frozen=True)
class CompanyView:
    """What a task is for one company.

    :param task: with the company's filters before the mapping's own conditions.
    :param settings: every setting the mapping declares, and ``legal_entity``.
    """

    organization: Organization
    task: MappingTask
    settings: dict[str, Scalar]
    value_maps: dict[str, dict[str, Scalar]]


def company_view(area: Mapping, task: MappingTask, organization: Organization) -> CompanyView:
    """Return a task as it applies to a company.

    :raises ConfigurationError: when the company lacks a setting that the task uses, or gives a value it does not allow.
    """
    settings = {name: _setting(area, name, setting, organization) for name, setting in area.settings.items()}
    for name in used_settings(task):
        if name in area.settings and area.settings[name].required and settings[name] is None:
            raise ConfigurationError(
                f"Mapping `{area.mapping}` needs the setting `{name}` of company `{organization.legal_entity}`: "
                f"{area.settings[name].description} Add it under `settings` of that company in the connection set."
            )
    return CompanyView(
        organization,
        _filtered(area, task, organization),
        {**settings, "legal_entity": organization.legal_entity},
        _value_maps(area.value_maps, organization.value_maps),
    )


def _setting(area: Mapping, name: str, setting: Setting, organization: Organization) -> Scalar:
    value = organization.settings.get(name, setting.default)
    if setting.one_of and value is not None and value not in setting.one_of:
        raise ConfigurationError(
            f"Company `{organization.legal_entity}` sets `{name}` to `{value}`, but mapping `{area.mapping}` allows "
            f"only {', '.join(str(one) for one in setting.one_of)}. Correct it in the connection set."
        )
    return value


def _filtered(area: Mapping, task: MappingTask, organization: Organization) -> MappingTask:
    wanted = [
        condition
        for name in (area.mapping, f"{area.mapping}.{task.name}")
        for condition in organization.filters.get(name, ())
    ]
    if not wanted:
        return task
    reason = f"The connection set does not choose this row for company {organization.legal_entity}."
    given = [condition.model_dump(by_alias=True, exclude_unset=True) for condition in wanted]
    own = tuple(Keep.model_validate({**condition, "reason": reason}) for condition in given)
    source = task.source.model_copy(update={"keep": (*own, *task.source.keep)})
    return task.model_copy(update={"source": source})


def _value_maps(
    standard: Entries[str, dict[str, Scalar]], own: Entries[str, dict[str, Scalar]]
) -> dict[str, dict[str, Scalar]]:
    return {name: {**standard.get(name, {}), **own.get(name, {})} for name in {**standard, **own}}
