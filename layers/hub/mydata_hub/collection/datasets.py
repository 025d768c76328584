"""Datasets: what the body of a record holds, per dataset and schema version, with a frozen hash.

A kind is "text", "integer", "date" (YYYY-MM-DD), "instant" (RFC 3339 with its zone), "legs", or a
closed list "a|b|c"; "?" behind it allows null. Change rule: a released schema never changes, since
segments carry its hash; a change of fields takes the next version beside the old one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from mydata_hub.errors import BadInput
from mydata_hub.fields import Dataset

CARD_APPROVALS: Final = Dataset("card.approvals")
CARD_BILLS: Final = Dataset("card.bills")
EFIN_PAYMENTS: Final = Dataset("efin.payments")
BANK_TRANSACTIONS: Final = Dataset("bank.transactions")
BANK_ACCOUNTS: Final = Dataset("bank.accounts")
INVEST_BALANCES: Final = Dataset("invest.balances")
MOBILITY_TRIPS: Final = Dataset("mobility.trips")
INSURANCE_CONTRACTS: Final = Dataset("insurance.contracts")
# What the person says of their own records: no provider tells it, and no partner is told from it.
OWN_DISPUTES: Final = Dataset("own.disputes")
OWN_CATEGORIES: Final = Dataset("own.categories")
# A reason of their score that the person contests, and what a reviewer decided of it.
OWN_APPEALS: Final = Dataset("own.appeals")
HUB_DECISIONS: Final = Dataset("hub.decisions")
# What the person says of offers.
OWN_OFFERS: Final = Dataset("own.offers")
# At which partner's shops they want to earn by themselves, and what they spend of it.
OWN_FAVOURITES: Final = Dataset("own.favourites")
OWN_SPENDINGS: Final = Dataset("own.spendings")

MAX_LEGS: Final = 40
_MODES: Final = "subway|bus|bike|car|walk|mixed"
_LEG: Final = {"mode": _MODES, "line": "text?", "from": "text?", "to": "text?"} | dict.fromkeys(
    ("depart_at", "arrive_at"), "instant"
)
# `as_of` is the instant that this version of the fact is from: when the provider changed it, or
# when we looked at what changes without notice. Of two versions the later one holds (versions.py).
_BODIES: Final[dict[Dataset, dict[str, str]]] = {
    CARD_APPROVALS: {"merchant": "text?", "method": "credit|debit|other", "instalments": "integer"}
    | {"currency_foreign": "text?", "as_of": "instant?"},
    CARD_BILLS: {"month": "text", "due_on": "date?", "paid_on": "date?", "as_of": "instant"},
    EFIN_PAYMENTS: {"merchant": "text?", "method": "text?", "title": "text?", "account": "text"}
    | {"as_of": "instant?"},
    BANK_TRANSACTIONS: {"kind": "text", "memo": "text?", "balance_minor": "integer?"}
    | {"account": "text", "counter_account": "text?"},
    BANK_ACCOUNTS: {"account": "text", "balance_minor": "integer", "currency": "text"}
    | {"as_of": "instant"},
    INVEST_BALANCES: {"account": "text", "product": "text?", "kind": "text?", "currency": "text"}
    | {"value_minor": "integer", "cost_minor": "integer?", "as_of": "instant"},
    MOBILITY_TRIPS: {"mode": _MODES, "legs": "legs", "transfers": "integer"}
    | {"distance_m": "integer?", "as_of": "instant?"},
    INSURANCE_CONTRACTS: {"kind": "car|other", "status": "upcoming|active|lapsed"}
    | {"started_on": "date", "ends_on": "date", "no_claim_years": "integer?", "as_of": "instant"},
    # A record is named by its mark (docs/vault-format.md), its version by state, instant and facts.
    OWN_DISPUTES: {"dataset": "text", "mark": "text", "state": "booked|corrected"}
    | {"told_at": "instant", "facts": "text", "as_of": "instant"},
    # A null category: as the hub says.
    OWN_CATEGORIES: {"payee": "text", "category": "text?", "as_of": "instant"},
    OWN_APPEALS: {"appeal": "text", "reason": "text", "statement": "text", "as_of": "instant"},
    # One for each record that was contested, and one without a record; `words` are the reviewer's.
    HUB_DECISIONS: {"appeal": "text", "reason": "text", "outcome": "upheld|rejected"}
    | {"words": "text", "as_of": "instant"}
    | {"dataset": "text?", "mark": "text?", "state": "text?", "told_at": "instant?"}
    | {"facts": "text?"},
    # `name` is an offer's id or a category; of each the later word holds.
    OWN_OFFERS: {"scope": "offer|category", "name": "text"}
    | {"word": "interested|not_interested|not_now", "as_of": "instant"},
    # An offer of points or stamps, by its id; a spending is cancelled when it is given back.
    OWN_FAVOURITES: {"offer": "text", "state": "kept|left", "as_of": "instant"},
    OWN_SPENDINGS: {"spending": "text", "offer": "text", "goal": "integer", "as_of": "instant"},
}
# The versions after the first, in their order; records of every version are read for good.
_LATER: Final[dict[Dataset, tuple[dict[str, str], ...]]] = {
    # What the bills of a month may come to, where the provider tells it.
    CARD_BILLS: (_BODIES[CARD_BILLS] | {"limit_minor": "integer?"},),
    # Which car: a digest that is the same with every insurer, and not its number.
    INSURANCE_CONTRACTS: (_BODIES[INSURANCE_CONTRACTS] | {"vehicle": "text?"},),
}


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of a dataset's body."""

    dataset: Dataset
    version: int
    body: Mapping[str, str]

    def digest(self) -> bytes:
        """SHA-256 of the canonical JSON of this schema: the `schema_hash` of its segments."""
        import hashlib

        import rfc8785

        # Legs are part of what is hashed: their fields may not change under the same hash either.
        fields: dict[str, Any] = {**self.body}
        if "legs" in fields:
            fields["legs"] = [_LEG]
        named: Any = {"dataset": self.dataset, "version": self.version, "body": fields}
        return hashlib.sha256(rfc8785.dumps(named)).digest()

    def check(self, body: Mapping[str, Any]) -> None:
        """Refuse a body that has other fields or other types. Raises BadInput, naming the field."""
        _check("body", self.body, body)


# Every version of each dataset, the oldest first.
SCHEMAS: Final[Mapping[Dataset, tuple[Schema, ...]]] = MappingProxyType(
    {
        name: tuple(
            Schema(name, version, MappingProxyType(fields))
            for version, fields in enumerate((body, *_LATER.get(name, ())), start=1)
        )
        for name, body in _BODIES.items()
    }
)


def schema_of(dataset: str, version: int | None = None) -> Schema:
    """The schema of a dataset in that version, or in the one that is written today.

    Raises BadInput for a dataset or version that is not collected.
    """
    for schema in reversed(SCHEMAS.get(Dataset(dataset), ())):
        if version in (None, schema.version):
            return schema
    raise BadInput("dataset", "takes a dataset and schema version of this release")


def is_schema(dataset: str, schema_hash: bytes) -> bool:
    """Whether a hash is that of some version of the dataset's schema."""
    return any(one.digest() == schema_hash for one in SCHEMAS.get(Dataset(dataset), ()))


def _check(place: str, fields: Mapping[str, str], body: Mapping[str, Any]) -> None:
    if not isinstance(body, Mapping) or body.keys() != fields.keys():
        raise BadInput(place, f"takes exactly {', '.join(fields)}")
    for name, kind in fields.items():
        if body[name] is None and kind.endswith("?"):
            continue
        if not _fits(kind.removesuffix("?"), body[name]):
            raise BadInput(f"{place}.{name}", f"takes {kind}")


def _fits(kind: str, value: object) -> bool:
    if kind == "legs":
        if not isinstance(value, list) or len(value) > MAX_LEGS:
            return False
        for leg in value:
            _check("body.legs", _LEG, leg)
        return True
    if kind == "integer":
        return type(value) is int
    if not isinstance(value, str):
        return False
    if kind == "date":
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)) and _parses(date, value)
    if kind == "instant":
        return _parses(datetime, value) and datetime.fromisoformat(value).tzinfo is not None
    return kind == "text" or value in kind.split("|")


def _parses(kind: type[date], value: str) -> bool:
    try:
        kind.fromisoformat(value)
    except ValueError:
        return False
    return True
