"""An offer's sheet is read and signed by the keyboard, and its coupon is in the wallet."""

from __future__ import annotations

import json

import pytest

from tests.browser.stall import EVERYBODY, card, shown, stall
from tests.browser.test_looks import look, pictures
from tests.unit.offers.offer_hub import a_document

__all__ = ["pictures", "stall"]

WORDS = {"ko": "아메리카노 한 잔", "en": "One americano"}
COUPON = {"kind": "coupon", "wording": WORDS, "amount_minor": 4500, "currency": "KRW"}
FOR_ALL = {**EVERYBODY, "category": "cafe", "benefit": COUPON}


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_an_offer_is_accepted_by_the_keyboard(locale, somebody, stall, pictures):
    said = {**json.loads(a_document()), **FOR_ALL, "name": "cup"}
    asking, free = (
        stall.publish(f"{name}-{locale}", json.dumps({**said, "claims_on_acceptance": claims}))[0]
        for name, claims in (("asks", ["habits.cafe_time@1"]), ("free", []))
    )
    person = somebody(locale)
    page = person.page
    person.sign_up("지우" if locale == "ko" else "Jiu")
    shown(person, asking)
    card(person, asking).get_by_role("link").press("Enter")
    page.get_by_role("heading", name=person.say("What it may then ask, once")).wait_for()
    look(person, f"offer-sheet-{locale}", pictures)
    page.get_by_role("button", name=person.say("See exactly what you sign")).press("Enter")
    page.locator("#record-text").filter(has_text="habits.cafe_time@1").wait_for()
    page.get_by_role("dialog").get_by_role("button", name=person.say("Close")).press("Enter")
    with page.expect_navigation(url="**/wallet"):
        page.get_by_role("button", name=person.say("Sign and accept")).press("Enter")
    page.get_by_text(WORDS[locale]).first.wait_for()
    look(person, f"wallet-after-accepting-{locale}", pictures)

    person.go(f"/offers/{free}/accept")
    look(person, f"offer-free-{locale}", pictures)
    with page.expect_navigation(url="**/wallet"):
        page.get_by_role("button", name=person.say("Take it")).press("Enter")
    assert page.get_by_text(WORDS[locale]).count() >= 2
    assert person.errors == []
