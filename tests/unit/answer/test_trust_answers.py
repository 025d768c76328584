"""A partner asks all that there is about the score: it learns the tier, and nobody the number."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.fold import HOLDINGS, TRIPS
from mydata_hub.scorecard.card import TIERS

from tests.unit.answer.answer_world import AskingPartner, Laptop
from tests.unit.insights.lives import NOW
from tests.unit.insights.test_perturbation import LIFE, moved
from tests.unit.web.conftest import Browser

AT_LEAST = [f"trust.at_least_{tier}" for tier in TIERS]


class Lender(AskingPartner):
    """A partner of two purposes, with a consent for each."""

    def details(self, **changes: Any) -> dict[str, Any]:
        asked = {"frequency": {"unit": "day", "count": 4}, **self.wanted}
        return super().details(**(asked | changes))

    def allowed(self, person: Browser, purpose: str, *claims: str) -> None:
        self.wanted = {"claims": list(claims), "purpose": purpose}
        self.be_allowed(person)


@pytest.fixture
def hub(tmp_path):
    return Laptop(tmp_path)


@pytest.fixture
def jiu(hub):
    """Somebody with the life of the design, up to now."""
    person = Browser(hub)
    assert person.sign_up().status == 201
    by = timedelta(days=(datetime.now(UTC).date() - NOW.date()).days)
    told = [
        replace(moved(one, by), connection_id="connection-1")
        for one in LIFE
        if one.dataset not in (TRIPS, HOLDINGS) and moved(one, by).occurred_at < datetime.now(UTC)
    ]
    hub.fill_vault(person.state()["account_id"], told)
    return person


@pytest.fixture
def lender(hub):
    purposes = ("loan_advice", "deposit_waiver")
    return Lender(hub, hub.environment("authorize"), purposes=purposes)


def leaves(told: Any) -> list[Any]:
    """Every value in a document, names included."""
    if isinstance(told, dict):
        return [leaf for one in told.items() for part in one for leaf in leaves(part)]
    if isinstance(told, list):
        return [leaf for one in told for leaf in leaves(one)]
    return [told]


def says(told: Any, number: int) -> bool:
    """Whether the number stands anywhere, as one or as a word of a text."""
    return any(re.search(rf"(?<![\w.+-]){number}(?![\w.+-])", str(one)) for one in leaves(told))


def test_all_that_may_be_asked_tells_the_tier_is_charged_to_one_attribute_and_never_the_number(
    hub, jiu, lender, caplog
):
    caplog.set_level(logging.DEBUG)
    number = jiu.get("/score/state", accept="application/json").json()["score"]
    replies = []
    lender.allowed(jiu, "loan_advice", "trust.tier")
    replies.append(lender.ask("trust.tier").json())
    lender.allowed(jiu, "deposit_waiver", *AT_LEAST)
    replies.append(lender.ask(*AT_LEAST).json())
    told = {one["claim"]: one["answer"] for reply in replies for one in reply["answers"]}
    tier = max((tier for tier in TIERS if number >= tier), default=0)
    assert told == {
        "trust.tier": str(tier) if tier else "under_600",
        **{f"trust.at_least_{one}": "yes" if number >= one else "no" for one in TIERS},
    }
    # One cell of the published partition fits all of it, and no other does.
    entries = [one for one in CATALOGUE.values() if one.attribute.id == "trust.tier"]
    fitting = [
        cell
        for cell in entries[0].attribute.cells
        if all(one.symbols[cell] == told[one.claim.id] for one in entries)
    ]
    assert fitting == [told["trust.tier"]]
    charged = sum(Decimal(reply["bits"]) for reply in replies)
    assert charged == sum(one.claim.bits for one in entries)
    (group,) = jiu.get("/grants/state", accept="application/json").json()["balances"]["groups"]
    assert len(group["about"]) == 1
    assert group["bits"] == pytest.approx(float(charged))

    # The number is the person's alone: in no answer, receipt, entry or line of a log.
    receipts = [json.loads(lender.receipt(reply["event_id"]).body) for reply in replies]
    entries_told = [json.loads(event.payload) for event in hub.released(jiu.state()["account_id"])]
    assert entries_told
    assert number not in TIERS  # or it is a word of the claims
    assert says(jiu.get("/score/state", accept="application/json").json(), number)
    for place in (replies, receipts, entries_told, [one.getMessage() for one in caplog.records]):
        assert not says(place, number)
