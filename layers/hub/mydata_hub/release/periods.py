"""Periods: calendar spans that begin on the same local day for everybody, so nobody's own day of
asking can move them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from mydata_hub.consent.grant import FrequencyUnit
from mydata_hub.fields import LOCAL
from mydata_hub.insights.claim import AnswerPeriod

_MONTHS: Final = {AnswerPeriod.QUARTER: 3, AnswerPeriod.HALF_YEAR: 6, AnswerPeriod.YEAR: 12}
_THIRTY: Final = 30


def answer_period(period: AnswerPeriod, now: datetime) -> str:
    """The period that `now` lies in, as `<first day>/<length>`: "2026-01-01/P3M"."""
    today = now.astimezone(LOCAL).date()
    months = _MONTHS.get(period)
    if months is None:
        first = date.fromordinal(today.toordinal() // _THIRTY * _THIRTY)
    else:
        first = today.replace(month=(today.month - 1) // months * months + 1, day=1)
    return f"{first.isoformat()}/{period.value}"


def period_end(period: str) -> date:
    """The first day after a period."""
    begun, _, length = period.partition("/")
    first, kind = date.fromisoformat(begun), AnswerPeriod(length)
    if kind not in _MONTHS:
        return first + timedelta(days=_THIRTY)
    month = first.month - 1 + _MONTHS[kind]
    return date(first.year + month // 12, month % 12 + 1, 1)


def is_present(period: str, now: datetime) -> bool:
    """Whether `now` lies before the period's end: a clock that was set back renews nothing."""
    return now.astimezone(LOCAL).date() < period_end(period)


def frequency_unit(unit: FrequencyUnit, now: datetime) -> date:
    """The first local day of the day, week (from Monday) or month that a frequency counts in."""
    today = now.astimezone(LOCAL).date()
    if unit is FrequencyUnit.WEEK:
        return today - timedelta(days=today.weekday())
    return today.replace(day=1) if unit is FrequencyUnit.MONTH else today
