"""Being told that there is something new: turned on and off by the keyboard, and heard.

No browser under test reaches the service of its maker, so the address that it would give is given
by the test, and the push that would come from there by the browser's own developer tools.
"""

from __future__ import annotations

import json

import pytest

from tests.browser.test_looks import look, pictures
from tests.unit.courier.receiver import receiving

__all__ = ["pictures"]

# What a browser's maker answers: an address, kept for the registration, and none once it is ended.
MAKER = """(() => {
  const given = () => JSON.parse(localStorage.getItem("maker") ?? "null");
  const one = (endpoint) => endpoint && {
    endpoint,
    unsubscribe: async () => localStorage.setItem("maker", "null"),
  };
  PushManager.prototype.getSubscription = async () => one(given());
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error("refused");
    localStorage.setItem("maker", JSON.stringify(ENDPOINT));
    return one(ENDPOINT);
  };
})();"""


def press(page, name):
    page.get_by_role("button", name=name, exact=True).press("Enter")


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_browser_is_told_and_says_so_in_its_person_s_language(locale, somebody, pictures):
    person = somebody(locale)
    page = person.page
    person.sign_up("지우" if locale == "ko" else "Jiu")
    with receiving() as (endpoint, _):
        person.context.add_init_script(MAKER.replace("ENDPOINT", json.dumps(endpoint)))
        person.context.grant_permissions(["notifications"])
        page.get_by_role("link", name=person.say("Where and when")).press("Enter")
        person.heading("Notifications")
        look(person, f"notifications-none-{locale}", pictures)
        with page.expect_navigation():
            press(page, person.say("Tell me in this browser"))
        person.told("You are told in this browser from now on.")
        page.get_by_text(person.say("this browser"), exact=True).wait_for()
        assert page.get_by_role("button", name=person.say("Tell me in this browser")).count() == 0
        look(person, f"notifications-{locale}", pictures)

        assert heard(person) == [
            "MyData Hub",
            person.say("There is something new for you."),
            locale,
        ]

        page.get_by_label(person.say("From"), exact=True).select_option("22")
        with page.expect_navigation():
            press(page, person.say("Keep these hours"))
        person.told("Your quiet hours are kept.")
        assert page.get_by_label(person.say("From"), exact=True).input_value() == "22"

        with page.expect_navigation():
            page.locator("form[data-end] button").press("Enter")
        person.told("You are told there no more.")
        nowhere = person.say("Nowhere yet. You hear of news only when you come here.")
        page.get_by_text(nowhere).wait_for()
        assert page.evaluate("localStorage.getItem('maker')") == "null"


def test_somebody_who_does_not_let_the_browser_is_told_how_to(somebody):
    person = somebody("en")
    person.sign_up("Jiu")
    person.context.clear_permissions()
    person.page.add_init_script("Notification.requestPermission = async () => 'denied'")
    person.go("/notifications")
    press(person.page, "Tell me in this browser")
    person.told("Your browser does not let us notify you")
    person.page.get_by_text("Nowhere yet.").wait_for()


def heard(person):
    """What would be shown when a push without content comes: its title, text and language.

    The shell that tests run in has no place for notifications, so the worker keeps them.
    """
    found = []

    def keep(told):
        found.extend(one["registrationId"] for one in told["registrations"])

    person.cdp.on("ServiceWorker.workerRegistrationUpdated", keep)
    person.cdp.send("ServiceWorker.enable")
    (worker,) = person.context.service_workers
    worker.evaluate(
        """() => {
          self.shown = [];
          ServiceWorkerRegistration.prototype.showNotification = async (title, options) =>
            self.shown.push([title, options.body, options.lang]);
        }"""
    )
    while not found:
        person.page.wait_for_timeout(50)
    push = {"origin": person.hub.url, "registrationId": found[-1], "data": ""}
    person.cdp.send("ServiceWorker.deliverPushMessage", push)
    for _ in range(100):
        if shown := worker.evaluate("self.shown"):
            return shown[0]
        person.page.wait_for_timeout(50)
    raise AssertionError("nothing is shown")
