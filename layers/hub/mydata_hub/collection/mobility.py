"""Mobility: trips with legs and transfers, in a closed schema of our own.

Korean MyData has no mobility sector. The envelope is the standard's (`rsp_code`, `next_page`), the
rows are ours: since nobody may add to them, an unknown field is refused, not passed over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field

from mydata_hub.collection import wire
from mydata_hub.collection.datasets import MAX_LEGS, MOBILITY_TRIPS
from mydata_hub.collection.feeds import Feed
from mydata_hub.collection.record import Record, RecordState


def _instant(value: object) -> object:
    at = datetime.fromisoformat(value) if isinstance(value, str) else None
    if at is None or at.tzinfo is None:
        raise ValueError("takes RFC 3339 with its zone")
    return at


# RFC 3339 with its zone.
Instant: TypeAlias = Annotated[datetime, BeforeValidator(_instant)]
Mode: TypeAlias = Literal["subway", "bus", "bike", "car", "walk", "mixed"]
_CLOSED: Final = ConfigDict(strict=True, frozen=True, extra="forbid")


class Leg(wire.Row):
    model_config = _CLOSED
    mode: Mode
    line: wire.MaybeText = None
    origin: wire.MaybeText = Field(default=None, alias="from")
    destination: wire.MaybeText = Field(default=None, alias="to")
    depart_at: Instant
    arrive_at: Instant


class Trip(wire.Row):
    model_config = _CLOSED
    trip_id: wire.Text
    status: Literal["completed", "corrected", "cancelled"]
    # When the provider last changed it; null for a trip as first told.
    updated_at: Instant | None = None
    mode: Mode
    depart_at: Instant
    arrive_at: Instant
    fare_amt: wire.Amount | None = None
    currency_code: wire.Currency = "KRW"
    distance_m: int | None = Field(default=None, ge=0)
    transfer_cnt: int = Field(ge=0, le=MAX_LEGS)
    legs: list[Leg] = Field(max_length=MAX_LEGS)


class Trips(wire.Page):
    model_config = _CLOSED
    trip_cnt: int | None = None
    trip_list: list[Trip]


_STATES: Final = {
    "completed": RecordState.BOOKED,
    "corrected": RecordState.CORRECTED,
    "cancelled": RecordState.CANCELLED,
}


def _trip(row: Trip, asked: wire.Asked) -> Record:
    fare = (
        None if row.fare_amt is None else -wire.minor("fare_amt", row.fare_amt, row.currency_code)
    )
    return wire.make_record(
        asked,
        MOBILITY_TRIPS,
        row.trip_id,
        row.depart_at,
        {
            "mode": row.mode,
            "legs": [
                {
                    "mode": leg.mode,
                    "line": leg.line,
                    "from": leg.origin,
                    "to": leg.destination,
                    "depart_at": leg.depart_at.isoformat(),
                    "arrive_at": leg.arrive_at.isoformat(),
                }
                for leg in row.legs
            ],
            "transfers": row.transfer_cnt,
            "distance_m": row.distance_m,
            "as_of": row.updated_at.isoformat() if row.updated_at else None,
        },
        money=None if fare is None else (fare, row.currency_code),
        category="transport",
        state=_STATES[row.status],
    )


FEEDS: Final = (
    Feed(
        name="trips",
        path="/v1/mobility/trips",
        page=Trips,
        dataset=MOBILITY_TRIPS,
        window="days",
        read=lambda page, asked: [_trip(row, asked) for row in page.trip_list],
    ),
)
