"""Income: whether pay comes every month, when, from whom it comes now, and what is left of it."""

from __future__ import annotations

from collections import Counter
from typing import Final

from mydata_hub.insights.bills import MONTHLY, Bill, find_bills, outgoing, usual_third
from mydata_hub.insights.fold import BANK, Finding
from mydata_hub.insights.moments import date_of, local_day
from mydata_hub.insights.payments import LOAN, PAYMENTS, SAVING, Payment
from mydata_hub.insights.recurring import LOOK_BACK_DAYS
from mydata_hub.insights.rule import Asked, Rule, RuleInsight, cell_in, find

MONTHLY_CELL: Final = "monthly"
IRREGULAR: Final = "irregular"
# A salary is most of what came in lately; fewer incomes than this say nothing.
MAIN_PERCENT: Final = 50
LATELY_DAYS: Final = 120
MIN_INCOMES: Final = 3
PAY_DAY_PERCENT: Final = 60
# Percent of the income that is still there, or was saved, over so many whole pay periods.
SAVED: Final = {-(10**9): "under_10", 10: "10_to_29", 30: "30_or_more"}
PERIODS: Final = 3
# An employer is new for so long; between two there may be so long without pay.
NEW_DAYS: Final = 180
BETWEEN_DAYS: Final = 100
YES: Final = "yes"
NO: Final = "no"
_PAY: Final = "pay"


def _incomes(asked: Asked) -> list[Payment]:
    """What came in from others: own savings and lent money are no income."""
    today = asked.today
    return [
        # One class, so that a payer is one stream.
        one._replace(category=_PAY)
        for one in PAYMENTS.incomes(asked.state, collected_only=asked.collected_only)
        if one.category not in (LOAN, SAVING)
        and today - LOOK_BACK_DAYS <= local_day(one.minute) < today
    ]


def find_salary(asked: Asked) -> Bill | None:
    """The monthly income that runs and is most of what came in lately."""
    return _salary(asked, _incomes(asked))


def _salary(asked: Asked, incomes: list[Payment]) -> Bill | None:
    lately, since = Counter[bytes](), asked.today - LATELY_DAYS
    for one in incomes:
        if local_day(one.minute) >= since:
            lately[one.payee] += one.amount_minor
    for bill in find_bills(incomes, (_PAY,)):
        main = lately[bill.payee] * 100 >= MAIN_PERCENT * lately.total()
        if bill.cadence is MONTHLY and bill.is_active(asked.today) and main:
            return bill
    return None


def _regularity(asked: Asked) -> Finding:
    incomes = _incomes(asked)
    salary = _salary(asked, incomes)
    if salary:
        name = PAYMENTS.find_payee(asked.state, salary.payee)
        return find(
            MONTHLY_CELL,
            f"급여가 매달 들어와요. 지금까지 {len(salary.days)}번 있었어요.",
            f"Pay comes every month, seen {len(salary.days)} times.",
            payer=name.name if name else "",
            times=len(salary.days),
            last_on=date_of(salary.days[-1]).isoformat(),
            due_on=salary.due.isoformat(),
        )
    if len(incomes) < MIN_INCOMES:
        return find(
            None,
            "들어온 돈이 적어 답하지 않아요.",
            "Too little came in to answer.",
            incomes=len(incomes),
        )
    return find(
        IRREGULAR,
        f"돈이 {len(incomes)}번 들어왔지만 매달 같은 때는 아니에요.",
        f"Money came in {len(incomes)} times, in no monthly rhythm.",
        incomes=len(incomes),
    )


def _pay_day(asked: Asked) -> Finding:
    salary = find_salary(asked)
    cell = usual_third([salary], PAY_DAY_PERCENT) if salary else None
    if salary is None or cell is None:
        return find(
            None,
            "매달 들어오는 급여가 없어 답하지 않아요.",
            "No pay comes on days of its own: no answer.",
        )
    day = salary.usual_day
    return find(cell, f"급여가 {day}일쯤 들어와요.", f"Pay comes around day {day}.", day=day)


def _saving_rate(asked: Asked) -> Finding:
    incomes = _incomes(asked)
    salary = _salary(asked, incomes)
    if salary is None or len(salary.days) <= PERIODS:
        return find(
            None,
            "매달 들어오는 급여가 없어 답하지 않아요.",
            "Without monthly pay there is no answer.",
        )
    begin, end = salary.days[-1 - PERIODS], salary.days[-1]
    spent = [
        one
        for one in outgoing(asked, LOOK_BACK_DAYS)
        if one.category != SAVING and begin <= local_day(one.minute) < end
    ]
    came = [one for one in incomes if begin <= local_day(one.minute) < end]
    if len({one.currency for one in [*spent, *came]}) > 1:
        return find(
            None,
            "여러 통화가 섞여 있어 답하지 않아요.",
            "Several currencies cannot be added up: no answer.",
        )
    total = sum(one.amount_minor for one in came)
    percent = (total - sum(one.amount_minor for one in spent)) * 100 // total
    return find(
        cell_in(SAVED, percent),
        f"지난 급여 {PERIODS}번 동안 들어온 돈의 {percent}%가 남았어요.",
        f"Over {PERIODS} pays, {percent} % of what came in was left.",
        percent=percent,
        since=date_of(begin).isoformat(),
        until=date_of(end).isoformat(),
    )


def _new_employer(asked: Asked) -> Finding:
    incomes = _incomes(asked)
    salary = _salary(asked, incomes)
    cell = None
    if salary:
        began = salary.days[0]
        before = any(
            bill.payee != salary.payee
            and bill.cadence is MONTHLY
            and 0 <= began - bill.days[-1] <= BETWEEN_DAYS
            for bill in find_bills(incomes, (_PAY,))
        )
        if began < asked.today - NEW_DAYS:
            cell = NO
        elif before:
            cell = YES
    ko, en = {
        YES: ("급여를 주는 곳이 바뀌었어요.", "Your pay comes from another payer than before."),
        NO: ("급여를 주는 곳이 그대로예요.", "Your pay comes from the same payer as before."),
        None: ("급여가 바뀐 것을 알 수 없어 답하지 않아요.", "Your pay does not tell: no answer."),
    }[cell]
    since = date_of(salary.days[0]).isoformat() if salary else None
    return find(cell, ko, en, since=since)


def _insight(attribute: str, rule: Rule) -> RuleInsight:
    return RuleInsight(attribute=attribute, fold=PAYMENTS, inputs=(BANK,), rule=rule)


REGULARITY: Final = _insight("income.regularity", _regularity)
PAY_DAY: Final = _insight("income.pay_day", _pay_day)
SAVING_RATE: Final = _insight("income.saving_rate", _saving_rate)
NEW_EMPLOYER: Final = _insight("life.new_employer", _new_employer)
