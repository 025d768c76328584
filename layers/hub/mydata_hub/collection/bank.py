"""Banks: deposit accounts, balances and transactions (bank-001, -003, -004 of the standard)."""

from __future__ import annotations

from typing import Final

from mydata_hub.collection import wire
from mydata_hub.collection.categories import categorise
from mydata_hub.collection.datasets import BANK_ACCOUNTS, BANK_TRANSACTIONS
from mydata_hub.collection.feeds import Feed, listing
from mydata_hub.collection.record import Record

# Amounts come without a sign; the type of a transaction gives it. A type that is not here has no
# sign that we know, so its record has no amount: a guess could turn a debit into income.
_SIGNS: Final = {"01": 1, "02": -1, "03": 1}


class Detail(wire.Row):
    currency_code: wire.MaybeCurrency = None
    balance_amt: wire.Amount


class Details(wire.Page):
    detail_list: list[Detail] = wire.rows()


class Transaction(wire.Row):
    trans_dtime: wire.Stamp
    trans_no: wire.MaybeText = None
    trans_type: wire.Code
    trans_class: wire.MaybeText = None
    trans_memo: wire.MaybeText = None
    currency_code: wire.MaybeCurrency = None
    trans_amt: wire.Amount
    balance_amt: wire.Amount | None = None


class Transactions(wire.Page):
    trans_list: list[Transaction] = wire.rows()


def _balance(row: Detail, asked: wire.Asked) -> Record:
    currency = row.currency_code or "KRW"
    account = wire.opaque(asked.connection_id, asked.source)
    return wire.make_record(
        asked,
        BANK_ACCOUNTS,
        f"{account}:{currency}:{wire.day_text(asked.at)}",
        asked.at,
        {
            "account": account,
            "balance_minor": wire.minor("balance_amt", row.balance_amt, currency),
            "currency": currency,
            "as_of": asked.at.isoformat(),
        },
    )


def _transaction(row: Transaction, asked: wire.Asked) -> Record:
    currency = row.currency_code or "KRW"
    amount = wire.minor("trans_amt", row.trans_amt, currency)
    balance = (
        None if row.balance_amt is None else wire.minor("balance_amt", row.balance_amt, currency)
    )
    account = wire.opaque(asked.connection_id, asked.source)
    # Without a number, the balance after it tells two alike transactions of one second apart.
    told_apart = row.trans_no or f"{row.trans_type}:{amount}:{balance}"
    sign = _SIGNS.get(row.trans_type)
    text = row.trans_memo or row.trans_class
    return wire.make_record(
        asked,
        BANK_TRANSACTIONS,
        f"{account}:{row.trans_dtime:%Y%m%d%H%M%S}:{told_apart}",
        row.trans_dtime,
        {
            "kind": row.trans_class or row.trans_type,
            "memo": row.trans_memo,
            "balance_minor": balance,
            "account": account,
            "counter_account": None,
        },
        money=None if sign is None else (sign * abs(amount), currency),
        counterparty=text,
        category=categorise(text),
    )


FEEDS: Final = (
    listing("accounts", "/v1/bank/accounts", "account_list", "account_num", account_type="1"),
    Feed(
        name="balances",
        path="/v1/bank/accounts/deposit/detail",
        page=Details,
        dataset=BANK_ACCOUNTS,
        source="account_num",
        read=lambda page, asked: [_balance(row, asked) for row in page.detail_list],
    ),
    Feed(
        name="transactions",
        path="/v1/bank/accounts/deposit/transactions",
        page=Transactions,
        dataset=BANK_TRANSACTIONS,
        source="account_num",
        window="days",
        read=lambda page, asked: [_transaction(row, asked) for row in page.trans_list],
    ),
)
