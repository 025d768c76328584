"""Pictures of standing facts: the car contract, card bills and holdings."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from mydata_hub.fields import Wording
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.answers import Seen
from mydata_hub.insights.card_bills import BILLS_FOLD, CardBill, read_bill
from mydata_hub.insights.fold import BILLS, CONTRACTS, HOLDINGS
from mydata_hub.insights.holdings import HOLDINGS_FOLD, read_holding
from mydata_hub.insights.insurance import CONTRACTS_FOLD
from mydata_hub.insights.moments import date_of, local_day, minute_of
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.behind import latest, line_of
from mydata_hub.own_vault.pictures import Covered, Picture, nothing

_HELD_BACK: Final = Wording(
    ko="틀렸다고 알리면, 다시 확인될 때까지 서비스에 이 답을 주지 않아요.",
    en="If you say it is wrong, no service gets this answer until it is cleared up.",
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
        support=_HELD_BACK,
        figures={"contracts": len(lines)} if lines else {},
        behind=latest(lines),
        complete_until=until,
        sources=sources,
    )


def see_card_bills(
    own: Profile, arrears: Seen, utilisation: Seen, covered: Covered, now: datetime
) -> Picture:
    """Each card bill with when it was due and paid: what arrears are counted from."""
    until, sources = covered.until(BILLS)
    today = local_day(minute_of(until or now))
    known = list(BILLS_FOLD.known(fold_state(own, BILLS_FOLD), BILLS))
    if not known:
        return nothing("card_bills", until, sources, arrears.finding.explanation)
    bills = [read_bill(one.facts, one.minute) for one in known]
    told = utilisation.finding.explanation
    return Picture(
        id="card_bills",
        sentence=arrears.finding.explanation,
        support=Wording(ko=f"{told.ko} {_HELD_BACK.ko}", en=f"{told.en} {_HELD_BACK.en}"),
        figures={"card_bills": [_bill_row(bill, today) for bill in reversed(bills)]},
        behind=latest(
            replace(line_of(BILLS, one), late=bill.is_late(today))
            for one, bill in zip(known, bills, strict=True)
        ),
        complete_until=until,
        sources=sources,
    )


def _bill_row(bill: CardBill, today: int) -> dict[str, Any]:
    return {
        "amount_minor": bill.amount_minor,
        "limit_minor": bill.limit_minor,
        "currency": bill.currency,
        "due_on": None if bill.due is None else date_of(bill.due).isoformat(),
        "paid_on": None if bill.paid is None else date_of(bill.paid).isoformat(),
        "days_late": bill.days_late(today),
        "late": bill.is_late(today),
    }


def see_holdings(own: Profile, seen: Seen, covered: Covered) -> Picture:
    """What was held when an account was last looked at: of each product its latest look."""
    until, sources = covered.until(HOLDINGS)
    known = list(HOLDINGS_FOLD.known(fold_state(own, HOLDINGS_FOLD), HOLDINGS))
    if not known:
        return nothing("holdings", until, sources, seen.finding.explanation)
    held = {one.product: (one, row) for row in known for one in [read_holding(row.facts)]}
    return Picture(
        id="holdings",
        sentence=seen.finding.explanation,
        support=Wording(
            ko="상품마다 마지막으로 본 값이에요. 계좌를 볼 때마다 새 기록이 생겨요.",
            en="Of each product the value last seen. Each look at the account is a record.",
        ),
        figures={
            "holdings": [
                {
                    "product": one.product,
                    "value_minor": one.value_minor,
                    "currency": one.currency,
                    "seen_on": date_of(local_day(row.minute)).isoformat(),
                }
                for one, row in held.values()
            ]
        },
        behind=latest(line_of(HOLDINGS, one) for one in known),
        complete_until=until,
        sources=sources,
    )
