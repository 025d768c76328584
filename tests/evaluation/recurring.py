"""Does the recurring-payment fold find the payments that a real bank itself lists as permanent?

Truth: the orders of `order.asc` and the bank's own fee for statements (it is booked at the end of
each month however often statements are sent); each where the statement shows it at least three
times, since fewer prove nothing. A stream that is found and is neither counts as wrong. All goes
through the folds and a profile's bytes, a quarter at a time.
"""

from __future__ import annotations

import csv
import functools
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Final

from mydata_hub.collection.record import Record
from mydata_hub.insights.advance import advance_profile, fold_state, new_profile
from mydata_hub.insights.fold import BANK, State
from mydata_hub.insights.moments import day_of, local_day
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.recurring import MIN_TIMES, find_streams

from tests.evaluation.records import as_record, rows_of_berka

FEE: Final = "SLUZBY"
SEED: Final = 0
RESAMPLES: Final = 1000
DAYS_OFF: Final = 3

# A stream as both sides name it: payee and amount.
Named = tuple[str, int]
Streams = dict[str, set[Named]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of n with its 95 % bootstrap interval over people."""

    n: int
    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.share:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringQuality:
    """What was found, beside what is there; the naive rule is "paid three times"."""

    people: int
    records: int
    precision: Share
    recall: Share
    # The same without the fees, which are many and easy.
    orders_precision: Share
    orders_recall: Share
    naive_precision: Share
    naive_recall: Share
    # The share of truly recurring payments still claimed with dates shuffled across people,
    claimed_shuffled: Share
    # and of all people, those of whom anything is claimed then, beside those before.
    people_claimed: Share
    people_claimed_shuffled: Share
    # Of the true streams that are found: monthly, and the last payment within so many days of the
    # day that the payments before it make due.
    dates: Share
    profile_bytes_mean: float
    profile_bytes_max: int


def evaluate_recurring(data: Path, every: int = 1) -> RecurringQuality:
    """Fold every account, or every third, and compare."""
    people = dict(list(_people(data).items())[::every])
    truth = _truth(data, people)
    found, sizes, dates = _found(people, truth)
    orders, found_orders = _without_fees(truth), _without_fees(found)
    naive = {person: _paid_three_times(records) for person, records in people.items()}
    shuffled = {
        person: _streams(PAYMENTS.fold(PAYMENTS.empty(), records))
        for person, records in _shuffled(people).items()
    }
    return RecurringQuality(
        people=len(people),
        records=sum(map(len, people.values())),
        precision=_share_of(found, truth),
        recall=_share_of(truth, found),
        orders_precision=_share_of(found_orders, orders),
        orders_recall=_share_of(orders, found_orders),
        naive_precision=_share_of(naive, truth),
        naive_recall=_share_of(truth, naive),
        claimed_shuffled=_share_of(truth, shuffled),
        people_claimed=_claimed(people, found),
        people_claimed_shuffled=_claimed(people, shuffled),
        dates=share_of(dates),
        profile_bytes_mean=sum(sizes) / len(sizes),
        profile_bytes_max=max(sizes),
    )


def as_bank_transaction(row: dict[str, str]) -> Record:
    """A row as a connector of bank transactions tells it; account 0 is the bank's own nobody."""
    record = as_record(row)
    known = row["account"] not in ("", "0")
    body = {
        "kind": row["operation"],
        "memo": row["k_symbol"].strip() or None,
        "balance_minor": int(Decimal(row["balance"]) * 100),
        "account": row["account_id"],
        "counter_account": f"{row['bank']}:{row['account']}" if known else None,
    }
    return replace(
        record,
        dataset=BANK,
        counterparty=record.counterparty if known else None,
        body=body,
    )


def _people(data: Path) -> dict[str, list[Record]]:
    people: dict[str, list[Record]] = defaultdict(list)
    for row in rows_of_berka(data):
        people[row["account_id"]].append(as_bank_transaction(row))
    return dict(people)


def _truth(data: Path, people: dict[str, list[Record]]) -> Streams:
    with (data / "berka" / "order.asc").open(encoding="cp1250", newline="") as file:
        orders = {
            (
                row["account_id"],
                f"{row['bank_to']}:{row['account_to']}",
                int(Decimal(row["amount"]) * 100),
            )
            for row in csv.DictReader(file, delimiter=";")
        }
    truth: Streams = {}
    for person, records in people.items():
        fees = {_named(record) for record in records if record.body["memo"] == FEE}
        truth[person] = {
            (payee, amount)
            for payee, amount in _paid_three_times(records)
            if (person, payee, amount) in orders or (payee, amount) in fees
        }
    return truth


def _found(
    people: dict[str, list[Record]], truth: Streams
) -> tuple[Streams, list[int], list[tuple[int, int]]]:
    """What the folds find quarter by quarter, through a profile's bytes, and their lengths.

    And of each person's true streams: how many were due when they came, and how many could be.
    """
    found: Streams = {}
    sizes, dates = [], []
    for person, records in people.items():
        profile = new_profile("vault-of-" + person)
        in_order = sorted(records, key=lambda record: record.occurred_at)
        for version, (_, quarter) in enumerate(groupby(in_order, key=_quarter), start=1):
            profile = advance_profile(profile, list(quarter), {}, version)
        encoded = profile.encode()
        sizes.append(len(encoded))
        state = fold_state(Profile.decode(encoded), PAYMENTS)
        found[person] = _streams(state)
        dates.append(_on_time(state, truth[person]))
    return found, sizes, dates


def _on_time(state: State, truth: set[Named]) -> tuple[int, int]:
    """Streams whose last payment came when those before it said, of those with enough before."""
    payments = PAYMENTS.payments(state, collected_only=True)
    hits = total = 0
    for stream in find_streams(payments):
        known = PAYMENTS.payee(state, stream.payee).name, stream.amount_minor
        if known not in truth or len(stream.days) <= MIN_TIMES:
            continue
        before = [one for one in payments if local_day(one.minute) < stream.days[-1]]
        mine = [one for one in before if one.payee == stream.payee]
        told = [one for one in find_streams(mine) if one.amount_minor == stream.amount_minor]
        total += 1
        hits += any(abs(day_of(one.due) - stream.days[-1]) <= DAYS_OFF for one in told)
    return hits, total


def _streams(state: State) -> set[Named]:
    return {
        (PAYMENTS.payee(state, stream.payee).name, stream.amount_minor)
        for stream in find_streams(PAYMENTS.payments(state, collected_only=True))
    }


def _without_fees(streams: Streams) -> Streams:
    return {
        person: {named for named in mine if FEE not in named[0]} for person, mine in streams.items()
    }


def _quarter(record: Record) -> tuple[int, int]:
    return record.occurred_at.year, (record.occurred_at.month - 1) // 3


def _paid_three_times(records: Iterable[Record]) -> set[Named]:
    counted = Counter(_named(record) for record in records if (record.amount_minor or 0) < 0)
    return {named for named, times in counted.items() if times >= 3}


def _named(record: Record) -> Named:
    kind = " ".join(filter(None, (record.body["kind"], record.body["memo"])))
    assert record.amount_minor is not None
    return record.counterparty or kind, -record.amount_minor


def _shuffled(people: dict[str, list[Record]]) -> dict[str, list[Record]]:
    """The same payments with the dates of all people dealt out anew."""
    dates = [record.occurred_at for records in people.values() for record in records]
    random.Random(SEED).shuffle(dates)
    dealt = iter(dates)
    return {
        person: [replace(record, occurred_at=next(dealt)) for record in records]
        for person, records in people.items()
    }


def _share_of(whole: Streams, part: Streams) -> Share:
    """How much of one side's streams the other has, too."""
    return share_of(
        [(len(streams & part[person]), len(streams)) for person, streams in whole.items()]
    )


def _claimed(people: Iterable[str], found: Streams) -> Share:
    return share_of([(int(bool(found[person])), 1) for person in people])


def share_of(by_person: list[tuple[int, int]]) -> Share:
    hits = [hit for hit, _ in by_person]
    totals = [total for _, total in by_person]
    shares = sorted(
        sum(map(hits.__getitem__, drawn)) / max(sum(map(totals.__getitem__, drawn)), 1)
        for drawn in _resamples(len(by_person))
    )
    return Share(
        n=sum(totals),
        share=sum(hits) / max(sum(totals), 1),
        low=shares[RESAMPLES * 25 // 1000],
        high=shares[RESAMPLES * 975 // 1000 - 1],
    )


@functools.cache
def _resamples(people: int) -> list[list[int]]:
    draw = random.Random(SEED)
    return [draw.choices(range(people), k=people) for _ in range(RESAMPLES)]
