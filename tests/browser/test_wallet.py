"""A wallet with a coupon and points in it, used by the keyboard alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mydata_hub.benefits.coupons import Coupon, put_coupon
from mydata_hub.fields import Wording

from tests.browser.stall import EVERYBODY, shown, stall
from tests.browser.test_looks import look, pictures
from tests.unit.offers.offer_hub import a_document

__all__ = ["pictures", "stall"]

COUPON = Coupon(
    coupon_id="c-1",
    client="shown-p",
    offer_id="shown-p.coffee",
    version=1,
    kind="coupon",
    title=Wording(ko="출근길 커피 반값", en="Half-price coffee on your way in"),
    amount_minor=2_250,
    currency="KRW",
    till=None,
    good_until=datetime.now(UTC) + timedelta(days=20),
)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_coupon_is_shown_and_a_favourite_left_by_the_keyboard(locale, somebody, stall, pictures):
    (lunch,) = stall.publish(f"shown-p-{locale}", a_document("lunch-points", **EVERYBODY))
    person = somebody(locale)
    page = person.page
    person.sign_up("지우" if locale == "ko" else "Jiu")
    shown(person, lunch)
    person.go("/wallet")
    person.heading("Wallet")
    page.get_by_text(person.say("No coupon yet")).wait_for()
    look(person, f"wallet-empty-{locale}", pictures)

    account = page.evaluate("fetch('/account/state').then((one) => one.json())")["account_id"]
    tables = stall.desk.tables  # of the function that signs coupons
    for till in (None, "till-7"):
        coupon_id = f"{locale}-{till or 'any'}"
        tables.commit(*put_coupon(account, replace(COUPON, coupon_id=coupon_id, till=till)))
    keep(page, lunch)
    person.go("/wallet")
    form = page.locator("form[data-show]").first
    form.get_by_role("button").press("Enter")
    form.locator("textarea").wait_for()
    assert form.locator("textarea").input_value().count(".") == 2
    page.locator("summary").first.press("Enter")
    look(person, f"wallet-{locale}", pictures)

    leave = page.locator("form[data-say='/wallet/favourites/end']").get_by_role("button")
    with page.expect_navigation():
        leave.press("Enter")
    person.told("You earn there no more. What you have stays.")


def keep(page, offer_id):
    """Make an offer of points a favourite, as the page of offers asks it."""
    said = page.evaluate(
        """async (offer) => {
          const { post } = await import("/static/call.js");
          return post("/wallet/favourites", { offer });
        }""",
        offer_id,
    )
    assert said["in_effect"]
