"""Listings: a life as the endpoints of each provider tell it, in the words of the standard.

What was taken back or corrected is told twice, as the standard does it: once when it happened and
once more, weeks later, on the day of the change. Some rows are told only days after they happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from mydata_hub.samples.facts import Life, Purchase, Trip
from mydata_hub.samples.people import Person

_STATUS: Final = {"cancelled": "02", "corrected": "03"}


@dataclass(frozen=True, slots=True)
class Told:
    """A row, the instant it is listed under, and from when it is told at all."""

    listed_at: datetime
    told_at: datetime
    # Unique in its listing; rows of one instant come in this order.
    number: str
    row: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Where it stands in its listing; pages are continued by it, so that a late row shifts
        nobody else to another page."""
        return f"{self.listed_at:%Y%m%d%H%M%S}:{self.number}"


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a listing: whose, of which card, account or contract, and when."""

    person: Person
    life: Life
    family: str
    source: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """One endpoint of a provider."""

    method: Literal["GET", "POST"]
    path: str
    # The list's field in the answer.
    field: str
    tell: Callable[[Look], Iterator[Told]]
    # What names the card, account or contract: "path", a field that is posted, or nothing.
    source: str | None = None
    window: Literal["days", "months"] | None = None


def sources(look: Look) -> dict[str, bool]:
    """The cards, accounts or contracts of a person there, and whether each has consent."""
    name, life = look.person.id, look.life
    owned = {
        "card": [f"{name}-credit", f"{name}-debit"],
        "efin": [f"{name}-pay"],
        "bank": [f"{name}-110-000-000001"],
        "invest": [f"{name}-stocks"] if life.holdings else [],
        "insurer": [cover.number for cover in life.covers],
        "mobility": [""],
    }[look.family]
    return {**dict.fromkeys(owned, True), f"{name}-not-chosen": False}


def _at(at: datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}"


def _owned(key: str, **fields: str) -> Callable[[Look], Iterator[Told]]:
    def tell(look: Look) -> Iterator[Told]:
        for number, (source, consent) in enumerate(sources(look).items()):
            row = {key: source, "is_consent": consent, **fields}
            yield _today(look, f"{number:03d}", row)

    return tell


def _today(look: Look, number: str, row: Mapping[str, Any]) -> Told:
    return Told(look.life.until, look.life.until, number, row)


def _purchases(life: Life, through: str) -> Iterator[tuple[Purchase, datetime, datetime, bool]]:
    for bought in life.purchases:
        if bought.through == through:
            yield bought, bought.at, bought.told_at, False
            if bought.change is not None:
                yield bought, bought.change.at, bought.change.at, True


def _approvals(look: Look) -> Iterator[Told]:
    through = look.source.removeprefix(f"{look.person.id}-")
    for bought, listed_at, told_at, changed in _purchases(look.life, through):
        row = {
            "approved_num": bought.number,
            "approved_dtime": _at(bought.at),
            "status": "01",
            "pay_type": "01" if through == "credit" else "02",
            "merchant_name": bought.merchant,
            "approved_amt": bought.amount,
            "total_install_cnt": bought.instalments,
        }
        if changed and bought.change is not None:
            row |= {"status": _STATUS[bought.change.kind], "trans_dtime": _at(bought.change.at)}
            if bought.change.kind == "corrected":
                row["modified_amt"] = bought.change.amount
        yield Told(listed_at, told_at, bought.number, row)


def _bills(look: Look) -> Iterator[Told]:
    for bill in look.life.bills:
        issued_at = look.life.until.replace(
            year=bill.month.year, month=bill.month.month, day=1, hour=0, minute=0, second=0
        )
        paid = bill.paid_on <= look.seen_at.date()
        row = {
            "seqno": "01",
            "charge_amt": bill.amount,
            "charge_month": f"{bill.month:%Y%m}",
            "charge_day": str(bill.due_on.day),
            "paid_out_date": f"{bill.paid_on:%Y%m%d}" if paid else "",
        }
        if bill.limit is not None:
            row["limit_amt"] = bill.limit
        yield Told(issued_at, issued_at, f"{bill.month:%Y%m}", row)


def _payments(look: Look) -> Iterator[Told]:
    for bought, listed_at, told_at, changed in _purchases(look.life, "efin"):
        row = {
            "trans_num": bought.number,
            "trans_type": "5502" if changed else "5501",
            "trans_dtime": _at(listed_at if changed else bought.at),
            "trans_amt": bought.amount,
            "currency_code": "KRW",
            "trans_title": "샘플페이 결제",
            "merchant_name": bought.merchant,
            "pay_method": "01",
        }
        yield Told(listed_at, told_at, bought.number, row)


def _balances(look: Look) -> Iterator[Told]:
    row = {"currency_code": "KRW", "balance_amt": look.life.balance}
    yield _today(look, "001", row)


def _transfers(look: Look) -> Iterator[Told]:
    for moved in look.life.transfers:
        row = {
            "trans_dtime": _at(moved.at),
            "trans_no": moved.number,
            "trans_type": "03" if moved.amount > 0 else "02",
            "trans_class": moved.kind,
            "trans_memo": moved.party,
            "currency_code": "KRW",
            "trans_amt": abs(moved.amount),
            "balance_amt": moved.balance,
        }
        yield Told(moved.at, moved.at, moved.number, row)


def _products(look: Look) -> Iterator[Told]:
    for held in look.life.holdings:
        row = {
            "prod_code": held.code,
            "prod_name": held.name,
            "prod_type": held.kind,
            "purchase_amt": held.cost,
            "eval_amt": held.value,
            "currency_code": "KRW",
        }
        yield _today(look, held.code, row)


def _cars(look: Look) -> Iterator[Told]:
    for cover in look.life.covers:
        if cover.number == look.source:
            row = {
                "car_number": cover.car,
                "car_insu_type": "01",
                "car_name": "샘플 승용차",
                "start_date": f"{cover.starts_on:%Y%m%d}",
                "end_date": f"{cover.ends_on:%Y%m%d}",
                "no_claim_years": cover.loss_free_years,
            }
            yield _today(look, cover.number, row)


def _trips(look: Look) -> Iterator[Told]:
    for trip in look.life.trips:
        yield Told(trip.depart_at, trip.told_at, trip.trip_id, _trip_row(trip, None))
        if trip.change is not None:
            at = trip.change.at
            yield Told(at, max(at, trip.told_at), trip.trip_id, _trip_row(trip, at))


def _trip_row(trip: Trip, changed_at: datetime | None) -> dict[str, Any]:
    status, fare = "completed", trip.fare
    if changed_at is not None and trip.change is not None:
        status = trip.change.kind
        fare = trip.change.amount if status == "corrected" else fare
    return {
        "trip_id": trip.trip_id,
        "status": status,
        "updated_at": changed_at.isoformat() if changed_at else None,
        "mode": trip.mode,
        "depart_at": trip.depart_at.isoformat(),
        "arrive_at": trip.arrive_at.isoformat(),
        "fare_amt": fare,
        "currency_code": "KRW",
        "distance_m": trip.distance_m,
        "transfer_cnt": len(trip.legs) - 1,
        "legs": [dict(leg) for leg in trip.legs],
    }


_CARDS: Final = "/v1/card/cards"
_PAID: Final = "/v1/efin/paid"
_BANK: Final = "/v1/bank/accounts"
_INVEST: Final = "/v1/invest/accounts"
_INSU: Final = "/v1/insu/insurances"
_OWN: Final = MappingProxyType(
    {
        "card": Listing("GET", _CARDS, "card_list", _owned("card_id", card_name="샘플카드")),
        "efin": Listing("GET", _PAID, "account_list", _owned("account_id", account_status="01")),
        "bank": Listing(
            "GET",
            _BANK,
            "account_list",
            _owned("account_num", account_type="1001", prod_name="샘플통장"),
        ),
        "invest": Listing("GET", _INVEST, "account_list", _owned("account_num")),
        "insurer": Listing("GET", _INSU, "insu_list", _owned("insu_num", insu_type="06")),
    }
)
LISTINGS: Final = MappingProxyType(
    {
        "card": (
            _OWN["card"],
            Listing(
                "GET",
                f"{_CARDS}/{{source}}/approval-domestic",
                "approved_list",
                _approvals,
                "path",
                "days",
            ),
            Listing("GET", f"{_CARDS}/bills", "bill_list", _bills, None, "months"),
        ),
        "efin": (
            _OWN["efin"],
            Listing("POST", f"{_PAID}/transactions", "trans_list", _payments, "account_id", "days"),
        ),
        "bank": (
            _OWN["bank"],
            Listing("POST", f"{_BANK}/deposit/detail", "detail_list", _balances, "account_num"),
            Listing(
                "POST",
                f"{_BANK}/deposit/transactions",
                "trans_list",
                _transfers,
                "account_num",
                "days",
            ),
        ),
        "invest": (
            _OWN["invest"],
            Listing("POST", f"{_INVEST}/products", "prod_list", _products, "account_num"),
        ),
        "insurer": (
            _OWN["insurer"],
            Listing("POST", f"{_INSU}/car", "car_insu_list", _cars, "insu_num"),
        ),
        "mobility": (Listing("GET", "/v1/mobility/trips", "trip_list", _trips, None, "days"),),
    }
)
