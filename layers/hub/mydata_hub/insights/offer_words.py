"""Offer words: what the person said of offers, which holds whatever else would match.

An offer or a whole category is not wanted, not now, or wanted after all; the last word on each
holds. Like all own words they are records of the person's own, so they are exported, erased and
restored with the rest, and no partner is told.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from mydata_hub.collection.record import Record
from mydata_hub.fields import Dataset
from mydata_hub.insights.moments import DAY_MINUTES, minute_of
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import state_of
from mydata_hub.insights.series import Facts, SeriesFold

OWN_OFFERS: Final = Dataset("own.offers")
# The oldest of more is forgotten, and what it was of may be shown again.
MAX_WORDS: Final = 160
# "Not now" holds so long.
LATER_DAYS: Final = 30
NAME_BYTES: Final = 8


class Scope(StrEnum):
    """What is spoken of."""

    OFFER = "offer"
    CATEGORY = "category"


class Word(StrEnum):
    """What is said of it."""

    INTERESTED = "interested"
    NOT_INTERESTED = "not_interested"
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWords:
    """The short names of what is not to be shown now; `refused` are offers that never are."""

    offers: frozenset[int]
    categories: frozenset[int]
    refused: frozenset[int] = frozenset()

    def allows(self, category: str) -> bool:
        """Whether offers of a category may be shown."""
        return name_of(category) not in self.categories


def name_of(name: str) -> int:
    """A short name of an offer's id or a category, 64 bits. It names; nothing is proved by it."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:NAME_BYTES])


def offer_words(profile: Profile, now: datetime) -> OfferWords:
    """What is said of offers and holds now."""
    said: dict[Scope, set[int]] = {scope: set() for scope in Scope}
    refused: set[int] = set()
    later = minute_of(now) - LATER_DAYS * DAY_MINUTES
    for known in OFFER_WORDS.known(state_of(profile, OFFER_WORDS), OWN_OFFERS):
        scope, word, name = known.facts
        holds = _WORDS[word] is not Word.NOT_NOW or known.minute > later
        if _WORDS[word] is not Word.INTERESTED and holds:
            said[_SCOPES[scope]].add(int.from_bytes(name))
        if _WORDS[word] is Word.NOT_INTERESTED and _SCOPES[scope] is Scope.OFFER:
            refused.add(int.from_bytes(name))
    return OfferWords(
        offers=frozenset(said[Scope.OFFER]),
        categories=frozenset(said[Scope.CATEGORY]),
        refused=frozenset(refused),
    )


def _facts_of(record: Record) -> Facts | None:
    scope, word, name = (record.body.get(field) for field in ("scope", "word", "name"))
    if scope not in _SCOPES or word not in _WORDS or not isinstance(name, str):
        return None  # an archive of another hub may hold anything that its schema allows
    place = _SCOPES.index(Scope(scope)), _WORDS.index(Word(word))
    return (*place, name_of(name).to_bytes(NAME_BYTES))


# Places are frozen with the rows; more come at the end.
_SCOPES: Final = (Scope.OFFER, Scope.CATEGORY)
_WORDS: Final = (Word.INTERESTED, Word.NOT_INTERESTED, Word.NOT_NOW)
OFFER_WORDS: Final = SeriesFold(
    id="offer_words",
    version=1,
    capacities={OWN_OFFERS: MAX_WORDS},
    layout=struct.Struct(f">BB{NAME_BYTES}s"),
    facts_of=_facts_of,
)
