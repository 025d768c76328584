"""The book of points against a list of single points, by every order of acts that chance finds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from mydata_hub.benefits.book import (
    MAX_EARNED,
    Book,
    Earned,
    Lot,
    correct,
    earn,
    expire,
    forget,
    give_back,
    reverse,
    spend,
)
from mydata_hub.errors import BadInput

from tests.modes import times

SEQUENCES = times(60, long=10_000)
MARKS = st.integers(0, 12).map(lambda number: number.to_bytes(7, "big"))
SPENDINGS = st.integers(0, 8).map(lambda number: number.to_bytes(14, "big"))
AMOUNTS = st.integers(1, 12)
MINUTE = 1_000
LIFE_DAYS = 10


def paid(mark: bytes, amount: int, last_day: int = 20, minute: int = MINUTE) -> Earned:
    return Earned(mark=mark, minute=minute, amount=amount, last_day=last_day)


class OnePointAtATime(RuleBasedStateMachine):
    """A book beside a drawer of single points, each with the last day on which it is good."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.today = 0
        self.drawer: list[int] = []
        self.owed = 0
        self.earned: dict[bytes, tuple[int, int]] = {}
        self.let_go: set[bytes] = set()
        self.spent: dict[bytes, list[int]] = {}
        self.seen: set[bytes] = set()
        self.over = 0

    def put_in(self, days: list[int]) -> None:
        for day in days:
            if self.owed:
                self.owed -= 1
            else:
                self.drawer.append(day)
        self.drawer.sort()

    def take_out(self, amount: int, first: int | None = None) -> None:
        for _ in range(amount):
            if not self.drawer:
                self.owed += 1
            elif first in self.drawer:
                self.drawer.remove(first)
            else:
                self.drawer.pop(0)

    @rule(mark=MARKS, amount=AMOUNTS)
    def earn(self, mark, amount):
        last_day = self.today + LIFE_DAYS
        # Every payment has a minute of its own, later than those that were let go of before.
        minute = self.today * 1440 + int.from_bytes(mark, "big")
        before = self.book
        self.book = earn(before, paid(mark, amount, last_day, minute))
        if mark in self.earned or minute <= before.let_go_until:
            assert self.book == before
        else:
            self.earned[mark] = (amount, last_day)
            self.put_in([last_day] * amount)

    @rule(mark=MARKS)
    def cancel(self, mark):
        before = self.book
        self.book = reverse(before, mark)
        if mark in self.earned:
            amount, last_day = self.earned.pop(mark)
            self.take_out(amount, last_day)
        else:
            assert self.book == before

    @rule(mark=MARKS, amount=AMOUNTS)
    def correct(self, mark, amount):
        self.book = correct(self.book, mark, amount)
        if mark in self.earned and self.earned[mark][0] != amount:
            had, last_day = self.earned[mark]
            self.take_out(had, last_day)
            self.put_in([last_day] * amount)
            self.earned[mark] = (amount, last_day)

    @rule(mark=SPENDINGS, amount=AMOUNTS)
    def spend(self, mark, amount):
        before = self.book
        self.book = spend(before, mark, amount)
        if mark in self.seen:
            assert self.book == before
            return
        self.seen.add(mark)
        if len(self.drawer) >= amount:
            self.spent[mark], self.drawer = self.drawer[:amount], self.drawer[amount:]

    @rule(mark=SPENDINGS)
    def give_back(self, mark):
        before = self.book
        self.book = give_back(before, mark)
        if mark in self.spent:
            self.put_in(self.spent.pop(mark))
        else:
            assert self.book == before

    @rule(days=st.integers(0, 12))
    def live_on(self, days):
        self.today += days
        self.book = expire(self.book, self.today)
        self.over += sum(day < self.today for day in self.drawer)
        self.drawer = [day for day in self.drawer if day >= self.today]
        for mark in [mark for mark, (_, day) in self.earned.items() if day < self.today]:
            del self.earned[mark]

    @rule(mark=MARKS)
    def forget(self, mark):
        self.book = forget(self.book, [mark])
        self.earned.pop(mark, None)

    @invariant()
    def it_balances(self):
        book = self.book
        assert book.issued + book.held + book.spent + book.expired == 0
        assert book.held == len(self.drawer) - self.owed
        assert book.spent == sum(map(len, self.spent.values()))
        assert book.expired == self.over
        assert [lot.last_day for lot in book.lots for _ in range(lot.amount)] == self.drawer
        assert {one.mark: (one.amount, one.last_day) for one in book.earned} == self.earned


@pytest.mark.timeout(times(240, long=7_200))
def test_a_book_says_what_a_drawer_of_single_points_would_hold_after_any_acts():
    run_state_machine_as_test(
        OnePointAtATime,
        settings=settings(max_examples=SEQUENCES, stateful_step_count=30, deadline=None),
    )


@st.composite
def books(draw) -> Book:
    """Any book that acts lead to."""
    book = Book()
    for number in range(draw(st.integers(0, 8))):
        mark = number.to_bytes(7, "big")
        act = draw(st.sampled_from(("earn", "earn", "spend", "reverse", "give_back")))
        amount, day = draw(AMOUNTS), draw(st.integers(5, 30))
        match act:
            case "earn":
                book = earn(book, paid(mark, amount, day, MINUTE + number))
            case "spend":
                book = spend(book, bytes(7) + mark, amount)
            case "reverse":
                book = reverse(book, draw(st.integers(0, 8)).to_bytes(7, "big"))
            case "give_back":
                book = give_back(book, bytes(7) + draw(st.integers(0, 8)).to_bytes(7, "big"))
    return book


NEW = b"new one"


@given(books(), AMOUNTS, st.integers(5, 30))
def test_to_reverse_what_was_just_earned_leaves_nothing_of_it(book, amount, last_day):
    assert reverse(earn(book, paid(NEW, amount, last_day, MINUTE + 99)), NEW) == book


@given(books(), AMOUNTS)
def test_to_give_back_what_was_just_spent_leaves_all_that_was_held(book, amount):
    assume(book.held >= amount)
    after = give_back(spend(book, NEW, amount), NEW)
    assert replace(after, spendings=book.spendings) == book
    assert give_back(after, NEW) == after


@given(books(), AMOUNTS)
def test_nothing_is_spent_twice_under_one_mark(book, amount):
    once = spend(book, NEW, amount)
    assert spend(once, NEW, amount) == once
    assert spend(give_back(once, NEW), NEW, amount) == give_back(once, NEW)


@given(books(), AMOUNTS, AMOUNTS)
def test_a_payment_corrected_and_corrected_back_has_earned_what_it_had(book, first, second):
    book = earn(book, paid(NEW, first, 20, MINUTE + 99))
    assert correct(correct(book, NEW, second), NEW, first).held == book.held


def test_what_expires_first_is_spent_first():
    book = earn(earn(Book(), paid(b"late", 5, 30)), paid(b"soon", 5, 10, MINUTE + 1))
    assert spend(book, NEW, 7).lots == (Lot(last_day=30, amount=3),)


def test_what_is_good_until_today_can_still_be_spent_and_tomorrow_it_is_over():
    book = earn(Book(), paid(NEW, 5, last_day=10))
    assert expire(book, 10).held == 5
    over = expire(book, 11)
    assert (over.held, over.expired, over.earned) == (0, 5, ())


def test_a_payment_cancelled_after_its_points_are_over_takes_nothing_from_others():
    book = earn(earn(Book(), paid(b"old", 5, 10)), paid(b"new", 5, 30, MINUTE + 1))
    assert reverse(expire(book, 11), b"old").held == 5


def test_held_falls_below_zero_and_the_next_payment_fills_it_up():
    book = reverse(spend(earn(Book(), paid(b"a", 10)), NEW, 10), b"a")
    assert (book.held, book.lots) == (-10, ())
    book = earn(book, paid(b"b", 12, 25, MINUTE + 1))
    assert (book.held, book.lots) == (2, (Lot(last_day=25, amount=2),))


def test_the_oldest_payment_over_the_limit_keeps_its_points_and_never_earns_again():
    book = Book()
    for number in range(MAX_EARNED + 3):
        book = earn(book, paid(number.to_bytes(7, "big"), 1, 20, MINUTE + number))
    assert (book.held, len(book.earned)) == (MAX_EARNED + 3, MAX_EARNED)
    assert earn(book, paid((0).to_bytes(7, "big"), 1, 20, MINUTE)) == book
    assert reverse(book, (0).to_bytes(7, "big")) == book


@pytest.mark.parametrize(
    "wrong",
    [
        {"issued": -1},
        {"issued": -5, "held": 5},
        {"issued": -5, "held": 5, "lots": (Lot(last_day=2, amount=4),)},
        {"issued": -2, "held": 2, "lots": (Lot(last_day=2, amount=1), Lot(last_day=1, amount=1))},
        {"lots": (Lot(last_day=2, amount=0),)},
    ],
)
def test_a_book_that_does_not_balance_is_none(wrong):
    with pytest.raises(BadInput):
        Book(**wrong)
