"""Ids of new rows."""

from __future__ import annotations

import random
import uuid

_CHANCE = random.Random()


def new_id() -> str:
    """Return a new id.

    It is drawn from the process's own random numbers: asking the operating system for each row would let go of the
    interpreter's lock each time, and all requests would queue for it.
    """
    return str(uuid.UUID(int=_CHANCE.getrandbits(128), version=4))
