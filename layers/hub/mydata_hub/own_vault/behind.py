"""Behind: the records that a picture of one's own life rests on, as far as a profile keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias

from mydata_hub.fields import Dataset
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.card_bills import read_bill
from mydata_hub.insights.commute import MODES, TRIPS_FOLD
from mydata_hub.insights.fold import BILLS, HOLDINGS, TRIPS, State
from mydata_hub.insights.holdings import read_holding
from mydata_hub.insights.moments import date_of, instant_of
from mydata_hub.insights.own_words import Dispute
from mydata_hub.insights.payments import CATEGORIES, PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import DISPUTABLE
from mydata_hub.insights.series import Known

MAX_BEHIND: Final = 40
# A payee's key -> its name and currency, where the vault keeps them.
Names: TypeAlias = Mapping[bytes, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A record behind a picture, as far as the vault remembers it."""

    dataset: Dataset
    mark: str
    at: datetime
    # None where the vault keeps no name for whom a payment went to.
    name: str | None
    amount_minor: int | None
    currency: str | None
    category: str | None
    mode: str | None
    # Of a card bill alone.
    due_on: date | None = None
    paid_on: date | None = None
    late: bool | None = None


def names_of(payments: State) -> Names:
    """The names that the vault keeps: those of payees that are paid the same again and again."""
    return {
        bytes.fromhex(key): (name, currency)
        for key, (name, currency) in payments.get("names", {}).items()
    }


def payment_lines(payments: State, datasets: Sequence[Dataset], names: Names) -> list[Behind]:
    """Every payment that counts; what came in is none."""
    return [
        line_of(dataset, known, names)
        for dataset in datasets
        for known in PAYMENTS.known(payments, dataset)
        if known.facts[1] > 0
    ]


def trip_lines(trips: State) -> list[Behind]:
    """Every trip that counts."""
    return [line_of(TRIPS, known) for known in TRIPS_FOLD.known(trips, TRIPS)]


def line_of(dataset: Dataset, known: Known, names: Names | None = None) -> Behind:
    """A row of a series as a person reads it."""
    name = currency = category = mode = amount = due_on = paid_on = None
    if dataset in PAYMENTS.capacities:
        payee, amount, index, *_ = known.facts
        name, currency = (names or {}).get(payee, (None, None))
        category = CATEGORIES[index - 1] if 0 < index <= len(CATEGORIES) else None
    elif dataset == TRIPS:
        mode = MODES[known.facts[0]]
    elif dataset == BILLS:
        bill = read_bill(known.facts, known.minute)
        amount, currency = bill.amount_minor, bill.currency
        due_on = None if bill.due is None else date_of(bill.due)
        paid_on = None if bill.paid is None else date_of(bill.paid)
    elif dataset == HOLDINGS:
        held = read_holding(known.facts)
        name, amount, currency = held.product or None, held.value_minor, held.currency
    return Behind(
        dataset=dataset,
        mark=known.mark.hex(),
        at=instant_of(known.minute),
        name=name,
        amount_minor=amount,
        currency=currency,
        category=category,
        mode=mode,
        due_on=due_on,
        paid_on=paid_on,
    )


def disputed_record(profile: Profile, one: Dispute) -> Behind | None:
    """What was disputed, as far as it is remembered."""
    return find_line(profile, one.version.dataset, one.version.mark)


def find_line(profile: Profile, dataset: Dataset, mark: bytes) -> Behind | None:
    """A record as a person reads it, or None where none of that name counts."""
    fold = DISPUTABLE.get(dataset)
    if fold is None:
        return None
    state = fold_state(profile, fold)
    names = names_of(state) if fold is PAYMENTS else None
    for known in fold.known(state, dataset):
        if known.mark == mark:
            return line_of(dataset, known, names)
    return None


def latest(lines: Iterable[Behind]) -> tuple[Behind, ...]:
    """The latest of them, at most MAX_BEHIND."""
    return tuple(sorted(lines, key=lambda one: one.at, reverse=True)[:MAX_BEHIND])
