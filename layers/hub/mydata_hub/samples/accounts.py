"""Bank accounts of sample people: pay comes, standing payments go, a savings plan takes the rest.

On the first banking day of each month the plan leaves a fixed sum, so a balance depends on what
happened since then and not on where the two years begin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from mydata_hub.samples.chances import DAY, at_minute, chance, months, price_on
from mydata_hub.samples.facts import Bill, Transfer
from mydata_hub.samples.holidays import last_banking_day, next_banking_day
from mydata_hub.samples.people import Person

_WINTER: Final = (12, 1, 2)
_STATEMENT_KEEPS: Final = 700_000
_INTEREST: Final = 1.02


class Entry(NamedTuple):
    """A movement before it is booked; won, negative where the person pays."""

    at: datetime
    kind: str
    party: str
    amount: int


def book_transfers(
    person: Person, days: Sequence[date], bills: Iterable[Bill], seed: int
) -> list[Transfer]:
    """The account that providers know."""
    entries = [
        Entry(at_minute(bill.paid_on, 372), "카드대금", "샘플카드 대금", -bill.amount)
        for bill in bills
        if bill.amount
    ]
    for day in days:
        entries.extend(_pay(person, day, seed))
        roll = chance(seed, person, "friends", day)
        if roll.random() < 0.08:
            amount = -roll.randrange(10_000, 90_000, 1_000)
            at = at_minute(day, roll.randrange(620, 1400))
            entries.append(Entry(at, "간편송금", "친구 (샘플)", amount))
    entries.extend(_standings(person, days, seed, "bank"))
    return _book(entries, person.keeps, "적금", "샘플적금")


def book_statement(person: Person, days: Sequence[date], seed: int) -> list[Transfer]:
    """The account whose statement the person brings."""
    entries = [*_standings(person, days, seed, "statement")]
    for day in days:
        roll = chance(seed, person, "statement", day)
        if roll.random() < 0.15:
            amount = -roll.randrange(4_000, 45_000, 100)
            at = at_minute(day, roll.randrange(620, 1300))
            entries.append(Entry(at, "체크카드", "샘플마트 망원점", amount))
    return _book(entries, _STATEMENT_KEEPS, "이체", "본인 계좌 (샘플)")


def _pay(person: Person, day: date, seed: int) -> Iterator[Entry]:
    """Monthly pay on the last banking day up to its day, or pay that comes when it comes."""
    amount, payer, pay_day = person.pay
    if amount:
        if day == last_banking_day(day.replace(day=pay_day)):
            yield Entry(at_minute(day, 421), "급여", payer, amount)
        return
    roll = chance(seed, person, "pay", day)
    if roll.random() < 0.06:
        won = roll.randrange(3, 17) * 100_000
        yield Entry(at_minute(day, roll.randrange(620, 1080)), "입금", payer, won)


def _standings(person: Person, days: Sequence[date], seed: int, through: str) -> Iterator[Entry]:
    """Debits on their day or the next banking day, and now and then late, with interest."""
    for number, standing in enumerate(person.standings):
        if standing.through != through:
            continue
        for month in months(days[0], days[-1]):
            due = next_banking_day(month.replace(day=standing.day))
            # What is due on one day is late together: the account was empty.
            luck = chance(seed, person, f"late {standing.day}", month)
            late = luck.random() * 100 < standing.late
            paid = next_banking_day(due + luck.randrange(4, 15) * DAY) if late else due
            amount = float(price_on(due, standing.amount, standing.rise))
            if standing.winter:
                more = standing.winter if due.month in _WINTER else 0
                noise = chance(seed, person, standing.name, month).randrange(-8, 9)
                amount *= 1 + (more + noise) / 100
            amount *= _INTEREST if late else 1
            kind = "연체납부" if late else standing.kind
            at = at_minute(paid, 361 + number)
            yield Entry(at, kind, standing.payee, -round(amount / 10) * 10)


def _book(entries: Iterable[Entry], keeps: int, kind: str, party: str) -> list[Transfer]:
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_day[entry.at.date()].append(entry)
    booked: list[Transfer] = []
    balance = keeps
    if not by_day:
        return booked
    day, last = min(by_day), max(by_day)
    while day <= last:
        told = sorted(by_day.get(day, ()))
        if day == next_banking_day(day.replace(day=1)):
            spare = keeps - balance - sum(e.amount for e in told if e.at < at_minute(day, 600))
            told = sorted(
                [*told, Entry(at_minute(day, 600), kind, party, spare)] if spare else told
            )
        for number, entry in enumerate(told, start=1):
            balance += entry.amount
            booked.append(
                Transfer(
                    number=f"{day:%y%m%d}{number:03d}",
                    at=entry.at,
                    kind=entry.kind,
                    party=entry.party,
                    amount=entry.amount,
                    balance=balance,
                )
            )
        day += DAY
    return booked
