"""A person's way through the pages, with a real browser and a simulated authenticator."""

from __future__ import annotations

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite

both = pytest.mark.parametrize("locale", ["ko", "en"])
NAME = {"ko": "지우", "en": "Jiu"}


@both
def test_sign_up_sign_out_sign_in_and_a_second_passkey(locale, somebody):
    person = somebody(locale)
    person.go("/")
    assert person.page.locator("html").get_attribute("lang") == locale
    person.page.get_by_role("link", name=person.say("Open an account"), exact=True).click()
    person.sign_up(NAME[locale])
    person.page.get_by_text(
        person.say("What your vault understands of your days"), exact=True
    ).wait_for()
    first = person.credentials()

    person.press("Sign out")
    person.heading("Services get answers. Your records stay with you.")
    person.sign_in()
    person.heading("Hello, %(name)s", name=NAME[locale])

    person.new_authenticator()
    person.fill("Add a passkey", "새 노트북")
    person.press("Make a passkey")
    person.told("The passkey is added.")
    assert [held["userHandle"] for held in person.credentials()] == [first[0]["userHandle"]]
    person.press("Sign out")
    person.sign_in()
    person.heading("Hello, %(name)s", name=NAME[locale])
    row = person.page.get_by_role("listitem").filter(has_text="새 노트북")
    row.get_by_text(person.say("in use now")).wait_for()


@both
def test_a_passkey_is_renamed_and_removed(locale, somebody):
    person = somebody(locale)
    person.sign_up(NAME[locale])
    person.new_authenticator()
    person.fill("Add a passkey", "phone")
    person.press("Make a passkey")
    person.told("The passkey is added.")
    row = person.page.get_by_role("listitem").filter(has_text="phone")
    row.locator("summary").click()
    row.get_by_label(person.say("Name"), exact=True).fill("old phone")
    row.get_by_role("button", name=person.say("Rename"), exact=True).click()
    person.told("The passkey has its new name.")
    row = person.page.get_by_role("listitem").filter(has_text="old phone")
    row.locator("summary").click()
    row.get_by_role("button", name=person.say("Remove this passkey")).click()
    person.told("The passkey is removed.")
    assert person.page.get_by_text("old phone").count() == 0


@both
def test_recover_in_another_browser_see_the_banner_and_cancel(locale, somebody):
    person, other = somebody(locale), somebody(locale)
    person.sign_up(NAME[locale])
    code = person.make_code()
    assert person.page.get_by_text(code).count() == 0

    other.go("/sign-in")
    other.page.get_by_role("link", name=other.say("Use your recovery code")).click()
    other.fill("Recovery code", code.lower())
    other.press("Make a new passkey")
    other.heading("Your new passkey is made")
    other.sign_in()
    other.told("This passkey does not work yet")

    person.page.reload()
    person.heading("A recovery is running")
    banner = person.page.get_by_role("region", name=person.say("A recovery is running"))
    banner.get_by_role("button", name=person.say("This was not me: cancel it")).click()
    person.told("The recovery is cancelled. Make a new recovery code.")
    assert person.page.get_by_text(person.say("A recovery is running")).count() == 0
    other.press("Sign in with a passkey")
    other.told("That passkey does not open an account")


def test_on_paper_there_is_the_recovery_code_and_nothing_else(somebody, hub):
    person = somebody("ko")
    person.sign_up("지우")
    person.press("Make a recovery code")
    person.heading("Your recovery code")
    code = person.page.locator("#code-text").inner_text()
    person.page.emulate_media(media="print")
    paper = person.page.locator("body").inner_text().split("\n")
    printed = [line.strip() for line in paper if line.strip()]
    assert printed == [
        person.say("Your recovery code"),
        person.say("Print it or write it down now. We keep no copy and cannot show it again."),
        code,
        f"{person.say('To use it, open this page:')} {hub.url}/recover",
        person.say("It works once, and only after 72 hours. Nobody from the hub ever asks for it."),
    ]


def test_a_notice_reaches_the_page_and_is_put_away(somebody):
    person = somebody()
    person.sign_up("Jiu")
    person.make_code()
    # The courier hears of it by the change stream, a moment later.
    for _ in range(20):
        if person.page.get_by_text("A recovery code was made").count():
            break
        person.page.wait_for_timeout(200)
        person.page.reload()
    person.press("I have seen this")
    person.told("Put away.")
    assert person.page.get_by_text("A recovery code was made").count() == 0


def test_signing_up_takes_no_mouse(somebody):
    person = somebody()
    person.go("/sign-up")
    keyboard, focus = person.page.keyboard, person.page.locator(":focus")
    keyboard.press("Tab")
    assert focus.inner_text() == "Skip to the content"
    keyboard.press("Enter")
    keyboard.press("Tab")
    assert focus.get_attribute("name") == "name"
    outline = focus.evaluate("element => getComputedStyle(element).outlineWidth")
    assert outline == "3px"
    keyboard.type("Jiu")
    keyboard.press("Tab")
    assert focus.inner_text() == "Make a passkey"
    keyboard.press("Enter")
    person.heading("Hello, %(name)s", name="Jiu")


def test_an_error_is_read_out_and_leads_back_to_its_field(somebody):
    person = somebody("ko")
    person.go("/sign-up")
    person.press("Make a passkey")
    person.told("Use a name of 1 to 60 characters.")
    field = person.page.locator(":focus")
    assert field.get_attribute("name") == "name"
    assert field.get_attribute("aria-invalid") == "true"
    person.fill("What should we call you?", "지우")
    person.press("Make a passkey")
    person.heading("Hello, %(name)s", name="지우")


def test_a_closed_passkey_window_is_said_and_may_be_tried_again(somebody):
    person = somebody()
    uv = {"authenticatorId": person.authenticator, "isUserVerified": False}
    person.cdp.send("WebAuthn.setUserVerified", uv)
    person.go("/sign-up")
    person.fill("What should we call you?", "Jiu")
    person.press("Make a passkey")
    person.told("The passkey was not used")
    person.cdp.send("WebAuthn.setUserVerified", {**uv, "isUserVerified": True})
    person.press("Make a passkey")
    person.heading("Hello, %(name)s", name="Jiu")


def test_without_a_connection_the_page_says_so(somebody):
    person = somebody()
    person.go("/sign-in")
    person.context.set_offline(offline=True)
    person.press("Sign in with a passkey")
    person.told("We cannot reach the hub")
    person.context.set_offline(offline=False)
    assert [error for error in person.errors if "ERR_INTERNET_DISCONNECTED" not in error] == []
    person.errors.clear()


def test_staff_enrol_by_their_link_in_the_language_they_choose(somebody, hub, desk):
    auditor = somebody()
    auditor.go(invite(desk, Role.AUDITOR, "도윤", "ko"))
    auditor.page.get_by_role("heading", name="도윤 님, 반가워요").wait_for()
    auditor.page.get_by_role("button", name="English", exact=True).click()
    auditor.heading("Welcome, %(name)s", name="도윤")
    auditor.press("Make a passkey")
    auditor.heading("Verify the log")
    auditor.page.get_by_text(f"mydata log verify --url {hub.url}", exact=True).wait_for()
