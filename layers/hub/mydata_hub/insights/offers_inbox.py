"""What is remembered of the offers that a person was shown, so that they stay few and well ordered.

It is no fold: which offers came when hangs on the day and on the snapshot of that time (decision
0040). It lies in the profile beside the folds, bounded, and all of it but the number goes when the
person erases a part of the vault: that an offer came was made from what is erased.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mydata_hub.errors import FormatUnknown
from mydata_hub.insights.profile import FoldState, Profile

INBOX: Final = "offers_inbox"
VERSION: Final = 2
# Ids are long and say nothing to each other: so many of them are 5 kB at most.
MAX_REMEMBERED: Final = 30
# The oldest of more is forgotten; they take 4 kB at most.
MAX_LET_GO: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An offer by its id, its category, and the local day on which it was new.

    `gone`: it is shown no longer, and whether it was let go by is decided.
    """

    offer_id: str
    day: int
    category: str
    gone: bool = False

    @property
    def client(self) -> str:
        """Whose it is, as its id says."""
        return self.offer_id.rpartition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGo:
    """An offer that the person let go by, under its short name, and the local day of that."""

    name: int
    category: str
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What is remembered, and the number of the newest snapshot that this vault has read."""

    snapshot: int
    entries: tuple[Entry, ...]
    # Oldest first, each offer once.
    let_go: tuple[LetGo, ...] = ()

    def ignored(self, after: int) -> Mapping[str, int]:
        """How many offers of each category were let go by after a local day."""
        return Counter(one.category for one in self.let_go if one.day > after)


def read_inbox(profile: Profile) -> Inbox:
    """What the profile remembers. Raises FormatUnknown."""
    kept = profile.folds.get(INBOX)
    if kept is None:
        return Inbox(snapshot=0, entries=())
    if kept.version > VERSION:
        raise FormatUnknown(f"{INBOX}: this release reads version {VERSION}")
    return Inbox(
        snapshot=kept.state["snapshot"],
        entries=tuple(_entries(kept)),
        let_go=tuple(
            LetGo(name=int(name, 16), category=category, day=day)
            for name, category, day in kept.state.get("let_go", ())
        ),
    )


def with_inbox(profile: Profile, inbox: Inbox) -> Profile:
    """The profile that remembers this; the same one where nothing is other than before."""
    if inbox == read_inbox(profile):
        return profile
    state: dict[str, Any] = {
        "snapshot": inbox.snapshot,
        "entries": [
            [entry.offer_id, entry.day, entry.category, entry.gone]
            for entry in inbox.entries[:MAX_REMEMBERED]
        ],
        "let_go": [
            [f"{one.name:016x}", one.category, one.day] for one in inbox.let_go[-MAX_LET_GO:]
        ],
    }
    folds = {**profile.folds, INBOX: FoldState(version=VERSION, state=state)}
    return replace(profile, folds=folds)


def without_entries(profile: Profile) -> Profile:
    """The profile that remembers no offer. No older snapshot is taken all the same."""
    return with_inbox(profile, replace(read_inbox(profile), entries=(), let_go=()))


def _entries(kept: FoldState) -> Iterator[Entry]:
    if kept.version < VERSION:
        # No category was kept, so nothing can be said of it once the offer is gone.
        for name, day in kept.state["entries"]:
            yield Entry(offer_id=name, day=day, category="", gone=True)
        return
    for name, day, category, gone in kept.state["entries"]:
        yield Entry(offer_id=name, day=day, category=category, gone=gone)
