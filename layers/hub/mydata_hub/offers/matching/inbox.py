"""The inbox: which offers a person is shown, few and the best, and which of them are new.

Only a fold of the vault writes what is remembered; a look at the page works out the same from it
and writes nothing. A partner learns of neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final, Protocol

from mydata_hub.fields import ClaimRef
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.moments import local_day, minute_of
from mydata_hub.insights.offer_words import OfferWords, name_of, offer_words
from mydata_hub.insights.offers_inbox import Inbox, read_inbox
from mydata_hub.insights.profile import Profile
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.triggers import TRIGGERS
from mydata_hub.offers.matching.acts import NO_ACTS, Acts
from mydata_hub.offers.matching.chance import OwnPasts
from mydata_hub.offers.matching.index import Index
from mydata_hub.offers.matching.matched import Matched, match
from mydata_hub.offers.matching.ranking import in_order, rank
from mydata_hub.offers.matching.remembering import COUNTED_DAYS, PARTNER_DAYS, Now, remember
from mydata_hub.offers.matching.standing import Standing, standing_of

MAX_SHOWN: Final = 8
MAX_NEW_A_DAY: Final = 3
# Of many offers of one partner, no more are passed over in search of another partner's.
MAX_PASSED: Final = 2_000
_ALPHABETS: Final = {
    ref: tuple(answer for answer in entry.claim.alphabet if answer != NO_ANSWER)
    for ref, entry in CATALOGUE.items()
}


class Published(Protocol):
    """A snapshot of offers as it was verified (offers/catalogue/snapshot.py)."""

    @property
    def number(self) -> int: ...

    @property
    def index(self) -> Index: ...

    def offer(self, slot: int) -> Offer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An offer that a person is shown; `new` where it came by this look."""

    offer: Offer
    # The claims that its eligibility reads.
    reads: tuple[ClaimRef, ...]
    # Of those, the ones that it fits by.
    decided_by: tuple[ClaimRef, ...]
    new: bool

    @property
    def ref(self) -> str:
        """`<offer id>@<version>`."""
        return f"{self.offer.offer_id}@{self.offer.version}"

    @property
    def discloses(self) -> tuple[ClaimRef, ...]:
        """Every claim whose answer an acceptance tells."""
        happened = TRIGGERS[self.offer.trigger].needs
        return tuple(dict.fromkeys((*self.reads, *happened, *self.offer.claims_on_acceptance)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a person is shown, the most benefit first, and the inbox after it."""

    inbox: Inbox
    standing: Standing
    words: OfferWords
    shown: tuple[Shown, ...]
    snapshot: Published


def look_at(profile: Profile, snapshot: Published, now: datetime, acts: Acts = NO_ACTS) -> Look:
    """What of a snapshot a person is shown now, who did this before.

    Raises Damaged, FormatUnknown, Busy.
    """
    index, inbox, words = snapshot.index, read_inbox(profile), offer_words(profile, now)
    standing = standing_of(profile, index.claims, index.triggers.keys(), now)
    matched = match(index, standing.answers, standing.happenings, now)
    today = local_day(minute_of(now))
    pasts = _pasts(inbox, standing, acts, today)
    taken = frozenset(_taken_up(snapshot, matched, acts))
    offers = {slot: snapshot.offer(slot) for slot in _still(inbox, matched, words) - taken}
    offers = {slot: one for slot, one in offers.items() if words.allows(one.category)}
    room = min(MAX_SHOWN - len(offers), MAX_NEW_A_DAY - sum(e.day == today for e in inbox.entries))
    passed = _passed(index, inbox, words) | taken
    recent = {entry.client for entry in inbox.entries if entry.day > today - PARTNER_DAYS}
    ranked = islice(rank(matched, pasts, words), MAX_PASSED)
    came = _take(index, (slot for slot in ranked if slot not in passed), recent, room)
    offers |= {slot: snapshot.offer(slot) for slot in came}
    shown = in_order(offers, pasts)[:MAX_SHOWN]
    seen = Now(
        day=today,
        shown={offers[slot].offer_id: offers[slot].category for slot in shown},
        new={offers[slot].offer_id for slot in came},
        mine=acts.offers,
        words=words,
    )
    newest = replace(inbox, snapshot=max(inbox.snapshot, snapshot.number))
    return Look(
        inbox=remember(newest, seen),
        standing=standing,
        words=words,
        shown=tuple(
            Shown(
                offer=offers[slot],
                reads=index.reads(slot),
                decided_by=index.decided_by(slot, standing.answers, _ALPHABETS),
                new=slot in came,
            )
            for slot in shown
        ),
        snapshot=snapshot,
    )


def put_away(look: Look) -> tuple[Offer, ...]:
    """Offers that the person does not want, the worthiest of those that are still published.

    Raises Damaged, Busy.
    """
    found = (look.snapshot.index.slot_of(name) for name in look.words.offers)
    slots = sorted(slot for slot in found if slot is not None)
    return tuple(look.snapshot.offer(slot) for slot in slots[:MAX_SHOWN])


def _pasts(inbox: Inbox, standing: Standing, acts: Acts, today: int) -> OwnPasts:
    return OwnPasts(
        used=acts.used,
        paid=standing.paid,
        taken=acts.taken,
        ignored=inbox.ignored(today - COUNTED_DAYS),
        likely=standing.likely,
    )


def _taken_up(snapshot: Published, matched: Matched, acts: Acts) -> Iterator[int]:
    """Where the offers are that the person took up, and that would be shown otherwise.

    Another version of one is another offer.
    """
    for ref in acts.accepted:
        offer_id, _, version = ref.rpartition("@")
        slot = snapshot.index.slot_of(name_of(offer_id))
        if slot is not None and matched.fits(slot):
            offer = snapshot.offer(slot)
            if (offer.offer_id, str(offer.version)) == (offer_id, version):
                yield slot


def _still(inbox: Inbox, matched: Matched, words: OfferWords) -> Set[int]:
    """Where the offers are that came before and match today."""
    slots = {name: matched.index.slot_of(name) for name in _names(inbox) - words.offers}
    return {slot for slot in slots.values() if slot is not None and matched.fits(slot)}


def _passed(index: Index, inbox: Inbox, words: OfferWords) -> Set[int | None]:
    """Slots that bring nothing new: what came before, and what is not wanted."""
    return {index.slot_of(name) for name in _names(inbox) | words.offers}


def _names(inbox: Inbox) -> Set[int]:
    return {name_of(entry.offer_id) for entry in inbox.entries}


def _take(index: Index, ranked: Iterator[int], recent: Collection[str], room: int) -> list[int]:
    """So many of the best, each of another partner."""
    taken: list[int] = []
    clients: set[str] = set(recent)
    while len(taken) < room and (slot := next(ranked, None)) is not None:
        if index.client(slot) not in clients:
            clients.add(index.client(slot))
            taken.append(slot)
    return taken
