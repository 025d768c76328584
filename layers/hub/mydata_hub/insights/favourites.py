"""Favourites: at whose shops a person wants to earn by themselves, and what they spend of it.

Both are own words (own_words.py). What is earned and whether there is enough to spend stands in the
book of points, which is no fold: it hangs on when a payment came in.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mydata_hub.collection.datasets import OWN_FAVOURITES, OWN_SPENDINGS
from mydata_hub.collection.record import Record
from mydata_hub.insights.moments import minute_of
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.insights.record_versions import state_of
from mydata_hub.insights.series import Facts, SeriesFold, short_hash

MAX_FAVOURITES: Final = 10
# One that was left keeps its place, so that an older word cannot bring it back.
_CAPACITY: Final = 16
MAX_SPENDINGS: Final = 12
MAX_OFFER_BYTES: Final = 128
MAX_GOAL: Final = 1_000_000
SPENDING_BYTES: Final = 8
_TAG_BYTES: Final = 8
_SPENDING: Final = re.compile(f"[0-9a-f]{{{2 * SPENDING_BYTES}}}")
# The pseudo-fold in the profile that the book of points is kept in, and its version.
POINTS_BOOK: Final = "points_book"
POINTS_BOOK_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Favourite:
    """An offer of points or stamps, and since when payments earn there."""

    offer_id: str
    since_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person wants to spend at once: a goal of one programme, named by its tag.

    `mark` is that of the record which says so.
    """

    mark: bytes
    minute: int
    spending: bytes
    programme: bytes
    goal: int


def list_favourites(profile: Profile) -> list[Favourite]:
    """The favourites that were not left, by their ids."""
    rows = FAVOURITES.rows(state_of(profile, FAVOURITES), collected_only=False)
    found = [
        Favourite(offer_id=row.facts[1].rstrip(b"\0").decode(), since_minute=row.minute)
        for row in rows
        if not row.facts[0]
    ]
    return sorted(found, key=lambda one: one.offer_id)


def list_wishes(profile: Profile) -> list[Wish]:
    """Every spending that was not given back, oldest first."""
    known = SPENDINGS.known(state_of(profile, SPENDINGS), OWN_SPENDINGS)
    return [
        Wish(
            mark=one.mark,
            minute=one.minute,
            spending=one.facts[0],
            programme=one.facts[1],
            goal=one.facts[2],
        )
        for one in sorted(known, key=lambda one: (one.minute, one.mark))
    ]


def is_given_back(profile: Profile, mark: bytes) -> bool:
    """Whether the person took back what they had said, by the mark of its record."""
    state = state_of(profile, SPENDINGS)
    live = {one.mark for one in SPENDINGS.known(state, OWN_SPENDINGS)}
    return mark not in live and SPENDINGS.holds(state, OWN_SPENDINGS, mark)


def programme_tag(offer_id: str) -> bytes:
    """An offer as spendings name it."""
    return short_hash(offer_id, _TAG_BYTES)


def without_payments(profile: Profile, now: datetime) -> Profile:
    """The profile whose book of points knows no payment: what stands to the person's credit stays.

    For the erasure of a part. Nothing that was paid before now earns any more.
    """
    kept = profile.folds.get(POINTS_BOOK)
    if kept is None:
        return profile
    until = minute_of(now)
    programmes = [{**one, "earned": "", "let_go": until} for one in kept.state["programmes"]]
    state = FoldState(version=kept.version, state={**kept.state, "programmes": programmes})
    return replace(profile, folds={**profile.folds, POINTS_BOOK: state})


def _favourite_facts(record: Record) -> Facts | None:
    offer, state = record.body.get("offer"), record.body.get("state")
    if not isinstance(offer, str) or not 0 < len(offer.encode()) <= MAX_OFFER_BYTES:
        return None
    # Of two words within one second the greater holds: to have left is the safer of both.
    return state != "kept", offer.encode()


def _spending_facts(record: Record) -> Facts | None:
    spending, goal = record.body.get("spending"), record.body.get("goal")
    if not isinstance(spending, str) or not _SPENDING.fullmatch(spending):
        return None
    if type(goal) is not int or not 0 < goal <= MAX_GOAL:
        return None
    return bytes.fromhex(spending), programme_tag(str(record.body.get("offer"))), goal


FAVOURITES: Final = SeriesFold(
    id="favourites",
    version=1,
    capacities={OWN_FAVOURITES: _CAPACITY},
    layout=struct.Struct(f">B{MAX_OFFER_BYTES}s"),
    facts_of=_favourite_facts,
)
SPENDINGS: Final = SeriesFold(
    id="spendings",
    version=1,
    capacities={OWN_SPENDINGS: MAX_SPENDINGS},
    layout=struct.Struct(f">{SPENDING_BYTES}s{_TAG_BYTES}sI"),
    facts_of=_spending_facts,
)
