"""Pictures: a person's weeks, bills, spending and ways, each a sentence, its support and figures.

Pure: read from the profile as the person's own view has it (insights/own_words.py). What cannot be
said honestly has a sentence that says why, and no figures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from mydata_hub.collection.wire import places_of
from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.answers import Seen
from mydata_hub.insights.commute import MODES, SETS_OUT
from mydata_hub.insights.fold import BANK, CARD, CONTRACTS, EFIN, TRIPS, State
from mydata_hub.insights.habits import first_whole_day
from mydata_hub.insights.insurance import CONTRACTS_FOLD
from mydata_hub.insights.moments import (
    WEEK_DAYS,
    date_of,
    is_weekday,
    local_day,
    minute_of,
    minute_of_day,
)
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.sources import SOURCES
from mydata_hub.own_vault.behind import (
    Behind,
    Names,
    latest,
    line_of,
    payment_lines,
    trip_lines,
)
from mydata_hub.own_vault.life_words import CATEGORY_WORDS, COMMUTES, DAY_WORDS, OTHER

WEEKS: Final = 8
MAX_MONTHS: Final = 12
# More would be unreadable side by side; what is left is one more.
MAX_CATEGORIES: Final = 6
HALF_HOURS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One thought: a sentence, its support, figures for a chart and a table, and what is behind."""

    id: str
    sentence: Wording
    # None where the sentence says all there is.
    support: Wording | None
    figures: Mapping[str, Any]
    behind: Sequence[Behind]
    # How far its sources are complete, and how many connections they are.
    complete_until: datetime | None
    sources: int

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw; the sentence says why."""
        return not self.figures


class Covered:
    """How far the sources of some datasets reach; for the person's eyes."""

    def __init__(self, profile: Profile, now: datetime) -> None:
        self._since = fold_state(profile, SOURCES)["since"]
        self._freshness = profile.freshness
        self._now = now

    def until(self, *datasets: Dataset) -> tuple[datetime | None, int]:
        """The latest instant that their sources are complete to, and how many sources they are."""
        found = [connection for connection, by in self._since.items() if set(by) & set(datasets)]
        fresh = [min(self._freshness[one], self._now) for one in found if one in self._freshness]
        return max(fresh, default=None), len(found)


def see_week(
    payments: State,
    trips: State,
    covered: Covered,
    names: Names,
    now: datetime,
) -> Picture:
    """When in the week something happens: payments by card and phone, and trips."""
    today = local_day(minute_of(now))
    lines = [
        *payment_lines(payments, (CARD, EFIN), names),
        *trip_lines(trips),
    ]
    lines = [one for one in lines if _is_recent(one, today)]
    counts = [[0] * 24 for _ in range(WEEK_DAYS)]
    for one in lines:
        minute = minute_of(one.at)
        counts[local_day(minute) % WEEK_DAYS][minute_of_day(minute) // 60] += 1
    until, sources = covered.until(CARD, EFIN, TRIPS)
    if not lines:
        return _nothing("week", until, sources, _NO_WEEK)
    most = max((counts[day][hour], -day, -hour) for day in range(WEEK_DAYS) for hour in range(24))
    day, hour = -most[1], -most[2]
    return Picture(
        id="week",
        sentence=Wording(
            ko=f"{DAY_WORDS[day].ko}요일 {hour}시쯤에 가장 많은 일이 있어요.",
            en=f"Most happens on {DAY_WORDS[day].en}s around {hour}:00.",
        ),
        support=Wording(
            ko=f"지난 {WEEKS}주의 결제와 이동 {len(lines)}건 중 {most[0]}건이 그때예요.",
            en=f"{most[0]} of {len(lines)} payments and trips in the last {WEEKS} weeks.",
        ),
        figures={"counts": counts},
        behind=latest(lines),
        complete_until=until,
        sources=sources,
    )


def see_bills(payments: State, seen: Seen, covered: Covered, names: Names) -> Picture:
    """What goes out every month, the next one first."""
    streams = seen.finding.evidence.get("streams", [])
    until, sources = covered.until(CARD, EFIN, BANK)
    if not streams:
        return _nothing("bills", until, sources, seen.finding.explanation)
    due = [
        {
            "payee": one["payee"],
            "amount_minor": one["amount_minor"],
            "currency": one["currency"],
            "due_on": one["due_on"],
            "times": one["times"],
        }
        for one in streams
    ]
    due.sort(key=lambda one: (one["due_on"], one["payee"]))
    first = due[0]
    on = date.fromisoformat(first["due_on"])
    known = {(one["payee"], one["amount_minor"]) for one in streams}
    lines = payment_lines(payments, (CARD, EFIN, BANK), names)
    return Picture(
        id="bills",
        sentence=Wording(
            ko=f"다음은 {on.month}월 {on.day}일쯤 ‘{first['payee']}’ 차례예요.",
            en=f"Next is “{first['payee']}”, around {on.day} {on:%B}.",
        ),
        support=Wording(
            ko=f"매달 나가는 돈이 {len(due)}건 있고, 이건 {first['times']}번 있었어요.",
            en=f"{len(due)} payments go out every month; this one was seen {first['times']} times.",
        ),
        figures={"bills": due},
        behind=latest(one for one in lines if (one.name, one.amount_minor) in known),
        complete_until=until,
        sources=sources,
    )


def see_spending(payments: State, covered: Covered, names: Names, now: datetime) -> Picture:
    """What was paid by category, for months that are remembered whole and the present one."""
    until, sources = covered.until(CARD, EFIN, BANK)
    currencies = {currency for _, currency in names.values()}
    if len(currencies) != 1:
        # The vault keeps the currency of those payments only whose name it keeps.
        words = _SEVERAL if currencies else _TOO_LITTLE
        return _nothing("spending", until, sources, words)
    (currency,) = currencies
    months, lines = _by_month(payments, names, now)
    if not months:
        return _nothing("spending", until, sources, _NO_MONTH)
    total = sum(months.values(), Counter[str]())
    top = [name for name, _ in total.most_common() if name != OTHER][:MAX_CATEGORIES]
    rest = [OTHER] if set(total) - set(top) else []
    most = CATEGORY_WORDS[top[0] if top else OTHER]
    share = (total[top[0]] if top else total[OTHER]) * 100 // total.total()
    return Picture(
        id="spending",
        sentence=Wording(
            ko=f"‘{most.ko}’에 가장 많이 써요.", en=f"Most goes to {most.en.lower()}."
        ),
        support=Wording(
            ko=f"{len(months)}달 동안 쓴 돈의 {share}%예요. 분류 없는 이체는 넣지 않았어요.",
            en=f"{share}% of what you spent in {len(months)} months. "
            "Transfers without a category are left out.",
        ),
        figures={
            "currency": currency,
            "places": places_of(currency),
            "categories": [*top, *rest],
            "months": [
                {
                    "month": month,
                    "whole": month < _month_of(local_day(minute_of(now))),
                    "amounts_minor": {
                        **{name: spent[name] for name in top},
                        **{name: sum(spent.values()) - _sum(spent, top) for name in rest},
                    },
                }
                for month, spent in months.items()
            ],
        },
        behind=latest(lines),
        complete_until=until,
        sources=sources,
    )


def _by_month(
    payments: State, names: Names, now: datetime
) -> tuple[dict[str, Counter[str]], list[Behind]]:
    """What was paid in each month that memory does not begin in, and the payments of these."""
    datasets = (CARD, EFIN, BANK)
    every = PAYMENTS.payments(payments, collected_only=False)
    first = first_whole_day(payments, every, now)
    begins = _month_of(first) if date_of(first).day > 1 else ""
    months: dict[str, Counter[str]] = defaultdict(Counter)
    shown = []
    for one in payment_lines(payments, datasets, names):
        month = _month_of(local_day(minute_of(one.at)))
        # Transfers between accounts and card bills have no category, and would count twice.
        if month > begins and (one.category or one.dataset != BANK):
            months[month][one.category or OTHER] += one.amount_minor or 0
            shown.append(one)
    kept = sorted(months)[-MAX_MONTHS:]
    return {month: months[month] for month in kept}, shown


def _sum(spent: Mapping[str, int], names: Sequence[str]) -> int:
    return sum(spent.get(name, 0) for name in names)


def _month_of(day: int) -> str:
    return f"{date_of(day):%Y-%m}"


def see_commute(trips: State, seen: Seen, covered: Covered, now: datetime) -> Picture:
    """When the first trip of a weekday morning sets out, and by what."""
    today = local_day(minute_of(now))
    until, sources = covered.until(TRIPS)
    first: dict[int, Behind] = {}
    for one in trip_lines(trips):
        minute = minute_of(one.at)
        day = local_day(minute)
        morning = SETS_OUT[0] <= minute_of_day(minute) < SETS_OUT[1]
        looked_at = morning and is_weekday(day) and _is_recent(one, today)
        if looked_at and (day not in first or one.at < first[day].at):
            first[day] = one
    if not first:
        return _nothing("commute", until, sources, seen.finding.explanation)
    begin, end = (minute // 60 for minute in SETS_OUT)
    slots = [
        f"{hour}:{half * 60 // HALF_HOURS:02d}"
        for hour in range(begin, end)
        for half in range(HALF_HOURS)
    ]
    counts: dict[str, list[int]] = {mode: [0] * len(slots) for mode in MODES}
    for one in first.values():
        at = (minute_of_day(minute_of(one.at)) - SETS_OUT[0]) * HALF_HOURS // 60
        counts[str(one.mode)][at] += 1
    words = COMMUTES[str(seen.finding.cell)]
    return Picture(
        id="commute",
        sentence=words,
        support=seen.finding.explanation,
        figures={
            "slots": slots,
            "modes": {mode: days for mode, days in counts.items() if any(days)},
        },
        behind=latest(first.values()),
        complete_until=until,
        sources=sources,
    )


def see_cafe(
    payments: State,
    seen: Seen,
    covered: Covered,
    names: Names,
    now: datetime,
) -> Picture:
    """The habit of a café, and the payments that it rests on."""
    until, sources = covered.until(CARD, EFIN)
    evidence, finding = seen.finding.evidence, seen.finding
    today = local_day(minute_of(now))
    lines = [
        one
        for one in payment_lines(payments, (CARD, EFIN), names)
        if one.category == "cafe" and _is_recent(one, today)
    ]
    sentence = finding.explanation
    if finding.cell is not None and evidence.get("regularity") == "routine":
        middle = (evidence["first_minute"] + evidence["last_minute"]) // 2
        hour = (middle + 30) // 60 % 24
        sentence = Wording(
            ko=f"{'오전' if hour < 12 else '오후'} {(hour - 1) % 12 + 1}시쯤 커피를 마셔요.",
            en=f"Coffee around {(hour - 1) % 12 + 1} in the "
            f"{'morning' if hour < 12 else 'afternoon' if hour < 18 else 'evening'}.",
        )
    return Picture(
        id="cafe",
        sentence=sentence,
        support=finding.explanation,
        figures={key: evidence[key] for key in ("weekdays", "days_in_hour") if key in evidence}
        if lines
        else {},
        behind=latest(lines),
        complete_until=until,
        sources=sources,
    )


def see_cover(own: Profile, seen: Seen, covered: Covered) -> Picture:
    """The years without a loss on a car contract: what a dispute could better."""
    until, sources = covered.until(CONTRACTS)
    lines = [
        line_of(CONTRACTS, known)
        for known in CONTRACTS_FOLD.known(fold_state(own, CONTRACTS_FOLD), CONTRACTS)
    ]
    return Picture(
        id="cover",
        sentence=seen.finding.explanation,
        support=Wording(
            ko="틀렸다고 알리면, 다시 확인될 때까지 서비스에 이 답을 주지 않아요.",
            en="If you say it is wrong, no service gets this answer until it is cleared up.",
        ),
        figures={"contracts": len(lines)} if lines else {},
        behind=latest(lines),
        complete_until=until,
        sources=sources,
    )


def _is_recent(one: Behind, today: int) -> bool:
    return today - WEEK_DAYS * WEEKS <= local_day(minute_of(one.at)) < today


def _nothing(name: str, until: datetime | None, sources: int, why: Wording) -> Picture:
    return Picture(
        id=name,
        sentence=why,
        support=None,
        figures={},
        behind=(),
        complete_until=until,
        sources=sources,
    )


_TOO_LITTLE: Final = Wording(
    ko="돈의 쓰임을 나눠 보여 드릴 만큼 아직 알지 못해요.",
    en="Too little is known yet to add up what you spend.",
)
_SEVERAL: Final = Wording(
    ko="여러 나라 돈으로 결제해서 더하지 않았어요.",
    en="You pay in several currencies, so nothing is added up.",
)
_NO_MONTH: Final = Wording(ko="아직 한 달을 다 알지 못해요.", en="No month is known in full yet.")
_NO_WEEK: Final = Wording(
    ko="지난 8주에는 결제도 이동도 보이지 않아요.",
    en="No payment and no trip shows in the last 8 weeks.",
)
