"""Leaving for good in a real browser: read, typed, confirmed with the passkey, and certified."""

from __future__ import annotations

import pytest
from mydata_hub.accounts.sessions import FRESH

from tests.browser.test_looks import look, pictures
from tests.browser.test_step_up import age

WORDS = {"ko": "지울게요", "en": "erase everything"}
__all__ = ["age", "pictures"]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_somebody_leaves_with_the_keyboard_alone_and_gets_a_certificate(
    locale, somebody, age, pictures
):
    person = somebody(locale)
    person.sign_up("Jiu")
    page = person.page
    page.get_by_role("link", name=person.say("See what erasing does"), exact=True).press("Enter")
    person.heading("What happens, in this order")
    look(person, "erase", pictures)
    field = page.get_by_role("textbox")
    field.press("Enter")
    person.told("Type the words exactly as they stand above the field.")
    assert field.evaluate("field => field === document.activeElement")
    look(person, "erase-wrong-words", pictures)
    # The page was open for a while, so the passkey is asked for once more.
    age(person, FRESH)
    field.fill(WORDS[locale])
    field.press("Enter")
    person.heading("Erasure certificate")
    page.get_by_role("link", name=person.say("Save the signed certificate")).wait_for()
    look(person, "certificate", pictures)
    link = page.url
    person.go("/account")
    person.heading("Sign in")
    # Whoever has the link needs no account, and there is nobody to be found in it.
    stranger = somebody(locale)
    stranger.page.goto(link)
    stranger.heading("Erasure certificate")
    assert "Jiu" not in stranger.page.content()
    with stranger.page.expect_download() as saved:
        stranger.page.get_by_role("link", name=stranger.say("Save the signed certificate")).press(
            "Enter"
        )
    assert saved.value.suggested_filename == "erasure-certificate.json"


def test_somebody_whose_recovery_runs_can_read_and_not_erase(somebody, pictures):
    person, other = somebody("ko"), somebody("ko")
    person.sign_up("Jiu")
    code = person.make_code()
    other.go("/recover")
    other.fill("Recovery code", code)
    other.press("Make a new passkey")
    other.heading("Your new passkey is made")
    person.go("/erase")
    person.page.get_by_text(person.say("A recovery is running until")).wait_for()
    assert person.page.get_by_role("textbox").count() == 0
    look(person, "erase-in-recovery", pictures)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_somebody_erases_a_part_and_reads_what_came_of_it(locale, somebody, pictures):
    person = somebody(locale)
    person.sign_up("Jiu")
    page = person.page
    person.go("/sources/erase")
    person.heading("Erase a part")
    look(person, "erase-part", pictures)
    # The days are needed: the field that lacks them is shown.
    forms = page.locator("form[data-erase-part]")
    forms.nth(2).get_by_role("checkbox").check()
    forms.nth(2).locator("button").press("Enter")
    person.told("Choose the first and the last day.")
    forms.nth(1).get_by_role("combobox").select_option("card.approvals")
    forms.nth(1).locator("button").press("Enter")
    person.told("Tick that you know it cannot come back.")
    forms.nth(1).get_by_role("checkbox").check()
    forms.nth(1).locator("button").press("Enter")
    person.heading("Erasure certificate")
    page.get_by_role("link", name=person.say("Save the signed certificate")).wait_for()
    look(person, "certificate-part", pictures)
    # Whoever erased a part is still there.
    person.go("/account")
    page.get_by_role("heading", name="Jiu").first.wait_for()
