"""A person's own view in a real browser: what is brought is seen, and every state reads well."""

from __future__ import annotations

import pytest

from tests.browser.test_looks import look

HEADER = "거래일시,적요,보낸분/받는분,송금메모,출금액,입금액,거래후잔액\n"
BILLS = (("도시가스", 42_300, 25), ("통신요금", 55_000, 10), ("관리비", 183_450, 20))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where the pictures of this run are."""
    return tmp_path_factory.mktemp("today")


def statement(*more):
    lines = [
        f"2025-{month:02d}-{day:02d} 09:00:00,자동이체,{payee},,{amount},,100000\n"
        for month in range(1, 13)
        for payee, amount, day in BILLS
    ]
    return (HEADER + "".join((*lines, *more))).encode()


def choose(person, content, name="march.csv"):
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    person.page.get_by_label(person.say("The file, as CSV"), exact=True).set_input_files(file)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_statement_is_brought_and_seen_and_every_state_is_open_to_everybody(
    locale, somebody, pictures
):
    person = somebody(locale)
    person.sign_up("지우" if locale == "ko" else "Jiu")
    person.page.get_by_role("link", name=person.say("See today"), exact=True).click()
    person.heading("Today")
    wait_for(person, "Nothing yet")
    look(person, "today-empty", pictures)
    person.press("Seal it into my vault")
    person.told("Choose a file first")
    look(person, "today-no-file", pictures)
    choose(person, statement("2025-02-30 01:00:00,이체,가게,,1,,1\n"), "bad.csv")
    person.press("Seal it into my vault")
    person.heading("Lines that could not be read")
    assert person.page.locator("#broken td").first.inner_text() == "1 (거래일시)"
    look(person, "today-broken", pictures)
    choose(person, statement())
    with person.page.expect_navigation():
        person.press("Seal it into my vault")
    person.told("Your statement is in your vault.")
    person.heading("What goes out")
    assert person.page.locator(".lines li").filter(has_text="도시가스").count() == 1
    look(person, "today-known", pictures)


def test_what_can_be_read_is_kept_when_the_person_chooses_so(somebody):
    person = somebody("en")
    person.sign_up("Jiu")
    person.go("/today")
    choose(person, statement("2025-02-30 01:00:00,이체,가게,,1,,1\n"))
    person.page.get_by_label(person.say("Take the rest, and tell me which"), exact=True).check()
    person.press("Seal it into my vault")
    person.told("What could be read is in your vault.")
    assert person.page.locator("#broken tbody tr").count() == 1
    wait_for(person, "What goes out")


def test_a_mapping_of_ones_own_is_written_on_the_page(somebody):
    person = somebody("en")
    person.sign_up("Jiu")
    person.go("/today")
    lines = "".join(f"2025-{month:02d}-05,-990,Music\n" for month in range(1, 10))
    choose(person, ("day,sum,who\n" + lines).encode())
    person.page.get_by_label(person.say("Which bank's columns")).select_option("")
    person.page.locator("summary").click()
    person.page.get_by_label(person.say("The mapping, as JSON")).fill(
        '{"name":"mine","currency":"KRW","date_column":"day","date_format":"%Y-%m-%d",'
        '"amount":{"column":"sum"},"counterparty_columns":["who"]}'
    )
    with person.page.expect_navigation():
        person.press("Seal it into my vault")
    assert person.page.locator(".lines li").filter(has_text="Music").count() == 1


def wait_for(person, sentence):
    """A vault is opened and lines are folded a moment after they are asked for."""
    for _ in range(40):
        if person.page.get_by_text(person.say(sentence), exact=True).count():
            return
        person.page.wait_for_timeout(250)
        person.page.reload()
    raise AssertionError(sentence)
