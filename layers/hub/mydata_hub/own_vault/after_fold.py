"""After a fold: what else the vault makes of new records, in the very commit that takes them up.

What runs here is given by the function: this package knows neither offers nor points. It reads the
profile as it will be, and may remember more in it and write rows of its own beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from mydata_hub.collection.record import Record
from mydata_hub.insights.profile import Profile
from mydata_hub.ports.tables import Change

# Beside what a fold writes itself: a commit takes 100 changes.
MAX_CHANGES_AFTER: Final = 40


class AfterFold(Protocol):
    """One thing that runs after folding, before the commit.

    It may run more than once for the same records, of which one run at most is committed: what it
    does must all be in what it gives back. Raises Busy, Damaged; then nothing is folded.
    """

    def __call__(
        self, profile: Profile, records: Sequence[Record], now: datetime, /
    ) -> tuple[Profile, tuple[Change, ...]]:
        """The profile to seal, of the same version, and further changes of the commit."""
        ...


def nothing_after(
    profile: Profile, _records: Sequence[Record], _now: datetime
) -> tuple[Profile, tuple[Change, ...]]:
    """Folding alone."""
    return profile, ()


def in_turn(*parts: AfterFold) -> AfterFold:
    """Several, each with the profile of the one before it."""

    def all_of_them(
        profile: Profile, records: Sequence[Record], now: datetime
    ) -> tuple[Profile, tuple[Change, ...]]:
        changes: tuple[Change, ...] = ()
        for part in parts:
            profile, more = part(profile, records, now)
            changes += more
        return profile, changes

    return all_of_them
