"""One's own life in a real browser: pictures with their tables, and saying what is wrong."""

from __future__ import annotations

import datetime

import pytest

from tests.browser.test_looks import look
from tests.browser.test_today import HEADER, choose, wait_for

TODAY = datetime.datetime.now(tz=datetime.UTC).date()
BILLS = (("도시가스", 42_300, 25), ("통신요금", 55_000, 10), ("월세", 600_000, 1))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where the pictures of this run are."""
    return tmp_path_factory.mktemp("life")


def lived():
    """A year up to yesterday: bills, and coffee and lunch on weekdays."""
    lines = []
    for back in range(365, 0, -1):
        day = TODAY - datetime.timedelta(days=back)
        lines += [
            f"{day} 09:00:00,자동이체,{payee},,{amount},,100000\n"
            for payee, amount, on in BILLS
            if day.day == on
        ]
        if day.weekday() < 5:
            lines.append(f"{day} 08:0{back % 10}:00,체크,스타벅스,,{4500 + back % 3},,1\n")
    return (HEADER + "".join(lines)).encode()


@pytest.fixture(params=["ko", "en"])
def person(request, somebody):
    """Somebody who brought a year of their life."""
    person = somebody(request.param)
    person.sign_up("지우" if request.param == "ko" else "Jiu")
    person.go("/today")
    wait_for(person, "Nothing yet")
    choose(person, lived())
    with person.page.expect_navigation():
        person.press("Seal it into my vault")
    person.told("Your statement is in your vault.")
    return person


def test_a_life_is_seen_disputed_and_corrected_by_keyboard(person, pictures):
    page = person.page
    person.go("/account")
    page.get_by_role("link", name=person.say("See my life"), exact=True).click()
    person.heading("My life")
    page.locator("canvas[data-chart]:visible").first.wait_for()
    drawn = page.locator("canvas[data-chart]:visible")
    assert drawn.evaluate_all("all => all.map(one => one.dataset.chart)") == ["bills", "spending"]
    assert drawn.evaluate_all("all => all.every(one => one.getAttribute('aria-label').length > 20)")
    assert painted(page) == [True, True]
    look(person, "life", pictures)

    open_by_key(page, person.say("The figures as a table"), person.say("Your bills"))
    rows = page.locator("table[data-figures=bills] tbody tr")
    assert rows.count() == 3

    open_by_key(page, person.say("This is wrong"), person.say("Your bills"))
    person.press("These are wrong")
    person.told("Choose a record first")
    boxes = page.locator("section:has(#bills-title) input[name=record]")
    gas = boxes.locator("xpath=ancestor::label").filter(has_text="도시가스").locator("input")
    for number in range(gas.count()):
        gas.nth(number).focus()
        page.keyboard.press("Space")
    look(person, "life-wrong", pictures)
    with page.expect_navigation():
        gas.first.locator("xpath=ancestor::form").get_by_role("button").focus()
        page.keyboard.press("Enter")
    person.told("Noted. It counts no more in what you see.")
    person.heading("What you said is wrong")
    assert (
        page.locator("table[data-figures=bills] tbody tr").filter(has_text="도시가스").count() == 0
    )
    look(person, "life-disputed", pictures)
    person.go("/today")
    assert page.locator(".lines li").filter(has_text="도시가스").count() == 0

    person.go("/life")
    with page.expect_navigation():
        page.get_by_role("button", name=person.say("It is right after all")).first.click()
    person.told("It counts again.")

    person.fill("Payee, as it stands on your statement", "월세")
    page.get_by_label(person.say("Where it belongs"), exact=True).select_option("travel")
    with page.expect_navigation():
        person.press("Correct it")
    person.told("The category is corrected.")
    spending = page.locator("#spending-title")
    assert {"ko": "여행", "en": "travel"}[person.locale] in spending.inner_text()
    person.finds("/activity", "You corrected a category")


def test_without_anything_the_page_says_what_to_do(somebody, pictures):
    person = somebody("ko")
    person.sign_up("나리")
    person.go("/life")
    wait_for(person, "Nothing yet")
    look(person, "life-empty", pictures)


def open_by_key(page, summary, title):
    found = page.locator("summary").filter(has_text=summary).filter(has_text=title)
    found.focus()
    page.keyboard.press("Enter")


def painted(page):
    """Of each canvas, whether anything is on it."""
    return page.locator("canvas[data-chart]:visible").evaluate_all(
        """all => all.map(one => one.getContext("2d")
          .getImageData(0, 0, one.width, one.height).data.some(value => value > 0))"""
    )
