"""A reason is contested, a person of the hub decides, and both by the keyboard alone."""

from __future__ import annotations

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite

from tests.browser.test_life import lived
from tests.browser.test_looks import look, pictures
from tests.browser.test_today import choose, wait_for

__all__ = ["pictures"]
WORDS = "은행이 자기들이 늦게 빼 갔다고 확인해 주었어요. 그래서 세지 않아요."


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_reason_is_contested_read_and_decided(locale, somebody, desk, pictures):
    person, reviewer = somebody(locale), somebody(locale)
    page = person.page
    person.sign_up("Jiu")
    person.go("/today")
    wait_for(person, "Nothing yet")
    choose(person, lived())
    with page.expect_navigation():
        person.press("Seal it into my vault")

    person.go("/appeals")
    look(person, f"appeals-reasons-{locale}", pictures)
    named = {"ko": "꾸준히 낸 요금", "en": "Regular bills paid"}[locale]
    page.get_by_role("link").filter(has_text=named).press("Enter")
    page.get_by_role("heading", name=named).wait_for()
    person.press("Put it before a person")
    person.told("Say what is wrong")
    person.fill("What is wrong, and how you know", "도시가스는 내 것이 아니에요.")
    boxes = page.locator("input[name=record]")
    assert boxes.count() > 10
    boxes.first.focus()
    page.keyboard.press("Space")
    look(person, f"appeals-form-{locale}", pictures)
    with page.expect_navigation(url="**/appeals"):
        person.press("Put it before a person")
    person.told("A person will look at it. You find the decision here.")
    page.get_by_text(person.say("waiting for a person to decide")).wait_for()
    look(person, f"appeals-waiting-{locale}", pictures)

    reviewer.go(invite(desk, Role.OPERATOR, "다나", locale))
    with reviewer.page.expect_navigation():
        reviewer.press("Make a passkey")
    reviewer.page.get_by_role("link", name=reviewer.say("Appeals that wait for a decision")).press(
        "Enter"
    )
    reviewer.heading("Appeals")
    reviewer.page.locator("form[data-read] button:enabled").first.press("Enter")
    reviewer.page.get_by_text("도시가스는 내 것이 아니에요.").wait_for()
    look(reviewer, f"review-case-{locale}", pictures)
    reviewer.page.get_by_role("radio").first.press("Space")
    reviewer.fill("Why, for the person to read", WORDS)
    with reviewer.page.expect_navigation():
        reviewer.press("Decide")
    reviewer.told("Decided. The person reads your reasons.")

    person.go("/appeals")
    page.get_by_text(WORDS).wait_for()
    page.get_by_text(person.say("you were right")).wait_for()
    look(person, f"appeals-decided-{locale}", pictures)
    person.finds("/activity", "A person of the hub decided what you contested")
    assert person.errors == []
