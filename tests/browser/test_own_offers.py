"""What fits comes to the person, who says what they want by the keyboard alone."""

from __future__ import annotations

import pytest

from tests.browser.stall import EVERYBODY, IMAGE, card, shown, stall
from tests.browser.test_looks import look, pictures
from tests.unit.offers.offer_hub import a_document

__all__ = ["pictures", "stall"]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_offers_are_seen_and_put_away_by_the_keyboard(locale, somebody, stall, pictures):
    coffee, bicycle = (f"{partner}-{locale}" for partner in ("shown-a", "shown-b"))
    stall.publish(coffee, a_document("coffee-stamps", image=IMAGE, **EVERYBODY))
    stall.publish(bicycle, a_document("no-deposit", "bicycle", **EVERYBODY))
    stamps, deposit = f"{coffee}.coffee-stamps", f"{bicycle}.no-deposit"
    person = somebody(locale)
    page = person.page
    person.sign_up("지우" if locale == "ko" else "Jiu")
    shown(person, stamps, deposit)
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
    assert (card(person, stamps).count(), card(person, deposit).count()) == (1, 0)
    look(person, f"own-offers-unwanted-{locale}", pictures)
    press(person, "category", "mobility")
    person.told("Offers of this kind are shown again.")
    for scope in (stamps, deposit):
        press(person, "offer", scope, "not_interested")
        person.told("You will not see this offer again.")
    page.get_by_text(person.say("Nothing for you today")).wait_for()
    look(person, f"own-offers-none-{locale}", pictures)
    press(person, "offer", stamps, "interested")
    person.told("It can be shown again.")
    assert (card(person, stamps).count(), card(person, deposit).count()) == (1, 0)


def press(person, scope, name, word=None):
    """The one button that says this word, from the keyboard."""
    said = f"[data-word='{word}']" if word else ""
    form = person.page.locator(f"form[data-scope='{scope}'][data-name='{name}']{said}")
    with person.page.expect_navigation():
        form.get_by_role("button").press("Enter")
