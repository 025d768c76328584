"""Facts: what happened in a sample person's life, before any provider tells it in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final, Literal

KST: Final = timezone(timedelta(hours=9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a provider told later about something it had told before."""

    kind: Literal["corrected", "cancelled"]
    at: datetime
    # What was paid in truth, for a correction.
    amount: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A payment in a shop, by card or from an e-payment account; won, above 0."""

    number: str
    through: Literal["credit", "debit", "efin"]
    at: datetime
    merchant: str
    amount: int
    instalments: int
    # From when the provider tells it: mostly at once, sometimes days late.
    told_at: datetime
    change: Change | None = None

    def paid_by(self, at: datetime) -> int:
        """The won that were paid in the end, as it was known at an instant."""
        if self.change is None or self.change.at > at:
            return self.amount
        return 0 if self.change.kind == "cancelled" else self.change.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A movement on a bank account; negative where the person pays."""

    number: str
    at: datetime
    kind: str
    party: str
    amount: int
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A card company's bill of a month; late where it was paid after it was due, or never."""

    month: date
    amount: int
    due_on: date
    paid_on: date
    # What the company lends over all its cards; None where it does not tell.
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A trip with its legs, each as the mobility provider writes it."""

    trip_id: str
    mode: str
    legs: tuple[Mapping[str, Any], ...]
    depart_at: datetime
    arrive_at: datetime
    fare: int
    distance_m: int
    told_at: datetime
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A year of a car insurance contract."""

    number: str
    car: str
    starts_on: date
    ends_on: date
    loss_free_years: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What an investment account holds of a product today."""

    code: str
    name: str
    kind: str
    cost: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Two years of a person, up to the instant `until`; in the order of time."""

    until: datetime
    purchases: tuple[Purchase, ...]
    transfers: tuple[Transfer, ...]
    # On an account at a bank that is not connected: what the person brings as a statement.
    own_statement: tuple[Transfer, ...]
    bills: tuple[Bill, ...]
    trips: tuple[Trip, ...]
    covers: tuple[Cover, ...]
    holdings: tuple[Holding, ...]
    # On the bank account that providers know, today.
    balance: int
