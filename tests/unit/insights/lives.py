"""Made-up records and lives for the tests of the insights."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from mydata_hub.collection.record import Provenance, Record, RecordState
from mydata_hub.insights.fold import BANK, CARD, CONTRACTS, TRIPS

KOREA = timezone(timedelta(hours=9))
# A Monday morning; the eight weeks before it are forty weekdays.
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=KOREA)
DAY = timedelta(days=1)


def at(day: date | datetime, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=KOREA)


def record(
    name: str,
    occurred_at: datetime,
    *,
    dataset: str = CARD,
    amount_minor: int | None = -4500,
    counterparty: str | None = "Cafe Haru",
    category: str = "unknown",
    state: RecordState = RecordState.BOOKED,
    provenance: Provenance = Provenance.COLLECTED,
    connection: str = "connection-1",
    body: Mapping[str, Any] | None = None,
) -> Record:
    return Record(
        record_id=name,
        dataset=dataset,
        schema_version=1,
        connection_id=connection,
        source_id=name,
        occurred_at=occurred_at.astimezone(UTC),
        amount_minor=amount_minor,
        currency=None if amount_minor is None else "KRW",
        counterparty=counterparty,
        category=category,
        state=state,
        provenance=provenance,
        body=body or {},
    )


def debit(
    name: str, on: date, payee: str | None = "통신사", amount_minor: int = 55_000, **more: Any
) -> Record:
    return record(
        name,
        at(on, 10),
        dataset=BANK,
        amount_minor=-amount_minor,
        counterparty=payee,
        **more,
    )


def trip(
    name: str, departs_at: datetime, mode: Any = "subway", transfers: Any = 2, **told: Any
) -> Record:
    body = {"mode": mode, "legs": [], "transfers": transfers, "distance_m": None, **told}
    return record(name, departs_at, dataset=TRIPS, amount_minor=None, counterparty=None, body=body)


def contract(name: str, **body: Any) -> Record:
    told = {
        "kind": "car",
        "status": "active",
        "started_on": "2025-06-01",
        "ends_on": "2026-05-31",
        "no_claim_years": 4,
        "vehicle": "car-1",
        **body,
    }
    return record(
        name, NOW - 3 * DAY, dataset=CONTRACTS, amount_minor=None, counterparty=None, body=told
    )


def days_before(count: int, now: datetime = NOW) -> list[date]:
    """The local days before that instant's, the earliest first."""
    return [now.astimezone(KOREA).date() - back * DAY for back in range(count, 0, -1)]


def weekdays_before(count: int = 56, now: datetime = NOW) -> list[date]:
    return [day for day in days_before(count, now) if day.weekday() < 5]


def cafe_visits(days: Iterable[date], hour: int = 8, minute: int = 0) -> list[Record]:
    return [
        record(f"cafe-{day}-{hour}-{minute}", at(day, hour, minute), category="cafe")
        for day in days
    ]


def random_life(seed: int, visits_a_day: int) -> list[Record]:
    """Somebody who goes to a café at any waking minute of any day."""
    draw = random.Random(seed)
    visits = []
    for day in days_before(70):
        for number in range(draw.randint(0, 2 * visits_a_day)):
            minute = draw.randrange(7 * 60, 23 * 60)
            visits.append(
                record(f"any-{day}-{number}", at(day, minute // 60, minute % 60), category="cafe")
            )
    return visits


def random_trips(seed: int, trips_a_day: int) -> list[Record]:
    """Somebody who travels at any hour, by anything."""
    draw = random.Random(seed)
    trips = []
    for day in days_before(70):
        for number in range(draw.randint(0, 2 * trips_a_day)):
            minute = draw.randrange(5 * 60, 24 * 60)
            mode = draw.choice(("subway", "bus", "car", "walk"))
            trips.append(trip(f"trip-{day}-{number}", at(day, minute // 60, minute % 60), mode))
    return trips
