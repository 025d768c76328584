"""The wallet: a person's coupons, points and stamps, and what they say of them.

What is said is a record of one's own (own_vault/speaking.py), and the next fold acts on it. Giving
back is said in the very commit that takes the coupon out of use, so it is one or the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mydata_hub.benefits.book import Book
from mydata_hub.benefits.coupons import (
    REWARD,
    Coupon,
    CouponId,
    State,
    coupon_document,
    coupon_of_spending,
    fetch_coupon,
    owns,
    settle,
)
from mydata_hub.benefits.programme import Programme, Terms, read_programmes
from mydata_hub.collection.datasets import OWN_FAVOURITES, OWN_SPENDINGS
from mydata_hub.errors import BadInput, NotFound, TooMany
from mydata_hub.fields import SubjectId, VaultId
from mydata_hub.insights.favourites import (
    MAX_FAVOURITES,
    MAX_SPENDINGS,
    SPENDING_BYTES,
    list_favourites,
    list_wishes,
)
from mydata_hub.insights.moments import date_of, instant_of, minute_of
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.importing import Letterbox
from mydata_hub.own_vault.speaking import Said, own_word, say

FAVOURITE_KEPT: Final = "favourite_kept"
FAVOURITE_LEFT: Final = "favourite_left"
POINTS_SPENT: Final = "points_spent"
POINTS_GIVEN_BACK: Final = "points_given_back"
# The vault remembers MAX_SPENDINGS words, of one minute any of them: one more, whoever says it at
# the same time, must not be forgotten before it is folded.
MAX_IN_A_MINUTE: Final = MAX_SPENDINGS // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A programme as its person sees it."""

    programme: Programme
    # Whether payments earn here.
    kept: bool

    @property
    def book(self) -> Book:
        return self.programme.book

    @property
    def terms(self) -> Terms:
        return self.programme.terms

    @property
    def rewards(self) -> int:
        """How many rewards what is held would take."""
        return max(self.book.held, 0) // self.terms.goal

    @property
    def toward(self) -> int:
        """What is held toward the next reward."""
        return max(self.book.held, 0) % self.terms.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """Everything in it. `waiting` are favourites whose offer the vault has not seen yet."""

    held: Sequence[Held]
    waiting: Sequence[str]
    coupons: Sequence[Coupon]
    # Of those, the ones that can still be given back for what was spent on them.
    returnable: frozenset[CouponId]


def see_wallet(profile: Profile | None, subject: SubjectId, coupons: Sequence[Coupon]) -> Wallet:
    """The wallet of a person whose profile and coupons these are."""
    kept = {one.offer_id for one in list_favourites(profile)} if profile else set()
    held = [
        Held(programme=one, kept=one.terms.offer_id in kept)
        for one in (read_programmes(profile) if profile else ())
    ]
    known = {one.terms.offer_id for one in held}
    spent = {one.coupon_id for one in _spent(profile, subject)} if profile else set()
    return Wallet(
        held=held,
        waiting=sorted(kept - known),
        coupons=coupons,
        returnable=frozenset(
            one.coupon_id for one in coupons if one.state is State.ISSUED and one.coupon_id in spent
        ),
    )


def keep_favourite(
    letterbox: Letterbox,
    vault_id: VaultId,
    profile: Profile,
    offer_id: str,
    terms_of: Callable[[str], Terms | None],
) -> None:
    """Earn at an offer of points or stamps from now on, by its terms of now.

    Raises NotFound where none is on offer, BadInput where there are MAX_FAVOURITES already, Busy.
    """
    if terms_of(offer_id) is None:
        raise NotFound("there is no such offer of points or stamps")
    others = [one for one in list_favourites(profile) if one.offer_id != offer_id]
    if len(others) >= MAX_FAVOURITES:
        raise BadInput("offer", f"is one too many: leave one of your {MAX_FAVOURITES} favourites")
    _say_favourite(letterbox, vault_id, offer_id, "kept", FAVOURITE_KEPT)


def leave_favourite(
    letterbox: Letterbox, vault_id: VaultId, profile: Profile, offer_id: str
) -> None:
    """Earn there no more; what is held stays. Raises NotFound, Busy."""
    if offer_id not in {one.offer_id for one in list_favourites(profile)}:
        raise NotFound("this is none of your favourites")
    _say_favourite(letterbox, vault_id, offer_id, "left", FAVOURITE_LEFT)


def spend_points(
    letterbox: Letterbox, vault_id: VaultId, profile: Profile, offer_id: str
) -> CouponId:
    """Spend what one reward takes; gives the coupon that is there once this is folded.

    Raises NotFound, BadInput where there is not enough, TooMany, Busy.
    """
    programme = _programme(profile, offer_id)
    goal = programme.terms.goal
    if programme.book.held < goal:
        raise BadInput("offer", f"takes {goal} for a reward, and you hold fewer")
    now, spending = letterbox.clock.now(), letterbox.entropy.token(SPENDING_BYTES)
    if sum(wish.minute == minute_of(now) for wish in list_wishes(profile)) >= MAX_IN_A_MINUTE:
        raise TooMany(f"you took {MAX_IN_A_MINUTE} rewards in this minute; take more in the next")
    record = own_word(
        vault_id, OWN_SPENDINGS, spending.hex(), now, _body(offer_id, goal, spending, now)
    )
    say(letterbox, vault_id, Said(records=(record,), kind=POINTS_SPENT))
    return coupon_of_spending(SubjectId(vault_id), spending)


def give_back(
    letterbox: Letterbox, vault_id: VaultId, profile: Profile, coupon_id: CouponId
) -> None:
    """Give a coupon back for the points that were spent on it, while nobody has redeemed it.

    Raises NotFound for a coupon that no points were spent on, BadInput for one that is redeemed,
    Busy.
    """
    subject, tables = SubjectId(vault_id), letterbox.tables
    spent = next((one for one in _spent(profile, subject) if one.coupon_id == coupon_id), None)
    coupon = fetch_coupon(tables, coupon_id)
    if spent is None or coupon is None or not owns(tables, subject, coupon_id):
        raise NotFound("there is no such coupon that points were spent on")
    now = letterbox.clock.now()
    returned = settle(coupon, State.RETURNED, now)
    body = _body(spent.offer_id, spent.goal, spent.spending, now)
    record = own_word(vault_id, OWN_SPENDINGS, spent.spending.hex(), now, body).cancel()
    say(letterbox, vault_id, Said(records=(record,), kind=POINTS_GIVEN_BACK), returned)


def wallet_document(wallet: Wallet, now: datetime) -> dict[str, Any]:
    """The wallet for scripts and the command line."""
    return {
        "programmes": [_held_document(one) for one in wallet.held],
        "waiting": list(wallet.waiting),
        "coupons": [
            {
                **coupon_document(one, now),
                "can_be_given_back": one.coupon_id in wallet.returnable,
            }
            for one in wallet.coupons
        ],
    }


def reward_coupon(subject: SubjectId, spending: bytes, terms: Terms, until: datetime) -> Coupon:
    """The coupon that a spending is for."""
    return Coupon(
        coupon_id=coupon_of_spending(subject, spending),
        client=terms.client,
        offer_id=terms.offer_id,
        version=terms.version,
        kind=REWARD,
        title=terms.title,
        amount_minor=terms.amount_minor,
        currency=terms.currency,
        till=None,
        good_until=until,
        category=terms.category,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spent:
    coupon_id: CouponId
    spending: bytes
    offer_id: str
    goal: int


def _spent(profile: Profile, subject: SubjectId) -> list[_Spent]:
    """The spendings that a book has booked and that were not given back."""
    programmes = {one.tag: one for one in read_programmes(profile)}
    found = []
    for wish in list_wishes(profile):
        programme = programmes.get(wish.programme)
        booked = programme.book.find_spending(wish.mark + wish.spending) if programme else None
        if programme is not None and booked is not None and booked.amount:
            found.append(
                _Spent(
                    coupon_id=coupon_of_spending(subject, wish.spending),
                    spending=wish.spending,
                    offer_id=programme.terms.offer_id,
                    goal=wish.goal,
                )
            )
    return found


def _programme(profile: Profile, offer_id: str) -> Programme:
    found = (one for one in read_programmes(profile) if one.terms.offer_id == offer_id)
    programme = next(found, None)
    if programme is None:
        raise NotFound("you hold no points or stamps of this offer")
    return programme


def _say_favourite(
    letterbox: Letterbox, vault_id: VaultId, offer_id: str, state: str, kind: str
) -> None:
    now = letterbox.clock.now()
    body = {"offer": offer_id, "state": state, "as_of": now.isoformat()}
    record = own_word(vault_id, OWN_FAVOURITES, offer_id, now, body)
    say(letterbox, vault_id, Said(records=(record,), kind=kind))


def _body(offer_id: str, goal: int, spending: bytes, now: datetime) -> dict[str, Any]:
    told = {"spending": spending.hex(), "offer": offer_id, "goal": goal}
    return {**told, "as_of": now.isoformat()}


def _held_document(one: Held) -> dict[str, Any]:
    terms, book = one.terms, one.book
    return {
        "offer_id": terms.offer_id,
        "kind": terms.kind,
        "title": {"ko": terms.title.ko, "en": terms.title.en},
        "favourite": one.kept,
        "held": book.held,
        "goal": terms.goal,
        "reward": {"amount_minor": terms.amount_minor, "currency": terms.currency},
        "earned": -book.issued,
        "spent": book.spent,
        "expired": book.expired,
        "good_until": [
            {"until": date_of(lot.last_day).isoformat(), "amount": lot.amount} for lot in book.lots
        ],
        "payments": [
            {"at": instant_of(had.minute).isoformat(), "amount": had.amount} for had in book.earned
        ],
    }
