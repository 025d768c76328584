"""Investment firms: what an account holds on a day (invest-001 and -004 of the standard)."""

from __future__ import annotations

from typing import Final

from mydata_hub.collection import wire
from mydata_hub.collection.datasets import INVEST_BALANCES
from mydata_hub.collection.feeds import Feed, listing
from mydata_hub.collection.record import Record


class Product(wire.Row):
    prod_code: wire.Text
    prod_name: wire.MaybeText = None
    prod_type: wire.MaybeText = None
    eval_amt: wire.Amount
    purchase_amt: wire.Amount | None = None
    currency_code: wire.MaybeCurrency = None


class Products(wire.Page):
    prod_list: list[Product] = wire.rows()


def _holding(row: Product, asked: wire.Asked) -> Record:
    currency = row.currency_code or "KRW"
    account = wire.opaque(asked.connection_id, asked.source)
    cost = row.purchase_amt
    return wire.make_record(
        asked,
        INVEST_BALANCES,
        f"{account}:{row.prod_code}:{currency}:{wire.day_text(asked.at)}",
        asked.at,
        {
            "account": account,
            "product": row.prod_name,
            "kind": row.prod_type,
            "currency": currency,
            "value_minor": wire.minor("eval_amt", row.eval_amt, currency),
            "cost_minor": None if cost is None else wire.minor("purchase_amt", cost, currency),
            "as_of": asked.at.isoformat(),
        },
    )


FEEDS: Final = (
    listing("accounts", "/v1/invest/accounts", "account_list", "account_num"),
    Feed(
        name="products",
        path="/v1/invest/accounts/products",
        page=Products,
        dataset=INVEST_BALANCES,
        source="account_num",
        read=lambda page, asked: [_holding(row, asked) for row in page.prod_list],
    ),
)
