"""Chance and price of a day: of the calendar alone, never of where the two years begin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from mydata_hub.samples.facts import KST
from mydata_hub.samples.people import Person

SEED: Final = 1
DAY: Final = timedelta(days=1)
BASE_YEAR: Final = 2024


def chance(seed: int, person: Person, what: str, day: date) -> Random:
    """The chance that governs one thing on one day."""
    return Random(f"{seed}/{person.id}/{what}/{day}")  # noqa: S311 (made-up lives, no secret)


def price_on(day: date, amount: int, rise: float) -> int:
    """What costs `amount` won in 2024 costs on that day: it rises on the first of March."""
    years = day.year - BASE_YEAR - (day < date(day.year, 3, 1))
    return round(amount * (1 + rise / 100) ** years / 100) * 100


def at_minute(day: date, minute: float) -> datetime:
    """An instant of a day, by the minutes since its midnight in Korea."""
    return datetime.combine(day, time(), KST) + timedelta(seconds=round(minute * 60))


def months(begin: date, end: date) -> Iterator[date]:
    """The first days of the months that touch a span."""
    month = begin.replace(day=1)
    while month <= end:
        yield month
        month = (month + 31 * DAY).replace(day=1)
