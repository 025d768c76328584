"""Payments: what went out by card, e-payment and bank, as the insights into spending read it."""

from __future__ import annotations

import struct
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mydata_hub.collection.record import Record
from mydata_hub.insights.fold import BANK, CARD, EFIN, State
from mydata_hub.insights.moments import local_day
from mydata_hub.insights.series import Facts, SeriesFold, short_hash

# The categories that an insight reads; a change of this list is a new version of the fold.
CATEGORIES: Final = ("cafe",)
# As many equal payments as a payee must have before its name is worth its bytes.
NAMED_FROM: Final = 3
MAX_NAME_BYTES: Final = 48
_PAYEE_BYTES: Final = 5


class Payment(NamedTuple):
    """One payment that went out."""

    minute: int
    payee: bytes
    # Minor units, above 0.
    amount_minor: int
    category: str | None


class Payee(NamedTuple):
    """Whom a payment went to, for the person's own eyes."""

    name: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsFold(SeriesFold):
    """Series of payments, and the names of those payees that may turn out to be recurring."""

    def empty(self) -> State:
        """Nothing paid yet."""
        return {"series": {}, "names": {}}

    def fold(self, state: State, records: Sequence[Record]) -> State:
        """The state after these records.

        A payee is named while it has enough equal payments. It comes to have them only by a
        record that bears its name, so the name need not be kept before.
        """
        following = SeriesFold.fold(self, state, records)
        if following is state:
            return state
        named = self._worth_naming(following)
        names = {key: name for key, name in state["names"].items() if key in named}
        if len(names) < len(named):
            for record in records:
                key, payee = _payee(record)
                if key.hex() in named:
                    names[key.hex()] = list(payee)
        return {"series": following["series"], "names": names}

    def payments(self, state: State, *, collected_only: bool) -> list[Payment]:
        """Every payment in the series that counts."""
        return [
            Payment(minute, payee, amount, CATEGORIES[category - 1] if category else None)
            for minute, (payee, amount, category) in self.rows(state, collected_only=collected_only)
        ]

    def payee(self, state: State, payee: bytes) -> Payee:
        """The name kept for a payee with enough equal payments."""
        return Payee(*state["names"][payee.hex()])

    def _worth_naming(self, state: State) -> set[str]:
        days: dict[tuple[bytes, int], set[int]] = defaultdict(set)
        for payment in self.payments(state, collected_only=False):
            days[payment.payee, payment.amount_minor].add(local_day(payment.minute))
        return {payee.hex() for (payee, _), on in days.items() if len(on) >= NAMED_FROM}


def _facts_of(record: Record) -> Facts | None:
    if record.amount_minor is None or record.amount_minor >= 0:
        return None
    key, _ = _payee(record)
    known = record.category in CATEGORIES
    category = CATEGORIES.index(record.category) + 1 if known else 0
    return key, -record.amount_minor, category


def _payee(record: Record) -> tuple[bytes, Payee]:
    """The payee's key and name: the counterparty, else its account, else the kind of payment.

    Currency and own account are part of the key: a fee of each account is a stream of its own.
    """
    body = record.body
    kind = " ".join(filter(None, (_text(body, "kind"), _text(body, "memo"))))
    told = record.counterparty or _text(body, "counter_account") or kind or record.category
    name = " ".join(unicodedata.normalize("NFKC", told).split())
    currency = record.currency or ""
    key = "\x1f".join((name, currency, _text(body, "account")))
    shown = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return short_hash(key, _PAYEE_BYTES), Payee(shown, currency)


def _text(body: Mapping[str, Any], field: str) -> str:
    found = body.get(field)
    return found if isinstance(found, str) else ""


PAYMENTS: Final = PaymentsFold(
    id="payments",
    version=1,
    capacities={CARD: 400, EFIN: 240, BANK: 320},
    layout=struct.Struct(f">{_PAYEE_BYTES}sqB"),
    facts_of=_facts_of,
)
