"""Korean public holidays with their substitute days: on these the sample people do not work.

The days of the moon calendar come from the almanac of the Korea Astronomy and Space Science
Institute, up to 2030; temporary holidays and election days are left out.
"""

from __future__ import annotations

import functools
from datetime import date, timedelta
from typing import Final

_SUNDAY: Final = 6
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
# Month and day, and whether a weekend moves it to the next working day.
_SOLAR: Final = (
    (1, 1, False),
    (3, 1, True),
    (5, 1, False),  # labour day: banks and offices are closed
    (5, 5, True),
    (6, 6, False),
    (8, 15, True),
    (10, 3, True),
    (10, 9, True),
    (12, 25, True),
)
# Year -> Seollal, Buddha's birthday, Chuseok.
_LUNAR: Final = {
    2021: ((2, 12), (5, 19), (9, 21)),
    2022: ((2, 1), (5, 8), (9, 10)),
    2023: ((1, 22), (5, 27), (9, 29)),
    2024: ((2, 10), (5, 15), (9, 17)),
    2025: ((1, 29), (5, 5), (10, 6)),
    2026: ((2, 17), (5, 24), (9, 25)),
    2027: ((2, 7), (5, 13), (9, 15)),
    2028: ((1, 27), (5, 2), (10, 3)),
    2029: ((2, 13), (5, 20), (9, 22)),
    2030: ((2, 3), (5, 9), (9, 12)),
}


@functools.cache
def holidays(year: int) -> frozenset[date]:
    """The public holidays of a year, those that stand in for others included."""
    days: set[date] = set()
    moved: list[date] = []
    for month, number, moves in _SOLAR:
        day = date(year, month, number)
        # Two holidays on one day give a substitute, too.
        if moves and (day.weekday() >= _SATURDAY or day in days):
            moved.append(day)
        days.add(day)
    feasts = [date(year, *told) for told in _LUNAR.get(year, ())]
    for feast, around in zip(feasts, (1, 0, 1), strict=False):
        for day in (feast + _DAY * offset for offset in range(-around, around + 1)):
            # Seollal and Chuseok move for a Sunday only, Buddha's birthday for a Saturday as well.
            weekend = day.weekday() == _SUNDAY or (not around and day.weekday() == _SATURDAY)
            if weekend or day in days:
                moved.append(day)
            days.add(day)
    for day in moved:
        substitute = day
        while substitute in days or substitute.weekday() >= _SATURDAY:
            substitute += _DAY
        days.add(substitute)
    return frozenset(days)


def is_working_day(day: date) -> bool:
    """Whether offices and banks are open."""
    return day.weekday() < _SATURDAY and day not in holidays(day.year)


def next_banking_day(day: date) -> date:
    """That day, or the first after it on which banks debit."""
    while not is_working_day(day):
        day += _DAY
    return day


def last_banking_day(day: date) -> date:
    """That day, or the last before it on which banks pay."""
    while not is_working_day(day):
        day -= _DAY
    return day
