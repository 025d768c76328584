"""Card companies: cards, domestic approvals and bills (card-001, -008 and -004 of the standard).

An approval keeps its number and its instant when it is corrected (status 03) or cancelled (02), so
all versions are one record; the bill of a month changes until it is paid, so its latest look holds.

The limit is that of the member over all cards (통합한도). The card sector of the standard has no
field for it: a provider adds `limit_amt`, as open banking in Britain delivers `CreditLine` and
Plaid `balances.limit`. Where it is missing, nothing is said of it.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import StringConstraints

from mydata_hub.collection import wire
from mydata_hub.collection.categories import categorise
from mydata_hub.collection.datasets import CARD_APPROVALS, CARD_BILLS
from mydata_hub.collection.feeds import Feed, listing
from mydata_hub.collection.record import Record, RecordState

_STATES: Final = {
    "01": RecordState.BOOKED,
    "02": RecordState.CANCELLED,
    "03": RecordState.CORRECTED,
}
_METHODS: Final = {"01": "credit", "02": "debit"}
Month: TypeAlias = Annotated[str, StringConstraints(pattern=r"^(19|20)\d\d(0[1-9]|1[0-2])$")]


class Approval(wire.Row):
    approved_num: wire.Text
    approved_dtime: wire.Stamp
    status: Literal["01", "02", "03"]
    pay_type: wire.Code | None = None
    # Corrected or cancelled at: `trans_dtime` in the standard, `cancel_dtime` with some providers.
    trans_dtime: wire.MaybeStamp = None
    cancel_dtime: wire.MaybeStamp = None
    merchant_name: wire.MaybeText = None
    approved_amt: wire.Amount
    modified_amt: wire.Amount | None = None
    currency_code: wire.MaybeCurrency = None
    krw_amt: wire.Amount | None = None
    total_install_cnt: int | None = None


class Approvals(wire.Page):
    approved_list: list[Approval] = wire.rows()


class Bill(wire.Row):
    seqno: wire.MaybeText = None
    charge_amt: wire.Amount
    charge_month: Month
    charge_day: Annotated[str, StringConstraints(pattern=r"^\d{1,2}$")] | None = None
    paid_out_date: wire.MaybeStamp = None
    limit_amt: wire.Amount | None = None


class Bills(wire.Page):
    bill_list: list[Bill] = wire.rows()


def _approval(row: Approval, asked: wire.Asked) -> Record:
    currency = row.currency_code or "KRW"
    amount = row.approved_amt if row.krw_amt is None else row.krw_amt
    state = _STATES[row.status]
    if state is RecordState.CORRECTED and row.modified_amt is not None:
        amount = row.modified_amt
    paid_in = "KRW" if row.krw_amt is not None else currency
    changed_at = row.trans_dtime or row.cancel_dtime
    return wire.make_record(
        asked,
        CARD_APPROVALS,
        f"{asked.source}:{row.approved_dtime:%Y%m%d}:{row.approved_num}",
        row.approved_dtime,
        {
            "merchant": row.merchant_name,
            "method": _METHODS.get(row.pay_type or "", "other"),
            # Paid at once comes as 0, 1 or nothing.
            "instalments": max(row.total_install_cnt or 1, 1),
            "currency_foreign": None if currency == "KRW" else currency,
            "as_of": changed_at.isoformat() if changed_at else None,
        },
        money=(-wire.minor("approved_amt", amount, paid_in), paid_in),
        counterparty=row.merchant_name,
        category=categorise(row.merchant_name),
        state=state,
    )


def _bill(row: Bill, asked: wire.Asked) -> Record:
    year, month = int(row.charge_month[:4]), int(row.charge_month[4:])
    due_at = None
    if row.charge_day is not None:
        # Day 31 means the end of the month, whatever its length.
        day = min(max(int(row.charge_day), 1), monthrange(year, month)[1])
        due_at = datetime(year, month, day, tzinfo=wire.KST)
    limit = None if row.limit_amt is None else wire.minor("limit_amt", row.limit_amt, "KRW")
    return wire.make_record(
        asked,
        CARD_BILLS,
        f"{row.charge_month}:{row.seqno or ''}",
        row.paid_out_date or due_at or datetime(year, month, 1, tzinfo=wire.KST),
        {
            "month": f"{year}-{month:02d}",
            "due_on": wire.day_text(due_at),
            "paid_on": wire.day_text(row.paid_out_date),
            "as_of": asked.at.isoformat(),
            "limit_minor": limit,
        },
        money=(-wire.minor("charge_amt", row.charge_amt, "KRW"), "KRW"),
    )


FEEDS: Final = (
    listing("cards", "/v1/card/cards", "card_list", "card_id"),
    Feed(
        name="approvals",
        path="/v1/card/cards/{source}/approval-domestic",
        page=Approvals,
        dataset=CARD_APPROVALS,
        source="path",
        window="days",
        read=lambda page, asked: [_approval(row, asked) for row in page.approved_list],
    ),
    Feed(
        name="bills",
        path="/v1/card/cards/bills",
        page=Bills,
        dataset=CARD_BILLS,
        window="months",
        read=lambda page, asked: [_bill(row, asked) for row in page.bill_list],
    ),
)
