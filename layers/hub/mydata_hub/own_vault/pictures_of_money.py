"""Pictures of money: the bills that come back, what is spent on, and the habit of a café."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from mydata_hub.collection.wire import places_of
from mydata_hub.fields import Wording
from mydata_hub.insights.answers import Seen
from mydata_hub.insights.bills import bills_of, evidence_of_bills
from mydata_hub.insights.fold import BANK, CARD, EFIN, State
from mydata_hub.insights.habits import first_whole_day
from mydata_hub.insights.moments import date_of, local_day, minute_of
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.rule import Asked
from mydata_hub.insights.streams import YEARS_DAYS
from mydata_hub.own_vault.behind import Behind, Names, latest, payment_lines
from mydata_hub.own_vault.life_words import CATEGORY_WORDS, OTHER
from mydata_hub.own_vault.pictures import Covered, Picture, is_recent, nothing

MAX_MONTHS: Final = 12
# More would be unreadable side by side; what is left is one more.
MAX_CATEGORIES: Final = 6


def see_bills(payments: State, seen: Seen, covered: Covered, names: Names) -> Picture:
    """What goes out again and again, the next one first: equal amounts of anything every month,
    and bills of a known class in any rhythm, whatever their amount."""
    until, sources = covered.until(CARD, EFIN, BANK)
    equal = seen.finding.evidence.get("streams", [])
    priced = {(one["payee"], one["amount_minor"]) for one in equal}
    priced_payees = {one["payee"] for one in equal}
    others = [one for one in _of_a_class(payments, until) if one["payee"] not in priced_payees]
    if not equal and not others:
        return nothing("bills", until, sources, seen.finding.explanation)
    due = [{name: one.get(name) for name in _SHOWN_OF_A_BILL} for one in (*equal, *others)]
    due.sort(key=lambda one: (one["due_on"], one["payee"]))
    first = due[0]
    word = CATEGORY_WORDS[first["class"] or OTHER]
    on = date.fromisoformat(first["due_on"])
    told = {one["payee"] for one in others} - {""}
    lines = payment_lines(payments, (CARD, EFIN, BANK), names)
    return Picture(
        id="bills",
        sentence=Wording(
            ko=f"다음은 {on.month}월 {on.day}일쯤 ‘{first['payee'] or word.ko}’ 차례예요.",
            en=f"Next is “{first['payee'] or word.en}”, around {on.day} {on:%B}.",
        ),
        support=Wording(
            ko=f"되풀이해서 나가는 돈이 {len(due)}건 있고, 이건 {first['times']}번 있었어요.",
            en=f"{len(due)} payments come back; this one was seen {first['times']} times.",
        ),
        figures={"bills": due},
        behind=latest(
            one for one in lines if (one.name, one.amount_minor) in priced or one.name in told
        ),
        complete_until=until,
        sources=sources,
    )


def _of_a_class(payments: State, until: datetime | None) -> list[dict[str, Any]]:
    """The bills of a known class that go on, by their own name or that of the class."""
    if until is None:
        return []
    asked = Asked(state=payments, now=until, collected_only=False, inputs=PAYMENTS.inputs)
    active = [bill for bill in bills_of(asked, YEARS_DAYS) if bill.is_active(asked.today)]
    return evidence_of_bills(asked, active)


def see_spending(payments: State, covered: Covered, names: Names, now: datetime) -> Picture:
    """What was paid by category, for months that are remembered whole and the present one."""
    until, sources = covered.until(CARD, EFIN, BANK)
    currencies = {currency for _, currency in names.values()}
    if len(currencies) != 1:
        # The vault keeps the currency of those payments only whose name it keeps.
        words = _SEVERAL if currencies else _TOO_LITTLE
        return nothing("spending", until, sources, words)
    (currency,) = currencies
    months, lines = _by_month(payments, names, now)
    if not months:
        return nothing("spending", until, sources, _NO_MONTH)
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
        if one.category == "cafe" and is_recent(one, today)
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


_TOO_LITTLE: Final = Wording(
    ko="돈의 쓰임을 나눠 보여 드릴 만큼 아직 알지 못해요.",
    en="Too little is known yet to add up what you spend.",
)
_SEVERAL: Final = Wording(
    ko="여러 나라 돈으로 결제해서 더하지 않았어요.",
    en="You pay in several currencies, so nothing is added up.",
)
_NO_MONTH: Final = Wording(ko="아직 한 달을 다 알지 못해요.", en="No month is known in full yet.")
_SHOWN_OF_A_BILL: Final = (
    "payee",
    "class",
    "cadence",
    "amount_minor",
    "currency",
    "due_on",
    "times",
)
