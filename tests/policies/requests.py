"""Requests as small JSON documents: one that is allowed, and what differs from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from mydata_hub.consent.grant import Ending, Frequency, FrequencyUnit, Grant, GrantKind
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import Sensitivity
from mydata_hub.release.policies import Amounts, Policies, Verdict, read_policies

from tests.architecture.template import ROOT

FOLDER = ROOT / "policies"
FILES = {
    path.name: path.read_text("utf-8")
    for path in sorted(FOLDER.iterdir())
    if path.suffix in (".cedar", ".cedarschema") or path.name == "fair-use.json"
}
POLICIES = read_policies(FOLDER)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
CLAIM = "habits.cafe_morning@1"
# Of the catalogue, and not answered for personal offers.
OTHER = "insurance.loss_free_years@1"

ALLOWED: dict[str, Any] = {
    "partner": {
        "client_id": "bicycles",
        "group": "rentals",
        "purposes": ["personal_offers"],
        "suspended": False,
    },
    "grant": {
        "kind": "release",
        "client": "bicycles",
        "group": "rentals",
        "purpose": "personal_offers",
        "claims": [CLAIM],
        "given_ago_ms": 30 * 86_400_000 - 1,
        "expires_in_ms": 1,
        "times": 2,
        "max_bits": 16,
        "ended": False,
    },
    "claims": [CLAIM],
    "sensitivity": "ordinary",
    "amounts": {
        "uses": 2,
        "price": 15_850,
        "grant_charged": 16 * 10_000 - 15_850,
        "group_charged": 24 * 10_000 - 15_850,
        "group_cap": 24 * 10_000,
        "person_charged": 64 * 10_000 - 15_850,
        "person_cap": 64 * 10_000,
    },
}


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The request with the members that `changes` names, down to the leaves."""
    merged = dict(base)
    for name, value in changes.items():
        assert name in base, f"a request has no {name}"
        merged[name] = changed(base[name], value) if isinstance(value, dict) else value
    return merged


def decide(request: dict[str, Any], policies: Policies = POLICIES) -> Verdict:
    partner = SimpleNamespace(**request["partner"])
    claims = [
        replace(CATALOGUE[name].claim, sensitivity=Sensitivity(request["sensitivity"]))
        for name in request["claims"]
    ]
    now_ms = int(NOW.timestamp() * 1000)
    return policies.decide(partner, grant(**request["grant"]), claims, amounts(request), now_ms)


def amounts(request: dict[str, Any]) -> Amounts:
    return Amounts(**request["amounts"])


def grant(
    kind: str,
    client: str,
    group: str,
    purpose: str,
    claims: list[str],
    expires_in_ms: int,
    times: int,
    max_bits: int,
    ended: bool,
    given_ago_ms: int = 30 * 86_400_000,
) -> Grant:
    collects = kind == "collect"
    return Grant(
        grant_id="grant-1",
        version=2 if ended else 1,
        kind=GrantKind(kind),
        subject="person-1",
        counterparty=client,
        recipient_group=None if collects else group,
        purpose=purpose,
        items=("card.approvals",) if collects else tuple(claims),
        frequency=Frequency(unit=FrequencyUnit.MONTH, count=times),
        max_bits=0 if collects else max_bits,
        given_at=NOW - timedelta(milliseconds=given_ago_ms),
        expires_at=NOW + timedelta(milliseconds=max(expires_in_ms, 1 - given_ago_ms)),
        ended_at=NOW if ended else None,
        ended_as=Ending.WITHDRAWN if ended else None,
        consent_hash=bytes(32),
        assertion=b"assertion",
    )
