"""The book of one programme: points or stamps in double entry, each kept until it expires.

Four accounts, whose sum is always 0. What is earned goes from `issued` to `held`, what is spent
from there to `spent`, what expires to `expired`; giving back and reversing are the same postings
the other way. `held` may fall below zero, where a payment is cancelled after its points were spent:
then what is earned next fills it up first. Lots say until when what is held is good; the one that
expires first is spent first, of one day's end all together.

A payment earns once: its mark stays until its points expire, and whatever was paid before the
latest payment that was let go of earns nothing any more.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from mydata_hub.errors import BadInput
from mydata_hub.fields import require_count

MAX_AMOUNT: Final = 1_000_000_000
# Of each programme. Payments over this are the oldest: they keep their points and are let go of.
MAX_EARNED: Final = 32
# What was spent before these cannot be given back any more.
MAX_SPENDINGS: Final = 12


class Account(StrEnum):
    """Where points are: not earned yet (a negative sum), held, spent, or over."""

    ISSUED = "issued"
    HELD = "held"
    SPENT = "spent"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What is held until the end of a local day."""

    last_day: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """A payment, by its dataset and mark (insights/series.py), and what it has earned."""

    mark: bytes
    minute: int
    amount: int
    last_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was spent at once, and out of which lots, so that giving it back gives those back.

    With an amount of 0 it was refused: there was not enough.
    """

    mark: bytes
    amount: int
    lots: tuple[Lot, ...] = ()
    given_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The accounts of one programme, and what they are made of."""

    issued: int = 0
    held: int = 0
    spent: int = 0
    expired: int = 0
    # By their last days, each day once; together what is held, if that is above zero.
    lots: tuple[Lot, ...] = ()
    # By minute and mark.
    earned: tuple[Earned, ...] = ()
    # In the order in which they were spent.
    spendings: tuple[Spending, ...] = ()
    # Payments until this minute that are not among `earned` earn nothing.
    let_go_until: int = -1

    def __post_init__(self) -> None:
        if self.issued + self.held + self.spent + self.expired != 0:
            raise BadInput("book", "takes accounts that balance")
        if sum(lot.amount for lot in self.lots) != max(self.held, 0):
            raise BadInput("book", "takes lots of what is held")
        days = [lot.last_day for lot in self.lots]
        if days != sorted(set(days)) or any(lot.amount <= 0 for lot in self.lots):
            raise BadInput("book", "takes lots in the order of their last days")

    def find_earned(self, mark: bytes) -> Earned | None:
        """What a payment has earned, while that is remembered."""
        return next((one for one in self.earned if one.mark == mark), None)

    def find_spending(self, mark: bytes) -> Spending | None:
        """What was spent under this mark, while that is remembered."""
        return next((one for one in self.spendings if one.mark == mark), None)

    def may_earn(self, mark: bytes, minute: int) -> bool:
        """Whether a payment has earned nothing yet and still may."""
        return minute > self.let_go_until and self.find_earned(mark) is None


def earn(book: Book, one: Earned) -> Book:
    """Issue what a payment earns; the same payment twice, or one too old, changes nothing."""
    return _issue(book, one) if book.may_earn(one.mark, one.minute) else book


def correct(book: Book, mark: bytes, amount: int) -> Book:
    """What a payment has earned becomes another amount: it was corrected."""
    one = book.find_earned(mark)
    if one is None or one.amount == amount:
        return book
    return _issue(reverse(book, mark), replace(one, amount=amount))


def reverse(book: Book, mark: bytes) -> Book:
    """Take back what a payment has earned, from its own lot first: it was cancelled.

    Once its points have expired they are over, and nothing is taken.
    """
    one = book.find_earned(mark)
    if one is None:
        return book
    earned = tuple(had for had in book.earned if had.mark != mark)
    own = [lot for lot in book.lots if lot.last_day == one.last_day]
    others = [lot for lot in book.lots if lot.last_day != one.last_day]
    _, left = _take([*own, *others], one.amount)
    lots = _in_order(left)
    return replace(_moved(book, Account.HELD, Account.ISSUED, one.amount, lots), earned=earned)


def spend(book: Book, mark: bytes, amount: int, wished: Container[bytes] = ()) -> Book:
    """Spend what is held, the soonest to expire first; where there is not enough, remember that.

    A mark that was seen before changes nothing. `wished` are the marks that may come again: while
    one of them is among at most MAX_SPENDINGS, it is not forgotten.
    """
    require_count("amount", amount, 1, MAX_AMOUNT)
    if book.find_spending(mark) is not None:
        return book
    if book.held < amount:
        return _remember(book, Spending(mark=mark, amount=0), wished)
    taken, left = _take(book.lots, amount)
    book = _moved(book, Account.HELD, Account.SPENT, amount, _in_order(left))
    return _remember(book, Spending(mark=mark, amount=amount, lots=tuple(taken)), wished)


def give_back(book: Book, mark: bytes) -> Book:
    """Undo a spending that is remembered, once; what has expired since, expires next."""
    one = book.find_spending(mark)
    if one is None or one.given_back or one.amount == 0:
        return book
    undone = replace(one, given_back=True, lots=())
    spendings = tuple(undone if had.mark == mark else had for had in book.spendings)
    book = _moved(book, Account.SPENT, Account.HELD, one.amount, _filled(book, one.lots))
    return replace(book, spendings=spendings)


def expire(book: Book, today: int) -> Book:
    """Let go of what was good until before a local day, and of the payments that earned it."""
    over = [lot for lot in book.lots if lot.last_day < today]
    left = tuple(lot for lot in book.lots if lot.last_day >= today)
    book = _moved(book, Account.HELD, Account.EXPIRED, sum(lot.amount for lot in over), left)
    return _let_go(book, [one for one in book.earned if one.last_day < today])


def forget(book: Book, marks: Iterable[bytes]) -> Book:
    """Let go of payments that are remembered nowhere else either; their points stay."""
    gone = set(marks)
    return _let_go(book, [one for one in book.earned if one.mark in gone])


def _issue(book: Book, one: Earned) -> Book:
    require_count("amount", one.amount, 0, MAX_AMOUNT)
    if one.amount == 0:
        return book
    earned = tuple(sorted((*book.earned, one), key=lambda had: (had.minute, had.mark)))
    lots = _filled(book, (Lot(last_day=one.last_day, amount=one.amount),))
    book = replace(_moved(book, Account.ISSUED, Account.HELD, one.amount, lots), earned=earned)
    return _let_go(book, book.earned[:-MAX_EARNED])


def _moved(
    book: Book, source: Account, target: Account, amount: int, lots: tuple[Lot, ...]
) -> Book:
    """One posting: what leaves one account comes to another."""
    accounts = {
        source.value: getattr(book, source) - amount,
        target.value: getattr(book, target) + amount,
    }
    return replace(book, **accounts, lots=lots)


def _filled(book: Book, lots: Sequence[Lot]) -> tuple[Lot, ...]:
    """The lots once these come in: what is missing is filled up first, by the soonest to expire."""
    _, left = _take(lots, max(-book.held, 0))
    return _in_order([*book.lots, *left])


def _take(lots: Sequence[Lot], amount: int) -> tuple[list[Lot], list[Lot]]:
    """So much out of the lots in their order, or all: what is taken, and what is left."""
    taken, left = [], []
    for lot in lots:
        out = min(lot.amount, amount)
        amount -= out
        if out:
            taken.append(replace(lot, amount=out))
        if lot.amount > out:
            left.append(replace(lot, amount=lot.amount - out))
    return taken, left


def _in_order(lots: Iterable[Lot]) -> tuple[Lot, ...]:
    days: dict[int, int] = {}
    for lot in lots:
        days[lot.last_day] = days.get(lot.last_day, 0) + lot.amount
    return tuple(Lot(last_day=day, amount=days[day]) for day in sorted(days))


def _let_go(book: Book, gone: Sequence[Earned]) -> Book:
    if not gone:
        return book
    until = max(book.let_go_until, *(one.minute for one in gone))
    marks = {one.mark for one in gone}
    left = tuple(one for one in book.earned if one.mark not in marks)
    return replace(book, earned=left, let_go_until=until)


def _remember(book: Book, one: Spending, wished: Container[bytes]) -> Book:
    spendings = [*book.spendings, one]
    if len(spendings) > MAX_SPENDINGS:
        # Whatever is let go of here and comes again is spent once more.
        spendings.remove(next((had for had in spendings if had.mark not in wished), spendings[0]))
    return replace(book, spendings=tuple(spendings))
