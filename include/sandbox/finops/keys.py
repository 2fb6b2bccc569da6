"""Turn the key predicate of a URL into the key of a row."""

from __future__ import annotations

from typing import Any

from sandbox.finops.errors import wrong_key
from sandbox.finops.filtering import LITERAL_KINDS
from sandbox.finops.schema import Entity
from sandbox.finops.store import KeyValues, fold
from sandbox.odata.keys import KeyPredicate


def key_values(entity: Entity, predicate: KeyPredicate) -> dict[str, Any]:
    """Give the key values by name, in the order of the entity key.

    :raises FinanceError: 400 unless every key property is named once with a constant of its type.
    """
    if set(predicate) != set(entity.key):
        raise wrong_key(entity, [str(name) for name in predicate if name])
    for name in entity.key:
        if predicate[name].kind != LITERAL_KINDS[entity.properties[name].kind]:
            raise wrong_key(entity, [f"{name}={predicate[name].value}"])
    return {name: predicate[name].value for name in entity.key}


def folded(values: dict[str, Any]) -> KeyValues:
    """Give the form in which the store holds a key."""
    return tuple(fold(value) for value in values.values())
