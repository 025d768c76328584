"""Remembering: what stays of the offers that were shown, and which of them were let go by.

An offer was let go by if it was there for SHOWN_DAYS and is there no longer (over, withdrawn, not
fitting any more), or if the person said that they are not interested; in both cases without taking
it up. "Not now" lets nothing go, and what is shown again has not gone by. Each offer counts once.
Nobody but the vault ever knows: it is sealed in the profile and orders further offers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Final

from mydata_hub.insights.moments import WEEK_DAYS
from mydata_hub.insights.offer_words import OfferWords, name_of
from mydata_hub.insights.offers_inbox import MAX_LET_GO, MAX_REMEMBERED, Entry, Inbox, LetGo
from mydata_hub.insights.weekly import MAX_WEEKS

# One partner brings one new offer in so many days; until then what it brought is remembered.
PARTNER_DAYS: Final = 7
# What was there for less has hardly been seen.
SHOWN_DAYS: Final = 3
# As far back as coupons used are counted.
COUNTED_DAYS: Final = MAX_WEEKS * WEEK_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What is shown on a local day: offers by their ids with their categories; what came new
    by this look; what the person took up, and said."""

    day: int
    shown: Mapping[str, str]
    new: Set[str]
    mine: Set[str]
    words: OfferWords


def remember(inbox: Inbox, now: Now) -> Inbox:
    """The inbox of the same snapshot after a look."""
    return replace(inbox, entries=_entries(inbox, now), let_go=_let_go(inbox, now))


def _entries(inbox: Inbox, now: Now) -> tuple[Entry, ...]:
    came = {entry.offer_id: entry.day for entry in inbox.entries}
    came |= dict.fromkeys(now.new, now.day)
    kept = [
        Entry(offer_id=offer_id, day=came[offer_id], category=category)
        for offer_id, category in now.shown.items()
    ]
    kept += [
        replace(entry, gone=True)
        for entry in inbox.entries
        if entry.offer_id not in now.shown and entry.day > now.day - PARTNER_DAYS
    ]
    # What is shown, and what was new in these days, is never more than that.
    kept.sort(key=lambda entry: (entry.gone, -entry.day, entry.offer_id))
    return tuple(kept[:MAX_REMEMBERED])


def _let_go(inbox: Inbox, now: Now) -> tuple[LetGo, ...]:
    back = {name_of(offer_id) for offer_id in (*now.shown, *now.mine)}
    found = {one.name: one for one in inbox.let_go}
    found |= {one.name: one for one in _gone_by(inbox, now)}
    kept = [
        one for one in found.values() if one.name not in back and one.day > now.day - COUNTED_DAYS
    ]
    kept.sort(key=lambda one: (one.day, one.name))
    return tuple(kept[-MAX_LET_GO:])


def _gone_by(inbox: Inbox, now: Now) -> Iterator[LetGo]:
    for entry in inbox.entries:
        name = name_of(entry.offer_id)
        if entry.gone or entry.offer_id in now.shown:
            continue
        put_away = name in now.words.offers and name not in now.words.refused
        there = now.day - entry.day >= SHOWN_DAYS and not put_away
        if name in now.words.refused or there:
            yield LetGo(name=name, category=entry.category, day=now.day)
