"""Moments: minutes and local days as integers, which fold states can hold and compare."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from typing import Final

# A Monday, and the earliest instant a record can have is a few hours into it.
_START: Final = datetime(1899, 12, 25, tzinfo=UTC)
_START_DAY: Final = _START.date().toordinal()
_MINUTE: Final = timedelta(minutes=1)
_LOCAL_MINUTES: Final = 9 * 60
DAY_MINUTES: Final = 24 * 60
WEEK_DAYS: Final = 7
WORKING_DAYS: Final = 5
# The partition of the day that habits are told in, and the hours that its parts begin at.
DAY_PARTS: Final = ("before_7", "7_to_9", "9_to_11", "11_to_14", "14_to_18", "after_18")
_PART_HOURS: Final = (0, 7, 9, 11, 14, 18)


def minute_of(at: datetime) -> int:
    """Whole minutes since the beginning of this count; never negative for a record's instant."""
    return (at - _START) // _MINUTE


def instant_of(minute: int) -> datetime:
    """The instant at the beginning of a minute."""
    return _START + minute * _MINUTE


def local_day(minute: int) -> int:
    """The number of the local day; Mondays are divisible by 7."""
    return (minute + _LOCAL_MINUTES) // DAY_MINUTES


def first_minute(day: int) -> int:
    """The minute in which a local day begins."""
    return day * DAY_MINUTES - _LOCAL_MINUTES


def minute_of_day(minute: int) -> int:
    """Minutes since local midnight."""
    return (minute + _LOCAL_MINUTES) % DAY_MINUTES


def part_of_day(minute: int) -> int:
    """The number in DAY_PARTS of the part that a minute falls into."""
    return bisect_right(_PART_HOURS, minute_of_day(minute) // 60) - 1


def date_of(day: int) -> date:
    """The date of a local day."""
    return date.fromordinal(_START_DAY + day)


def day_of(on: date) -> int:
    """The number of a date."""
    return on.toordinal() - _START_DAY


def is_weekday(day: int) -> bool:
    """Monday to Friday; public holidays are weekdays here, and habits allow for them."""
    return day % WEEK_DAYS < WORKING_DAYS


def clock(minute: int) -> str:
    """A minute of the day as people write it."""
    return f"{minute // 60 % 24}:{minute % 60:02d}"
