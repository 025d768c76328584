"""Tier benefits of the sample partners: what accepting one tells, on the sheet and in the grant."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from mydata_hub.insights.catalogue import CATALOGUE, find_claim
from mydata_hub.insights.fair_use import read_fair_use
from mydata_hub.oauth.clients import change_client
from mydata_hub.offers.catalogue.check import check_offer
from mydata_hub.offers.catalogue.compiled import told_by_accepting
from mydata_hub.web.offer_sheet import offer_document, read_offer_sheet
from mydata_hub.wiring import policies_folder

from tests.unit.offers.accepting_world import Stall
from tests.unit.offers.offer_hub import a_document

SAID = ("category", "title", "text", "purpose", "eligibility", "trigger", "benefit")


@pytest.mark.parametrize(
    ("trade", "name", "tier"),
    [
        ("bicycle", "no-deposit", 600),
        ("bicycle", "no-deposit-car", 650),
        ("travel", "airport-lounge", 700),
    ],
)
def test_accepting_tells_that_the_tier_is_reached_and_nothing_else(tmp_path, trade, name, tier):
    claim = f"trust.at_least_{tier}@1"
    document = a_document(name, trade)
    checked = check_offer(
        document, datetime.now(UTC), CATALOGUE, read_fair_use(policies_folder()), None
    )
    assert checked.discloses == (claim,)
    stall = Stall(tmp_path)
    purpose = json.loads(document)["purpose"]
    change_client(stall.desk, "bicycles", purposes=(purpose,))
    said = {field: getattr(checked.offer, field) for field in SAID}
    offer = stall.shelve(checked.discloses, claims_on_acceptance=(), **said)

    sheet = read_offer_sheet(stall.on_offer(), told_by_accepting(offer), (), stall.now, "en")
    (ask,) = sheet.asks
    assert ask.question == f"Is the trust score at least {tier}?"
    assert [one for one in sheet.change if "By accepting" in one] == [
        f"By accepting you tell 자전거: Is the trust score at least {tier}? Yes"
    ]
    bits = find_claim(f"trust.at_least_{tier}").claim.bits
    assert (checked.bits, ask.price) == (bits, f"One answer tells at most {bits:.1f} bits")
    told = offer_document(sheet, stall.on_offer())
    assert (told["discloses"], told["bits"]) == ([claim], str(bits))

    assert stall.accept(*stall.join()).items == (claim,)
