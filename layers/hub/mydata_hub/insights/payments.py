"""Payments: money that went out by card, e-payment and bank, and what came in at the bank.

What may not be inferred is not remembered either: a category that is not in CATEGORIES leaves no
trace but the amount.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from mydata_hub.collection.record import Record
from mydata_hub.fields import Dataset
from mydata_hub.insights.fold import BANK, CARD, EFIN, State
from mydata_hub.insights.moments import local_day
from mydata_hub.insights.reading import once
from mydata_hub.insights.series import Facts, Known, SeriesFold, short_hash

# The categories that are remembered; a change of this list is a new version of the fold, except for
# what is added at its end: what a person corrected names them by their place here, too. What nobody
# may infer (health, and schools for the children in them) is not remembered at all.
CATEGORIES: Final = (
    "cafe",
    "bakery",
    "beauty",
    "chicken",
    "convenience",
    "culture",
    "delivery",
    "fuel",
    "groceries",
    "insurance",
    "parking",
    "rent",
    "restaurant",
    "shopping",
    "sport",
    "subscription",
    "tax",
    "taxi",
    "telecom",
    "transport",
    "travel",
    "utilities",
)
# What a bank's own words make of a movement; numbered from the other end, and no category.
LOAN: Final = "loan"
SAVING: Final = "saving"
CARD_BILL: Final = "card_bill"
_KINDS: Final = {255: CARD_BILL, 254: LOAN, 253: SAVING}
_WORDS: Final = (
    (255, re.compile("카드 ?대금")),
    (254, re.compile(r"대출|상환|할부금|\bloan\b")),
    (253, re.compile(r"적금|예금|저축|청약|펀드|\bsavings?\b")),
)
# Bills, whose amount may change every month: a payee of them is named after as many payments.
BILL_CLASSES: Final = ("subscription", "rent", "utilities", "telecom", "insurance", LOAN)
_PLACES: Final[Mapping[str | None, int]] = {
    one: number for number, one in enumerate(CATEGORIES, start=1)
}
# By the byte that a row has for it.
_CLASSES: Final[Mapping[int, str | None]] = {
    0: None,
    **dict(enumerate(CATEGORIES, start=1)),
    **_KINDS,
}
_BILLS: Final = {
    *(number for number, kind in _KINDS.items() if kind in BILL_CLASSES),
    *(number for number, one in enumerate(CATEGORIES, start=1) if one in BILL_CLASSES),
}
# As many equal payments as a payee must have before its name is worth its bytes.
NAMED_FROM: Final = 3
MAX_NAME_BYTES: Final = 48
# Of these the first tell the name alone, so that a merchant is one through all accounts.
_PAYEE_BYTES: Final = 5
_NAME_BYTES: Final = 3


class Payment(NamedTuple):
    """One payment that went out, or came in."""

    minute: int
    payee: bytes
    # Minor units; above 0 in all that `payments` and `incomes` give.
    amount_minor: int
    category: str | None
    currency: str = ""


# As in series.py: there are hundreds of them in an answer.
_PAYMENT: Final[Callable[[Any], Payment]] = partial(tuple.__new__, Payment)


class Payee(NamedTuple):
    """Whom a payment went to, for the person's own eyes."""

    name: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsFold(SeriesFold):
    """Series of payments, and the names of those payees that may turn out to be recurring.

    Who pays the person is named from as many incomes, whatever their amount.
    """

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

    def payments(
        self,
        state: State,
        *,
        collected_only: bool,
        inputs: Sequence[Dataset] | None = None,
        between: tuple[int, int] = (0, 2**32),
    ) -> list[Payment]:
        """Every payment that counts: of these inputs or of all, from one minute until another."""
        since, until = between
        return [
            one
            for dataset in (self.capacities if inputs is None else inputs)
            for one in self._moved(state, dataset, collected_only=collected_only)
            if one.amount_minor > 0 and since <= one.minute < until
        ]

    def incomes(self, state: State, *, collected_only: bool) -> list[Payment]:
        """What came in at the bank, by who paid it."""
        return [
            one._replace(amount_minor=-one.amount_minor)
            for one in self._moved(state, BANK, collected_only=collected_only)
            if one.amount_minor < 0
        ]

    def _moved(self, state: State, dataset: Dataset, *, collected_only: bool) -> list[Payment]:
        """Everything that a dataset tells of; an income is below 0."""
        packed = state["series"].get(dataset, "")
        key = (self.id, "moved", packed, collected_only)
        return once(key, lambda: self._moved_in(state, dataset, collected_only))

    def _moved_in(self, state: State, dataset: Dataset, collected_only: bool) -> list[Payment]:
        rows = list(self.rows(state, collected_only=collected_only, inputs=(dataset,)))
        if not rows:
            return []
        minutes, facts = zip(*rows, strict=True)
        payees, amounts, known, told = zip(*facts, strict=True)
        classes = map(_CLASSES.__getitem__, known)
        names = {currency: currency.rstrip(b"\0").decode() for currency in set(told)}
        currencies = map(names.__getitem__, told)
        columns = zip(minutes, payees, amounts, classes, currencies, strict=True)
        return list(map(_PAYMENT, columns))

    def with_categories(self, state: State, categories: Mapping[bytes, str | None]) -> State:
        """The state for one reading, with the person's own category for each of these merchants."""

        def change(known: Known) -> Facts:
            payee, amount, _, currency = known.facts
            own = categories.get(payee[:_NAME_BYTES], "")
            return known.facts if own == "" else (payee, amount, _index(own), currency)

        for dataset in self.capacities:
            state = self.set_facts(state, dataset, change)
        return state

    def payee(self, state: State, payee: bytes) -> Payee:
        """The name kept for a payee with enough equal payments."""
        return Payee(*state["names"][payee.hex()])

    def find_payee(self, state: State, payee: bytes) -> Payee | None:
        """The name of a payee, where one is kept."""
        told = state["names"].get(payee.hex())
        return Payee(*told) if told else None

    def _worth_naming(self, state: State) -> set[str]:
        days: dict[tuple[bytes, int], set[int]] = defaultdict(set)
        for minute, (payee, amount, known, _) in self.rows(state, collected_only=False):
            # All amounts of a bill, and of an income, are one.
            one = 0 if amount < 0 or known in _BILLS else amount
            days[payee, one].add(local_day(minute))
        return {payee.hex() for (payee, _), on in days.items() if len(on) >= NAMED_FROM}


def plain_name(told: str) -> str:
    """A payee's name without what providers write differently."""
    return " ".join(unicodedata.normalize("NFKC", told).split())


def merchant_of(name: str) -> bytes:
    """What the keys of every payee of that name begin with."""
    return short_hash(plain_name(name), _NAME_BYTES)


def _facts_of(record: Record) -> Facts | None:
    amount = record.amount_minor
    if not amount or (amount > 0 and record.dataset != BANK):
        return None
    key, payee = _payee(record)
    return key, -amount, _class_of(record, payee.name), payee.currency.encode()


def _class_of(record: Record, name: str) -> int:
    """By the category, else at a bank by its own words for loans, savings and card bills."""
    known = _index(record.category)
    if known or record.dataset != BANK:
        return known
    words = f"{_text(record.body, 'kind')} {name}".casefold()
    return next((number for number, pattern in _WORDS if pattern.search(words)), 0)


def _index(category: str | None) -> int:
    """Its place among the categories, counted from 1; 0 for any other."""
    return _PLACES.get(category, 0)


def _payee(record: Record) -> tuple[bytes, Payee]:
    """The payee's key and name: the counterparty, else its account, else the kind of payment.

    Currency and own account are part of the key: a fee of each account is a stream of its own.
    """
    body = record.body
    kind = " ".join(filter(None, (_text(body, "kind"), _text(body, "memo"))))
    told = record.counterparty or _text(body, "counter_account") or kind or record.category
    # Of records that come together, many are of one payee.
    key = ("payee", told, record.currency or "", _text(body, "account"))
    return once(key, lambda: _named(*key[1:]))


def _named(told: str, currency: str, account: str) -> tuple[bytes, Payee]:
    name = plain_name(told)
    shown = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    where = short_hash("\x1f".join((name, currency, account)), _PAYEE_BYTES - _NAME_BYTES)
    return short_hash(name, _NAME_BYTES) + where, Payee(shown, currency)


def _text(body: Mapping[str, Any], field: str) -> str:
    found = body.get(field)
    return found if isinstance(found, str) else ""


PAYMENTS: Final = PaymentsFold(
    id="payments",
    version=3,
    capacities={CARD: 400, EFIN: 240, BANK: 320},
    layout=struct.Struct(f">{_PAYEE_BYTES}sqB3s"),
    facts_of=_facts_of,
)
