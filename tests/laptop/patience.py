"""Waiting for the log: an event is in it within two seconds, and commands may be quicker."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 20
_Seen = TypeVar("_Seen")


def eventually(look: Callable[[], _Seen], holds: Callable[[_Seen], bool]) -> _Seen:
    """The first that holds of what there is to see; the last one, where none does in time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = look()
        if holds(seen) or time.monotonic() > until:
            return seen
        time.sleep(0.1)
