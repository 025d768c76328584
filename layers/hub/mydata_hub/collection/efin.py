"""E-payment companies: accounts and payments (efin-101 and -103 of the standard).

A payment is told with one number; transaction type 5502 takes it back under the same number.
"""

from __future__ import annotations

from typing import Final

from mydata_hub.collection import wire
from mydata_hub.collection.categories import categorise
from mydata_hub.collection.datasets import EFIN_PAYMENTS
from mydata_hub.collection.feeds import Feed, listing
from mydata_hub.collection.record import Record, RecordState

_CANCELLED: Final = "5502"


class Payment(wire.Row):
    trans_num: wire.Text
    trans_type: wire.Code
    trans_dtime: wire.Stamp
    trans_amt: wire.Amount
    currency_code: wire.MaybeCurrency = None
    merchant_name: wire.MaybeText = None
    trans_title: wire.MaybeText = None
    pay_method: wire.MaybeText = None


class Payments(wire.Page):
    trans_list: list[Payment] = wire.rows()


def _payment(row: Payment, asked: wire.Asked) -> Record:
    currency = row.currency_code or "KRW"
    cancelled = row.trans_type == _CANCELLED
    account = wire.opaque(asked.connection_id, asked.source)
    return wire.make_record(
        asked,
        EFIN_PAYMENTS,
        f"{account}:{row.trans_num}",
        row.trans_dtime,
        {
            "merchant": row.merchant_name,
            "method": row.pay_method,
            "title": row.trans_title,
            "account": account,
            "as_of": row.trans_dtime.isoformat() if cancelled else None,
        },
        money=(-abs(wire.minor("trans_amt", row.trans_amt, currency)), currency),
        counterparty=row.merchant_name or row.trans_title,
        category=categorise(row.merchant_name or row.trans_title),
        state=RecordState.CANCELLED if cancelled else RecordState.BOOKED,
    )


FEEDS: Final = (
    listing("accounts", "/v1/efin/paid", "account_list", "account_id"),
    Feed(
        name="payments",
        path="/v1/efin/paid/transactions",
        page=Payments,
        dataset=EFIN_PAYMENTS,
        source="account_id",
        window="days",
        read=lambda page, asked: [_payment(row, asked) for row in page.trans_list],
    ),
)
