"""Insights: folding records, the size of a profile after ten years, and answering from it.

Beside the goals of the design, which are absolute: one core, all folds and all claims on. The life
is a busy ordinary one of ten years (about four payments and two trips a day), in batches as they
are collected; what opening and sealing the profile costs is measured with the vault.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from mydata_hub.collection.record import Provenance, Record, RecordId, RecordState
from mydata_hub.fields import ConnectionId, Dataset
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.fold import BANK, BILLS, CARD, CONTRACTS, EFIN, TRIPS
from mydata_hub.insights.profile import Profile

from tests.bench.ratio import Ratio

NAME = "insights"
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
DAYS = 3650
BATCH = 500
ROUNDS = 5
GOAL_RECORDS = 30_000
GOAL_BYTES = 16_000
GOAL_MS = 1.0


def run() -> Sequence[Ratio]:
    """Folding, the profile's bytes, and the mean and the slowest answer."""
    records = list(_life())
    rates = []
    profile = new_profile("vault-1")
    for begin in range(0, len(records), BATCH):
        batch = records[begin : begin + BATCH]
        at = time.process_time()
        fresh = dict.fromkeys({one.connection_id for one in batch}, NOW)
        profile = advance_profile(profile, batch, fresh, begin // BATCH + 1)
        rates.append(len(batch) / (time.process_time() - at))
    rates.sort()
    answers = _answers(profile)
    return (
        _beside(
            "records folded, all claims on", rates[len(rates) // 2], GOAL_RECORDS, "/s", ">= 1"
        ),
        _beside(
            f"profile after {len(records):,} records",
            len(profile.encode()),
            GOAL_BYTES,
            "bytes",
            "<= 1",
        ),
        _beside("an answer from it, mean", sum(answers) / len(answers), GOAL_MS, "ms", "<= 1"),
        _beside("an answer from it, slowest claim", answers[-1], GOAL_MS, "ms", "reported"),
    )


def _beside(what: str, ours: float, limit: float, unit: str, goal: str) -> Ratio:
    return Ratio(what=what, ours=ours, peer="the goal", theirs=limit, unit=unit, goal=goal)


def _answers(profile: Profile) -> list[float]:
    """The best of some rounds for each claim, in milliseconds, in order."""
    found = []
    for entry in CATALOGUE.values():
        times = []
        for _ in range(ROUNDS):
            at = time.process_time()
            answer_claim(profile, entry, NOW)
            times.append((time.process_time() - at) * 1000)
        found.append(min(times))
    return sorted(found)


def _life() -> Iterator[Record]:
    draw = Random(0)
    kinds = ("cafe", "restaurant", "groceries")
    shops = [(f"가게 {number}", draw.choice(kinds)) for number in range(80)]
    bills = [("전력", "utilities", 25), ("통신사", "telecom", 18), ("집주인", "rent", 5)]
    for back in range(DAYS, 0, -1):
        day = NOW - timedelta(days=back)
        for number in range(draw.randint(2, 6)):
            payee, category = draw.choice(shops)
            at = day + timedelta(minutes=draw.randrange(1000))
            dataset = CARD if draw.random() < 0.85 else EFIN
            amount = -draw.randrange(1_000, 80_000, 100)
            yield _record(f"{back}-{number}", dataset, at, amount, payee, category)
        for payee, category, on in bills:
            if day.day == on:
                yield _record(f"{back}-{category}", BANK, day, -55_000, payee, category)
        if draw.random() < 0.4:
            yield _record(f"{back}-bank", BANK, day, -20_000, draw.choice(shops)[0], "unknown")
        if day.day == 21:
            yield _record(f"{back}-pay", BANK, day, 3_300_000, "회사", "unknown")
            told = {"due_on": f"{day:%Y-%m-%d}", "paid_on": f"{day:%Y-%m-%d}"}
            yield _record(f"{back}-bill", BILLS, day, -700_000, None, "unknown", told)
        for number, hour in enumerate((22, 33)):
            at = day + timedelta(hours=hour - 6, minutes=draw.randrange(30))
            legs = [{"from": "망원", "to": "경복궁"}]
            ride = {"mode": "subway", "transfers": 2, "distance_m": 11_400, "legs": legs}
            yield _record(f"{back}-trip-{number}", TRIPS, at, None, None, "transport", ride)
        if back % 365 == 1:
            cover = {"kind": "car", "status": "active", "started_on": f"{day:%Y-%m-%d}"}
            yield _record(f"{back}-car", CONTRACTS, day, None, None, "insurance", cover)


def _record(
    name: str,
    dataset: Dataset,
    at: datetime,
    amount: int | None,
    payee: str | None,
    category: str,
    body: dict[str, Any] | None = None,
) -> Record:
    return Record(
        record_id=RecordId(name),
        dataset=dataset,
        schema_version=1,
        connection_id=ConnectionId("connection-" + dataset.replace(".", "-")),
        source_id=name,
        occurred_at=at,
        amount_minor=amount,
        currency=None if amount is None else "KRW",
        counterparty=payee,
        category=category,
        state=RecordState.BOOKED,
        provenance=Provenance.COLLECTED,
        body=body or {},
    )
