"""Lives: two years of facts from a described life, with seeded noise.

What happens on a day depends on the seed, the person and that day alone, so a world that ends a
month later tells the months before it in the same words: a restart changes nothing.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from mydata_hub.samples.accounts import book_statement, book_transfers
from mydata_hub.samples.chances import BASE_YEAR, DAY, SEED, at_minute, chance, months, price_on
from mydata_hub.samples.facts import KST, Bill, Change, Cover, Holding, Life, Purchase, Trip
from mydata_hub.samples.holidays import is_working_day, next_banking_day
from mydata_hub.samples.people import Habit, Person, Ride

YEARS: Final = timedelta(days=731)
# Lived before the two years begin, so that the first bill and the first balance are whole.
_BEFORE: Final = timedelta(days=100)
_BILL_DAY: Final = 14
CANCELLED_SHARE: Final = 0.012
LATE_SHARE: Final = 0.015


@functools.lru_cache(maxsize=16)
def live(person: Person, until: datetime, seed: int = SEED) -> Life:
    """The two years of a person that end at an instant."""
    until = until.astimezone(KST)
    since = until - YEARS
    begin = (since - _BEFORE).date()
    days = [begin + DAY * number for number in range((until.date() - begin).days + 1)]
    purchases = _numbered([bought for day in days for bought in _bought(person, day, seed)])
    bills = [_bill(person, month, purchases, seed) for month in months(begin, until.date())]
    transfers = [told for told in book_transfers(person, days, bills, seed) if told.at <= until]
    statement = book_statement(person, days, seed)
    trips = [trip for day in days for trip in _trips(person, day, seed)]
    return Life(
        until=until,
        purchases=tuple(told for told in purchases if since <= told.at <= until),
        transfers=tuple(told for told in transfers if since <= told.at),
        own_statement=tuple(told for told in statement if since <= told.at <= until),
        bills=tuple(bill for bill in bills if since.date() <= bill.month <= until.date()),
        trips=tuple(trip for trip in trips if since <= trip.depart_at <= until),
        covers=tuple(_covers(person, since.date(), until.date())),
        holdings=tuple(_holdings(person, until.date(), seed)),
        balance=transfers[-1].balance if transfers else 0,
    )


@functools.cache
def leave(person: Person, year: int, seed: int) -> frozenset[date]:
    """A week in summer and three single days on which the person is away."""
    roll = chance(seed, person, "leave", date(year, 1, 1))
    summer = date(year, 7, 13) + DAY * roll.randrange(35)
    single = {date(year, 1, 10) + DAY * roll.randrange(350) for _ in range(3)}
    return frozenset({summer + DAY * number for number in range(7)} | single)


def works(person: Person, day: date, seed: int) -> bool:
    """Whether the person goes to work on a day."""
    return is_working_day(day) and day not in leave(person, day.year, seed)


def _bought(person: Person, day: date, seed: int) -> Iterator[Purchase]:
    for habit in person.habits:
        if day.weekday() not in habit.days or (habit.with_work and not works(person, day, seed)):
            continue
        roll = chance(seed, person, habit.name, day)
        for _ in range(habit.times):
            if roll.random() < habit.share:
                yield _habitual(habit, day, roll)
    for standing in person.standings:
        if standing.through == "credit" and day.day == standing.day:
            at = at_minute(day, 185 + standing.day)
            amount = price_on(day, standing.amount, standing.rise)
            yield _purchase("credit", at, standing.payee, amount)
    if person.car is not None and (day.month, day.day) == (9, 14):
        yield _purchase("credit", at_minute(day, 700), "샘플손해보험 자동차", 684_000)


def _habitual(habit: Habit, day: date, roll: Random) -> Purchase:
    at = at_minute(day, roll.triangular(*habit.time))
    usual = roll.random() < 0.7 or len(habit.merchants) == 1
    merchant = habit.merchants[0] if usual else roll.choice(habit.merchants[1:])
    amount = price_on(day, roll.randrange(*habit.price, 100), habit.rise)
    bought = _purchase(habit.through, at, merchant, amount)
    if habit.instalments and amount > 50_000:
        bought = replace(bought, instalments=habit.instalments)
    if roll.random() < LATE_SHARE:
        bought = replace(bought, told_at=at + roll.randrange(18, 90) * timedelta(hours=1))
    if habit.reserves:
        settled = Change(kind="corrected", at=bought.told_at + DAY, amount=amount)
        return replace(bought, amount=habit.reserves, change=settled)
    if roll.random() < CANCELLED_SHARE:
        weeks_later = bought.told_at + roll.randrange(3, 36) * DAY
        return replace(bought, change=Change(kind="cancelled", at=weeks_later))
    return bought


def _purchase(through: str, at: datetime, merchant: str, amount: int) -> Purchase:
    return Purchase(
        number="",
        through=through,  # type: ignore[arg-type]  # a habit's word is one of a purchase's
        at=at,
        merchant=merchant,
        amount=amount,
        instalments=0,
        told_at=at,
    )


def _numbered(purchases: list[Purchase]) -> list[Purchase]:
    """In the order of time, each with a number of its own, as approvals have them."""
    counts: dict[date, int] = defaultdict(int)
    numbered = []
    for bought in sorted(purchases, key=lambda bought: (bought.at, bought.merchant)):
        day = bought.at.date()
        counts[day] += 1
        number = f"{day.toordinal() % 10_000:04d}{counts[day]:04d}"
        numbered.append(replace(bought, number=number))
    return numbered


def _bill(person: Person, month: date, purchases: list[Purchase], seed: int) -> Bill:
    """What was bought by credit in the month before, less what was taken back in it."""
    before = (month - DAY).replace(day=1)
    close = at_minute(month, 0)
    amount = 0
    for bought in purchases:
        if bought.through != "credit":
            continue
        if before <= bought.at.date() < month:
            amount += bought.paid_by(close)
        elif bought.change and bought.at.date() < before <= bought.change.at.date() < month:
            amount += bought.paid_by(close) - bought.amount
    roll = chance(seed, person, "bill", month)
    late = roll.random() * 100 < person.late_bills
    due = next_banking_day(month.replace(day=_BILL_DAY))
    paid = next_banking_day(due + DAY * roll.randrange(3, 13)) if late else due
    return Bill(
        month=month, amount=max(amount, 0), due_on=due, paid_on=paid, limit=person.credit_limit
    )


def _trips(person: Person, day: date, seed: int) -> Iterator[Trip]:
    made = 0
    for ride in person.rides:
        roll = chance(seed, person, ride.legs[0][1], day)
        if (ride.with_work and not works(person, day, seed)) or roll.random() >= ride.share:
            continue
        for back in (False, True):
            made += 1
            yield _trip(ride, day, roll, back, f"{person.id}-trip-{day:%Y%m%d}-{made}")


def _trip(ride: Ride, day: date, roll: Random, back: bool, trip_id: str) -> Trip:
    at = departs = at_minute(day, roll.triangular(*(ride.home if back else ride.out)))
    legs = []
    for mode, line, start, end, minutes in reversed(ride.legs) if back else ride.legs:
        arrives = at + timedelta(minutes=minutes + roll.randrange(4))
        legs.append(
            {
                "mode": mode,
                "line": line,
                "from": end if back else start,
                "to": start if back else end,
                "depart_at": at.isoformat(),
                "arrive_at": arrives.isoformat(),
            }
        )
        at = arrives + timedelta(minutes=roll.randrange(2, 6))
    modes = {leg[0] for leg in ride.legs}
    fare = price_on(day, ride.fare, 3)
    change = None
    if roll.random() < 0.01:
        # Somebody forgot to tap out; the fare is put right, or the trip taken back, a day later.
        kind = "corrected" if roll.random() < 0.5 else "cancelled"
        change = Change(kind=kind, at=at + DAY, amount=fare - 100)  # type: ignore[arg-type]
    return Trip(
        trip_id=trip_id,
        mode=modes.pop() if len(modes) == 1 else "mixed",
        legs=tuple(legs),
        depart_at=departs,
        arrive_at=arrives,
        fare=fare,
        distance_m=ride.distance_m,
        told_at=arrives + (roll.random() < LATE_SHARE) * 2 * DAY,
        change=change,
    )


def _covers(person: Person, since: date, until: date) -> Iterator[Cover]:
    if person.car is None:
        return
    car, years = person.car
    for year in range(since.year - 1, until.year + 1):
        starts, ends = date(year, 9, 14), date(year + 1, 9, 13)
        if ends < since or starts > until:
            continue
        free = years + year - BASE_YEAR
        if person.loss_on is not None and person.loss_on < starts:
            free = (starts - person.loss_on).days // 365
        yield Cover(
            number=f"SAMPLE-CAR-{year}",
            car=car,
            starts_on=starts,
            ends_on=ends,
            loss_free_years=max(free, 0),
        )


def _holdings(person: Person, day: date, seed: int) -> Iterator[Holding]:
    for code, name, kind, cost in person.holdings:
        value = round(cost * chance(seed, person, code, day).uniform(0.92, 1.18))
        yield Holding(code=code, name=name, kind=kind, cost=cost, value=value)
