"""The forms of what Dataverse says about tables (``EntityDefinitions``); members that are not here are not read.

A default stands for a member that older versions or a narrower selection leave out.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

ACTIVE = "Active"  # state of the index of an alternate key that can be used


class Named(msgspec.Struct, rename="pascal"):
    """The names of a table. :param entity_set_name: empty where it cannot be reached."""

    logical_name: str
    entity_set_name: str | None = ""


class Setting(msgspec.Struct, rename="pascal"):
    """A value that is wrapped in an object."""

    value: str | None = ""


class Attribute(msgspec.Struct, rename="pascal"):
    """A column. :param attribute_of: the column that it only shows or explains."""

    logical_name: str
    attribute_type: str | None
    attribute_of: str | None = None
    is_valid_for_read: bool | None = True
    is_valid_for_create: bool | None = True
    is_valid_for_update: bool | None = True
    max_length: int | None = None
    precision: int | None = None
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    date_time_behavior: Setting | None = None
    required_level: Setting | None = None


class Option(msgspec.Struct, rename="pascal"):
    """One value of a choice."""

    value: int


class OptionSet(msgspec.Struct, rename="pascal"):
    """The values of a choice."""

    options: list[Option]


class Choice(msgspec.Struct, rename="pascal"):
    """A column with a closed list of values."""

    logical_name: str
    option_set: OptionSet | None = None


class Key(msgspec.Struct, rename="pascal"):
    """An alternate key."""

    logical_name: str
    key_attributes: list[str]
    entity_key_index_status: str | None = ACTIVE


class Relationship(msgspec.Struct, rename="pascal"):
    """One table that a lookup column can point to."""

    referencing_entity_navigation_property_name: str
    referenced_entity: str
    referencing_attribute: str


class Table(msgspec.Struct, rename="pascal"):
    """A table with what belongs to it."""

    logical_name: str
    primary_id_attribute: str
    attributes: list[Attribute]
    keys: list[Key]
    many_to_one_relationships: list[Relationship]
    change_tracking_enabled: bool | None = False
