"""What fits comes to the person, who says what they want by the keyboard alone."""

from __future__ import annotations

from base64 import b64encode

import pytest
from mydata_hub.offers.catalogue.compiled import compile_offer
from mydata_hub.offers.catalogue.deciding import Decision, Outcome, decide_offer
from mydata_hub.offers.catalogue.publishing import list_offers

from tests.browser.test_looks import look, pictures
from tests.browser.test_operator_offers import a_picture, offers, publish
from tests.unit.offers.offer_hub import a_document

__all__ = ["offers", "pictures"]

IMAGE = {
    "content": b64encode(a_picture()).decode(),
    "alt": {"ko": "골목의 아침", "en": "The alley in the morning"},
}
EVERYBODY = {"trigger": "always", "eligibility": ""}


@pytest.fixture(scope="module")
def published():
    return set()


def approve_all(desk, client_id):
    for one in list_offers(desk, client_id):
        named = {"offer_id": one.latest.offer_id, "version": one.latest.version}
        decide_offer(desk, None, Decision(**named, outcome=Outcome.APPROVED), compile_offer)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_offers_are_seen_and_put_away_by_the_keyboard(
    locale, somebody, offers, pictures, published
):
    if not published:
        publish(offers, "shown-a", a_document("coffee-stamps", image=IMAGE, **EVERYBODY))
        publish(offers, "shown-b", a_document("no-deposit", "bicycle", **EVERYBODY))
        for client_id in ("shown-a", "shown-b"):
            approve_all(offers, client_id)
        published.add(True)
    person = somebody(locale)
    page = person.page
    person.sign_up("지우" if locale == "ko" else "Jiu")
    shown(person, 2)
    person.go("/account")
    page.get_by_role("link", name=person.say("Offers for you"), exact=True).press("Enter")
    person.heading("Offers for you")
    assert page.locator("article").count() == 2
    assert page.locator("img.picture").evaluate("image => image.naturalWidth") == 320
    page.locator("summary").first.press("Enter")
    look(person, f"own-offers-{locale}", pictures)

    person.go("/today")
    page.get_by_role("link", name=person.say("See all offers for you")).wait_for()
    look(person, f"today-offers-{locale}", pictures)
    person.go("/offers")
    press(person, "category", "mobility")
    person.told("You will see no offers of this kind.")
    assert page.locator("article").count() == 1
    look(person, f"own-offers-unwanted-{locale}", pictures)
    press(person, "category", "mobility")
    person.told("Offers of this kind are shown again.")
    for scope in ("shown-a.coffee-stamps", "shown-b.no-deposit"):
        press(person, "offer", scope, "not_interested")
        person.told("You will not see this offer again.")
    page.get_by_text(person.say("Nothing for you today")).wait_for()
    look(person, f"own-offers-none-{locale}", pictures)
    press(person, "offer", "shown-a.coffee-stamps", "interested")
    person.told("It can be shown again.")
    assert page.locator("article").count() == 1


def shown(person, count):
    """The snapshot is made, and the vault is opened, a moment after they are asked for."""
    for _ in range(40):
        person.go("/offers")
        if person.page.locator("article").count() == count:
            return
        person.page.wait_for_timeout(250)
    raise AssertionError(count)


def press(person, scope, name, word=None):
    """The one button that says this word, from the keyboard."""
    said = f"[data-word='{word}']" if word else ""
    form = person.page.locator(f"form[data-scope='{scope}'][data-name='{name}']{said}")
    with person.page.expect_navigation():
        form.get_by_role("button").press("Enter")
