"""A sound offer as a partner writes it, what it is checked against, and how to change it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mydata_hub.insights.fair_use import read_fair_use
from mydata_hub.oauth.clients import Client

POLICIES: Final = Path(__file__).parents[3] / "policies"
FAIR_USE: Final = read_fair_use(POLICIES)
NOW: Final = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CAFE: Final = 'context["habits.cafe_morning@1"] == "yes"'
SUBWAY: Final = 'context["commute.by_subway@1"] == "yes"'
DOCUMENT: Final[dict[str, Any]] = {
    "name": "morning",
    "category": "cafe",
    "title": {"ko": "출근길 커피", "en": "Coffee on your way"},
    "text": {"ko": "아침 커피를 1,000원 깎아 드려요.", "en": "1,000 won off a morning coffee."},
    "purpose": "personal_offers",
    "eligibility": f"{CAFE} && {SUBWAY}",
    "trigger": "payment.cafe",
    "claims_on_acceptance": ["commute.window"],
    "benefit": {
        "kind": "coupon",
        "wording": {"ko": "1,000원 할인", "en": "1,000 won off"},
        "amount_minor": 1000,
        "currency": "KRW",
    },
    "valid_from": "2026-03-01T00:00:00+09:00",
    "valid_until": "2026-06-01T00:00:00+09:00",
    "stock": 500,
}
PARTNER: Final = Client(
    client_id="alley",
    name="Alley Coffee",
    jwks='{"keys": []}',
    redirect_uris=("https://alley.example/back",),
    group="alley",
    purposes=("personal_offers",),
)


def written(**changes: Any) -> str:
    """The document with other fields; a field that is None here is null there."""
    return json.dumps({**DOCUMENT, **changes})


def without(field: str) -> str:
    return json.dumps({name: value for name, value in DOCUMENT.items() if name != field})
