"""An operator reads what waits as people would see it, and decides, by the keyboard alone."""

from __future__ import annotations

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite
from mydata_hub.offers.catalogue.publishing import list_offers

from tests.browser.stall import IMAGE, stall
from tests.browser.test_looks import look, pictures
from tests.unit.offers.offer_hub import a_document

__all__ = ["pictures", "stall"]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_an_operator_reads_and_decides_what_waits(locale, somebody, desk, stall, pictures):
    alley = f"alley-{locale}"
    stall.submit(
        alley,
        a_document("coffee-before-work", image=IMAGE),
        a_document("lunch-points", stock=200),
    )
    operator = somebody(locale)
    page = operator.page
    operator.go(invite(desk, Role.OPERATOR, "다나", locale))
    with page.expect_navigation():
        operator.press("Make a passkey")
    link = page.get_by_role("link", name=operator.say("Offers that wait for a decision"))
    link.press("Enter")
    operator.heading("Offers")
    assert page.locator("img.picture").evaluate("image => image.naturalWidth") == 320
    look(operator, f"operator-offers-{locale}", pictures)

    first, second = (
        page.locator(f"form[data-decide*='{alley}.{name}']")
        for name in ("coffee-before-work", "lunch-points")
    )
    first.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    with page.expect_navigation():
        first.get_by_role("button").press("Enter")
    operator.told("Approved. It is in the next snapshot.")
    assert page.locator("form[data-decide]").count() == 1

    second.get_by_role("radio").last.press("Space")
    second.get_by_role("button").press("Enter")
    page.get_by_role("alert").filter(visible=True).first.wait_for()
    second.get_by_label(operator.say("Why not, for the service to read")).fill(
        "가격을 적어 주세요."
    )
    with page.expect_navigation():
        second.get_by_role("button").press("Enter")
    operator.told("Refused. The service reads your reason.")
    operator.heading("Offers")
    page.get_by_text(operator.say("Nothing is waiting")).wait_for()
    look(operator, f"operator-offers-none-{locale}", pictures)
    told = {
        one.head.name: (one.latest.state, one.latest.reason)
        for one in list_offers(stall.desk, alley)
    }
    assert told == {
        "coffee-before-work": ("approved", None),
        "lunch-points": ("refused", "가격을 적어 주세요."),
    }
