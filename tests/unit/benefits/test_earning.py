"""Earning: what collected payments at a favourite give, in whatever order anything comes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.benefits.earning import RETURNED, WISH_HOLDS, advance_points
from mydata_hub.benefits.programme import (
    MAX_PROGRAMMES,
    Terms,
    read_programmes,
    with_programmes,
)
from mydata_hub.collection.datasets import OWN_FAVOURITES, OWN_SPENDINGS
from mydata_hub.collection.record import Provenance, RecordState
from mydata_hub.errors import FormatUnknown
from mydata_hub.fields import Wording
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.favourites import (
    MAX_FAVOURITES,
    POINTS_BOOK,
    list_favourites,
    without_payments,
)
from mydata_hub.insights.fold import BANK, EFIN
from mydata_hub.insights.moments import date_of, minute_of
from mydata_hub.insights.own_words import OWN_DISPUTES
from mydata_hub.insights.payments import merchant_of
from mydata_hub.insights.profile import FoldState
from mydata_hub.insights.record_versions import find_version
from mydata_hub.insights.reviews import HUB_DECISIONS
from mydata_hub.insights.series import mark_of

from tests.unit.insights.lives import DAY, NOW, record

DINER = "diner-client"
POINTS = Terms(
    offer_id=f"{DINER}.points",
    version=1,
    client=DINER,
    kind="points",
    title=Wording(ko="국밥집 포인트", en="Points at the diner"),
    merchants=(merchant_of("Diner One"), merchant_of("Diner Two")),
    per_minor=1_000,
    goal=20,
    expires_days=90,
    amount_minor=5_000,
    currency="KRW",
    until_minute=minute_of(NOW + 300 * DAY),
)
STAMPS = replace(
    POINTS,
    offer_id=f"{DINER}.stamps",
    kind="stamps",
    merchants=(merchant_of("Cafe Haru"),),
    per_minor=None,
    goal=3,
)
KEPT_AT = NOW - 30 * DAY


class Person:
    """A profile, what partners publish, and what became of coupons."""

    def __init__(self, *terms: Terms):
        self.now = NOW
        self.terms = {one.offer_id: one for one in terms or (POINTS, STAMPS)}
        self.coupons: dict[bytes, str] = {}
        self.rewards = []
        self.profile = new_profile("vault-1")

    def fold(self, *records) -> Person:
        self.profile = advance_profile(self.profile, records, {}, self.profile.manifest_version + 1)
        self.profile, rewards = advance_points(
            self.profile, self.now, self.terms.get, self.coupons.get
        )
        for one in rewards:
            self.coupons[one.spending] = "issued"
        self.rewards += rewards
        return self

    def book(self, terms: Terms = POINTS):
        return next(
            one.book
            for one in read_programmes(self.profile)
            if one.terms.offer_id == terms.offer_id
        )


def word(dataset, name, at, told=RecordState.BOOKED, /, **body):
    body = {**body, "as_of": at.isoformat()}
    return record(
        name,
        at,
        dataset=dataset,
        amount_minor=None,
        counterparty=None,
        state=told,
        connection="own",
        provenance=Provenance.SELF_SUPPLIED,
        body=body,
    )


def favourite(terms=POINTS, at=KEPT_AT, state="kept"):
    return word(OWN_FAVOURITES, f"f-{terms.offer_id}", at, offer=terms.offer_id, state=state)


def spending(name="01" * 8, terms=POINTS, goal=None, at=NOW, state=RecordState.BOOKED):
    body = {"spending": name, "offer": terms.offer_id, "goal": goal or terms.goal}
    return word(OWN_SPENDINGS, name, at, state, **body)


def lunch(name="p", days_ago=1, amount=12_500, **more):
    more = {"counterparty": "Diner One", **more}
    return record(name, NOW - days_ago * DAY, amount_minor=-amount, **more)


def test_a_payment_at_a_favourite_earns_one_point_for_so_much_spent():
    person = Person().fold(favourite()).fold(lunch(), lunch("q", counterparty="Diner Two"))
    assert person.book().held == 24


def test_each_payment_at_a_favourite_cafe_is_one_stamp():
    person = Person().fold(favourite(STAMPS))
    person.fold(*(lunch(name, amount=900, counterparty="Cafe Haru") for name in "abc"))
    assert person.book(STAMPS).held == 3


@pytest.mark.parametrize(
    "paid",
    [
        lunch(counterparty="Diner Three"),
        lunch(provenance=Provenance.SELF_SUPPLIED),
        lunch(days_ago=31),
        lunch(amount=999),
        lunch(state=RecordState.CANCELLED),
        replace(lunch(), currency="USD"),
        lunch(dataset=BANK, amount=-12_500),
    ],
    ids=[
        "elsewhere",
        "brought by the person",
        "before it was a favourite",
        "too small",
        "cancelled",
        "another currency",
        "a refund",
    ],
)
def test_what_earns_nothing(paid):
    assert Person().fold(favourite()).fold(paid).book().held == 0


def test_nothing_earns_where_nothing_is_a_favourite():
    profile = Person().fold(lunch()).profile
    assert POINTS_BOOK not in profile.folds


def test_after_the_offer_has_ended_nothing_earns():
    ended = replace(POINTS, until_minute=minute_of(NOW - 2 * DAY))
    person = Person(ended).fold(favourite()).fold(lunch(days_ago=1), lunch("q", days_ago=3))
    assert person.book().held == 12


def test_a_favourite_that_was_left_earns_no_more_and_keeps_what_it_has():
    person = Person().fold(favourite()).fold(lunch())
    person.fold(favourite(at=NOW, state="left"), lunch("q", amount=99_000))
    assert person.book().held == 12
    person.fold(lunch(state=RecordState.CANCELLED))
    assert person.book().held == 0


def test_a_cancelled_payment_takes_its_points_back_even_below_zero():
    person = Person().fold(favourite()).fold(lunch(amount=20_000))
    person.fold(spending())
    assert [one.spending for one in person.rewards] == [bytes.fromhex("01" * 8)]
    person.fold(lunch(amount=20_000, state=RecordState.CANCELLED))
    assert person.book().held == -20
    person.fold(lunch("q", amount=30_000))
    assert person.book().held == 10


def test_a_corrected_payment_earns_what_it_came_to():
    person = Person().fold(favourite()).fold(lunch(amount=20_000))
    person.fold(lunch(amount=7_000, state=RecordState.CORRECTED))
    assert person.book().held == 7


def test_a_purchase_that_two_accounts_tell_of_earns_once():
    pay = lunch("pay", dataset=EFIN)
    card = lunch("card")
    for order in ((pay, card), (card, pay)):
        person = Person().fold(favourite()).fold(order[0]).fold(order[1])
        assert person.book().held == 12
    person.fold(replace(card, state=RecordState.CANCELLED))
    assert person.book().held == 12
    person.fold(replace(pay, state=RecordState.CANCELLED))
    assert person.book().held == 0


def test_two_lunches_of_one_price_on_one_day_earn_twice():
    assert Person().fold(favourite()).fold(lunch("a"), lunch("b")).book().held == 24


def test_what_a_reviewer_found_to_be_wrong_earns_nothing():
    person = Person().fold(favourite()).fold(lunch(amount=20_000))
    version = find_version(person.profile, lunch().dataset, mark_of("p"))
    body = {"appeal": "a", "reason": "r", "outcome": "upheld", "words": "w", **version.body()}
    decided = replace(
        word(HUB_DECISIONS, "d", NOW, **body), provenance=Provenance.REVIEWED, connection_id="hub"
    )
    disputed = word(OWN_DISPUTES, "o", NOW, **version.body())
    assert person.fold(disputed).book().held == 20
    assert person.fold(decided).book().held == 0


def test_points_are_good_to_the_end_of_a_month():
    person = Person().fold(favourite()).fold(lunch())
    (lot,) = person.book().lots
    assert date_of(lot.last_day) == date(2026, 5, 31)  # 90 days after the 1st of March
    person.now = NOW + 90 * DAY
    assert person.fold().book().held == 12
    person.now = NOW + 91 * DAY
    assert (person.fold().book().held, person.book().expired) == (0, 12)
    # The same payment, told once more, is too old to earn again.
    assert person.fold(lunch()).book().held == 0


def test_whoever_has_enough_spends_once_however_often_it_is_folded():
    person = Person().fold(favourite()).fold(lunch(amount=50_000))
    person.fold(spending()).fold(spending()).fold()
    assert (person.book().held, len(person.rewards)) == (30, 1)
    assert person.rewards[0].terms == POINTS


def test_whoever_has_not_enough_is_refused_for_good():
    person = Person().fold(favourite(), lunch()).fold(spending()).fold(lunch("q", amount=99_000))
    assert (person.rewards, person.book().held) == ([], 111)
    assert person.book().find_spending(person.book().spendings[0].mark).amount == 0


def test_points_and_the_word_that_spends_them_may_come_together():
    person = Person().fold(favourite(), lunch(amount=20_000), spending())
    assert (person.book().held, len(person.rewards)) == (0, 1)


@pytest.mark.parametrize(
    "said",
    [
        spending(goal=19),
        spending(at=NOW - WISH_HOLDS - timedelta(minutes=1)),
        spending(terms=STAMPS),
        spending(name="no-name"),
    ],
    ids=["another goal", "long ago", "another programme", "not a spending"],
)
def test_what_is_not_spent(said):
    person = Person().fold(favourite(), lunch(amount=50_000)).fold(said)
    assert (person.book().held, person.rewards) == (50, [])


def test_what_is_given_back_is_held_again_once_its_coupon_was_returned():
    person = Person().fold(favourite(), lunch(amount=20_000), spending())
    back = spending(state=RecordState.CANCELLED)
    # Threat: the word alone, while the coupon can still be redeemed.
    assert person.fold(back).book().held == 0
    person.coupons[bytes.fromhex("01" * 8)] = "redeemed"
    assert person.fold().book().held == 0
    person.coupons[bytes.fromhex("01" * 8)] = RETURNED
    assert person.fold().book().held == 20
    assert person.fold(back).book().held == 20


def test_a_vault_that_was_put_back_books_what_was_spent_and_gives_no_second_coupon():
    person = Person().fold(favourite(), lunch(amount=20_000))
    before = person.profile
    person.fold(spending())
    person.profile = before
    person.fold(spending())
    assert (len(person.rewards), person.book().held) == (1, 0)


def test_terms_hold_as_they_were_taken_until_the_offer_is_kept_anew():
    person = Person().fold(favourite())
    dearer = replace(POINTS, version=2, goal=2_000)
    person.terms[POINTS.offer_id] = dearer
    (programme,) = read_programmes(person.fold(lunch()).profile)
    assert programme.terms == POINTS
    (programme,) = read_programmes(person.fold(favourite(at=NOW)).profile)
    assert (programme.terms, programme.book.held) == (dearer, 12)


def test_a_favourite_of_no_offer_waits_and_one_that_is_published_no_more_goes_on():
    person = Person()
    published, person.terms = person.terms, {}
    assert POINTS_BOOK not in person.fold(favourite()).profile.folds
    person.terms = published
    person.fold(lunch())
    person.terms = {}
    assert person.fold(lunch("q")).book().held == 24


def test_one_more_programme_takes_the_place_of_one_that_is_left_and_empty():
    many = [replace(POINTS, offer_id=f"{DINER}.{n:02d}") for n in range(MAX_PROGRAMMES + 1)]
    person = Person(*many)
    for number, terms in enumerate(many):
        at = KEPT_AT + timedelta(minutes=number)
        person.fold(favourite(terms, at))
        if number < MAX_PROGRAMMES - MAX_FAVOURITES + 1:
            person.fold(favourite(terms, at + timedelta(hours=1), "left"))
    kept = {one.terms.offer_id for one in read_programmes(person.profile)}
    assert len(kept) == MAX_PROGRAMMES
    assert {one.offer_id for one in list_favourites(person.profile)} <= kept


def test_a_programme_that_is_taken_up_anew_is_not_paid_for_what_was_spent_before():
    elsewhere = replace(POINTS, merchants=(merchant_of("Elsewhere"),))
    others = [replace(elsewhere, offer_id=f"{DINER}.z{n:02d}") for n in range(MAX_PROGRAMMES)]
    person = Person(POINTS, *others)
    person.fold(favourite(), lunch(amount=20_000), spending())
    person.fold(favourite(at=NOW - DAY, state="left"))
    for number, terms in enumerate(others):
        at = KEPT_AT + timedelta(minutes=number)
        person.fold(favourite(terms, at))
        if number < MAX_PROGRAMMES - MAX_FAVOURITES + 1:
            person.fold(favourite(terms, at + timedelta(hours=1), "left"))
    assert POINTS.offer_id not in {one.terms.offer_id for one in read_programmes(person.profile)}
    person.now = NOW + DAY
    person.fold(favourite(at=NOW + timedelta(hours=1)), lunch("later", days_ago=-1, amount=25_000))
    assert (person.book().held, person.book().spent, len(person.rewards)) == (25, 0, 1)
    person.fold(spending("02" * 8, at=NOW + DAY))
    assert (person.book().held, person.book().spent, len(person.rewards)) == (5, 20, 2)


def test_the_erasure_of_a_part_leaves_points_and_no_payment():
    person = Person().fold(favourite(), lunch(amount=20_000))
    person.profile = without_payments(person.profile, NOW)
    (programme,) = read_programmes(person.profile)
    assert (programme.book.held, programme.book.earned) == (20, ())
    # What is told of that time again earns nothing, and what comes later does.
    assert person.fold(lunch(amount=20_000)).book().held == 20
    person.now = NOW + 2 * DAY
    assert person.fold(lunch("later", days_ago=-1)).book().held == 32
    assert without_payments(new_profile("vault-1"), NOW) == new_profile("vault-1")


def test_a_book_comes_back_from_the_profile_as_it_was_put():
    person = Person().fold(favourite(), favourite(STAMPS), lunch(amount=50_000), spending())
    programmes = read_programmes(person.profile)
    assert len(programmes) == 2
    assert read_programmes(with_programmes(new_profile("v"), programmes)) == programmes
    newer = FoldState(version=2, state={"programmes": []})
    with pytest.raises(FormatUnknown):
        read_programmes(replace(person.profile, folds={POINTS_BOOK: newer}))


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_in_whatever_order_payments_come_and_however_often_the_same_is_held(data):
    draw = random.Random(data.draw(st.integers(0, 2**16)))
    records = []
    for number in range(draw.randrange(1, 8)):
        one = lunch(f"p{number}", draw.randrange(1, 28), draw.randrange(500, 40_000))
        records.append(one)
        if draw.random() < 0.3:
            records.append(replace(one, state=RecordState.CANCELLED))
    straight = Person().fold(favourite())
    straight.fold(*records)
    mixed = Person().fold(favourite())
    told = [*records, *draw.sample(records, len(records) // 2)]
    draw.shuffle(told)
    while told:
        cut = draw.randrange(1, len(told) + 1)
        mixed.fold(*told[:cut])
        told = told[cut:]
    assert mixed.book().held == straight.book().held
    assert mixed.book().lots == straight.book().lots
