"""Car insurers: contracts and their periods (insurance-001 and -004 of the standard).

The status of a contract is read from its period at the time of asking: dates mean one thing.
`no_claim_years` is an addition to the standard that some insurers make.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from mydata_hub.collection import wire
from mydata_hub.collection.datasets import INSURANCE_CONTRACTS
from mydata_hub.collection.feeds import Feed, listing
from mydata_hub.collection.record import Record


class CarCover(wire.Row):
    car_number: wire.Text
    start_date: wire.Stamp
    end_date: wire.Stamp
    no_claim_years: int | None = None


class CarCovers(wire.Page):
    car_insu_list: list[CarCover] = wire.rows()


def _cover(row: CarCover, asked: wire.Asked) -> Record:
    contract = wire.opaque(asked.connection_id, f"{asked.source}:{row.car_number}")
    return wire.make_record(
        asked,
        INSURANCE_CONTRACTS,
        f"{contract}:{row.start_date:%Y%m%d}",
        row.start_date,
        {
            "kind": "car",
            "status": _status(row, asked.at),
            "started_on": wire.day_text(row.start_date),
            "ends_on": wire.day_text(row.end_date),
            "no_claim_years": row.no_claim_years,
            "as_of": asked.at.isoformat(),
            "vehicle": wire.vehicle(row.car_number),
        },
        category="insurance",
    )


def _status(row: CarCover, at: datetime) -> str:
    today = at.astimezone(wire.KST).date()
    if today < row.start_date.date():
        return "upcoming"
    return "active" if today <= row.end_date.date() else "lapsed"


FEEDS: Final = (
    listing("contracts", "/v1/insu/insurances", "insu_list", "insu_num"),
    Feed(
        name="cars",
        path="/v1/insu/insurances/car",
        page=CarCovers,
        dataset=INSURANCE_CONTRACTS,
        source="insu_num",
        read=lambda page, asked: [_cover(row, asked) for row in page.car_insu_list],
    ),
)
