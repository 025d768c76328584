"""What is remembered of the offers that a person was shown, so that they stay few.

It is no fold: which offers came when hangs on the day and on the snapshot of that time (decision
0040). It lies in the profile beside the folds, bounded, and the entries go when the person erases a
part of the vault: that an offer came was made from what is erased.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mydata_hub.errors import FormatUnknown
from mydata_hub.insights.profile import FoldState, Profile

INBOX: Final = "offers_inbox"
VERSION: Final = 1
# Ids are long and say nothing to each other: so many of them are 4 kB at most.
MAX_REMEMBERED: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An offer by its id, and the local day on which it was new."""

    offer_id: str
    day: int

    @property
    def client(self) -> str:
        """Whose it is, as its id says."""
        return self.offer_id.rpartition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What is remembered, and the number of the newest snapshot that this vault has read."""

    snapshot: int
    entries: tuple[Entry, ...]


def read_inbox(profile: Profile) -> Inbox:
    """What the profile remembers. Raises FormatUnknown."""
    kept = profile.folds.get(INBOX)
    if kept is None:
        return Inbox(snapshot=0, entries=())
    if kept.version != VERSION:
        raise FormatUnknown(f"{INBOX}: this release reads version {VERSION}")
    entries = (Entry(offer_id=name, day=day) for name, day in kept.state["entries"])
    return Inbox(snapshot=kept.state["snapshot"], entries=tuple(entries))


def with_inbox(profile: Profile, inbox: Inbox) -> Profile:
    """The profile that remembers this; the same one where nothing is other than before."""
    if inbox == read_inbox(profile):
        return profile
    rows = [[entry.offer_id, entry.day] for entry in inbox.entries[:MAX_REMEMBERED]]
    state = FoldState(version=VERSION, state={"snapshot": inbox.snapshot, "entries": rows})
    return replace(profile, folds={**profile.folds, INBOX: state})


def without_entries(profile: Profile) -> Profile:
    """The profile that remembers no offer. No older snapshot is taken all the same."""
    return with_inbox(profile, replace(read_inbox(profile), entries=()))
