"""Earning: what a fold makes of the payments at favourites, and of what the person spends.

Each run says what every payment that is remembered should have earned by now, and posts the
difference: so a payment that comes twice earns once, a cancelled one is reversed, and it does not
matter in which order anything comes. Only what providers told earns, and what a reviewer found to
be wrong does not. A purchase that two accounts tell of (a card, and the e-payment made with it)
earns once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from mydata_hub.benefits.book import Book, Earned, correct, earn, expire, forget, give_back, reverse
from mydata_hub.benefits.book import spend as spend_from
from mydata_hub.benefits.programme import (
    MAX_PROGRAMMES,
    Programme,
    Terms,
    read_programmes,
    with_programmes,
)
from mydata_hub.fields import Dataset
from mydata_hub.insights.favourites import (
    Favourite,
    Wish,
    is_given_back,
    list_favourites,
    list_wishes,
)
from mydata_hub.insights.fold import BANK, CARD, EFIN, State
from mydata_hub.insights.moments import date_of, day_of, local_day, minute_of
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import state_of
from mydata_hub.insights.reviews import reviewed_view

# What was said longer ago is not done any more: nobody waits for it, and an archive may say it.
WISH_HOLDS: Final = timedelta(days=7)
_DATASETS: Final = (CARD, EFIN, BANK)
_MERCHANT_BYTES: Final = 3
_RECORD_MARK_BYTES: Final = 6
_DAY: Final = timedelta(days=1)

# The terms of an offer as it is published now; None where there is no such programme.
TermsOf = Callable[[str], Terms | None]
# What became of the coupon of a spending: None where there is none.
CouponState = Callable[[bytes], str | None]
RETURNED: Final = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """A spending that was booked, for which the person is to have a coupon."""

    spending: bytes
    terms: Terms


class _Paid(NamedTuple):
    """A payment at some programme's merchant."""

    mark: bytes
    minute: int
    amount_minor: int


def advance_points(
    profile: Profile, now: datetime, terms_of: TermsOf, coupon_of: CouponState
) -> tuple[Profile, tuple[Reward, ...]]:
    """The profile with every book brought up to date, and the rewards that were spent for."""
    favourites = {one.offer_id: one for one in list_favourites(profile)}
    programmes = _taken_up(read_programmes(profile), favourites, terms_of)
    if not programmes:
        return with_programmes(profile, ()), ()
    view = reviewed_view(profile)
    programmes = [
        replace(one, book=_brought_up(view, one, one.terms.offer_id in favourites, now))
        for one in programmes
    ]
    programmes = [replace(one, book=_returned(profile, one.book, coupon_of)) for one in programmes]
    programmes, rewards = _granted(programmes, list_wishes(profile), now, coupon_of)
    return with_programmes(profile, programmes), rewards


def spending_mark(wish: Wish) -> bytes:
    """A spending as its book names it: the record that says it, and the spending itself."""
    return wish.mark + wish.spending


def _taken_up(
    had: Sequence[Programme], favourites: Mapping[str, Favourite], terms_of: TermsOf
) -> list[Programme]:
    """The programmes with every favourite among them, the latest terms where it is a new one."""
    programmes = {one.terms.offer_id: one for one in had}
    for offer_id, favourite in favourites.items():
        known = programmes.get(offer_id)
        if known is not None and known.since_minute == favourite.since_minute:
            continue
        terms = terms_of(offer_id)
        if known is None and terms is not None and _make_room(programmes, favourites):
            programmes[offer_id] = Programme(
                terms=terms, since_minute=favourite.since_minute, book=Book()
            )
        elif known is not None:
            programmes[offer_id] = replace(
                known, terms=terms or known.terms, since_minute=favourite.since_minute
            )
    return list(programmes.values())


def _make_room(programmes: dict[str, Programme], favourites: Mapping[str, Favourite]) -> bool:
    """Whether one more has room, once one that is left and holds nothing has gone."""
    if len(programmes) < MAX_PROGRAMMES:
        return True
    for offer_id, one in programmes.items():
        if offer_id not in favourites and one.book.held == 0:
            del programmes[offer_id]
            return True
    return False


def _brought_up(view: Profile, programme: Programme, kept: bool, now: datetime) -> Book:
    terms, state = programme.terms, state_of(view, PAYMENTS)
    book = expire(programme.book, local_day(minute_of(now)))
    paid = {one.mark: one for one in _purchases(state, terms, book)}
    for mark in [one.mark for one in book.earned]:
        if mark in paid:
            book = correct(book, mark, terms.points_for(paid[mark].amount_minor))
        elif _is_remembered(state, mark):
            book = reverse(book, mark)
        else:
            book = forget(book, [mark])
    for one in sorted(paid.values(), key=lambda one: (one.minute, one.mark)):
        if kept and programme.since_minute <= one.minute <= terms.until_minute:
            book = earn(book, _earned(terms, one))
    return expire(book, local_day(minute_of(now)))


def _earned(terms: Terms, one: _Paid) -> Earned:
    return Earned(
        mark=one.mark,
        minute=one.minute,
        amount=terms.points_for(one.amount_minor),
        last_day=_last_day(local_day(one.minute) + terms.expires_days),
    )


def _last_day(day: int) -> int:
    """The end of that day's month: lots of a month are one, and nobody loses a day by it."""
    on = date_of(day)
    following = (on.replace(day=1) + 32 * _DAY).replace(day=1)
    return day_of(following - _DAY)


def _purchases(state: State, terms: Terms, book: Book) -> Iterator[_Paid]:
    """The payments that count at this programme, each purchase once."""
    alike: dict[tuple[int, int], dict[Dataset, list[_Paid]]] = defaultdict(dict)
    for place, dataset in enumerate(_DATASETS):
        for known in PAYMENTS.known(state, dataset, collected_only=True):
            payee, amount_minor, _, currency = known.facts
            if payee[:_MERCHANT_BYTES] not in terms.merchants or amount_minor <= 0:
                continue
            if currency.rstrip(b"\0").decode() != terms.currency:
                continue
            one = _Paid(bytes([place]) + known.mark, known.minute, amount_minor)
            key = (local_day(known.minute), amount_minor)
            alike[key].setdefault(dataset, []).append(one)
    for accounts in alike.values():
        # The account that tells of most; what has earned stays with the payment that earned it.
        yield from max(accounts.values(), key=lambda paid: (len(paid), _known(book, paid)))


def _known(book: Book, paid: Sequence[_Paid]) -> int:
    return sum(book.find_earned(one.mark) is not None for one in paid)


def _is_remembered(state: State, mark: bytes) -> bool:
    """Whether a payment still has its place, though it may count no more."""
    return PAYMENTS.holds(state, _DATASETS[mark[0]], mark[1:])


def _returned(profile: Profile, book: Book, coupon_of: CouponState) -> Book:
    """The book with what was given back. Threat: a word that takes a spending back while its
    coupon can still be redeemed, as an archive might hold; only the coupon's row decides."""
    for one in book.spendings:
        record, spending = one.mark[:_RECORD_MARK_BYTES], one.mark[_RECORD_MARK_BYTES:]
        if one.amount == 0 or one.given_back or not is_given_back(profile, record):
            continue
        if coupon_of(spending) == RETURNED:
            book = give_back(book, one.mark)
    return book


def _granted(
    programmes: Sequence[Programme], wishes: Sequence[Wish], now: datetime, coupon_of: CouponState
) -> tuple[list[Programme], tuple[Reward, ...]]:
    after, rewards = {one.tag: one for one in programmes}, list[Reward]()
    since, wished = minute_of(now - WISH_HOLDS), {spending_mark(wish) for wish in wishes}
    for wish in wishes:
        one, mark = after.get(wish.programme), spending_mark(wish)
        if one is None or wish.minute < since or one.book.find_spending(mark) is not None:
            continue
        # Of an earlier version of the terms, perhaps: what a reward takes is as it stands.
        goal = one.terms.goal
        if wish.goal != goal or _is_of_an_earlier_book(one, wish, coupon_of):
            continue
        book = spend_from(one.book, mark, goal, wished)
        spent = book.find_spending(mark)
        after[wish.programme] = replace(one, book=book)
        # After a vault was put back to an earlier state, the coupon may be there already.
        if spent is not None and spent.amount and coupon_of(wish.spending) is None:
            rewards.append(Reward(spending=wish.spending, terms=one.terms))
    return list(after.values()), tuple(rewards)


def _is_of_an_earlier_book(one: Programme, wish: Wish, coupon_of: CouponState) -> bool:
    """Whether it was spent before the programme was taken up anew, so that its book knows nothing
    of it: the coupon does."""
    return wish.minute < one.since_minute and coupon_of(wish.spending) is not None
