"""Sources in a real browser: connect by passkey, agree at the provider, see it, withdraw."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from mydata_hub.accounts.sessions import FRESH
from mydata_hub.cli.children import children
from mydata_hub.cli.laptop import environment_of, laptop_deployment
from mydata_hub.cli.log_sources import HttpSource, log_client
from mydata_hub.cli.sample_providers import register_samples, serve_providers
from mydata_hub.personal_log.disclosure import Disclosure, check_disclosure
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.tiles import TILE_WIDTH
from mydata_hub.transparency.trusted_leaves import TrustedLeaves

from functions.receive import build
from tests.browser.test_looks import look
from tests.browser.test_step_up import age

__all__ = ["age"]
NAMES = {"ko": "지우", "en": "Jiu"}
# A provider knows each of them once: who is whom at the samples.
SAMPLE = {"ko": "jiu", "en": "hana"}
CARD = {"ko": "샘플카드", "en": "Sample Card"}
BILLS = "Card bills"
PAYMENTS = "What you pay by card: where, when, how much"


@pytest.fixture(scope="session")
def samples(hub, tmp_path_factory):
    """The sample providers, registered as an operator does."""
    receive = build(environment_of(laptop_deployment(hub.folder, hub.url), "receive"))
    with children() as started:
        about = serve_providers(tmp_path_factory.mktemp("samples"), hub.url, started)
        operator = SimpleNamespace(call=lambda _name, event: receive(event, None))
        register_samples(operator, about)
        yield about


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where the pictures of this run are."""
    return tmp_path_factory.mktemp("sources")


def open_card(person):
    person.page.locator("#connect-sample-card summary").click()


def tick(person, sentence):
    person.page.locator("#connect-sample-card").get_by_label(person.say(sentence)).check()


def press(person, sentence, whom=""):
    # What only screen readers hear may stand apart: "Withdraw : Sample Card".
    ending = f" ?: {re.escape(whom)}" if whom else ""
    name = re.compile(f"^{re.escape(person.say(sentence))}{ending}$")
    scope = person.page.locator("#connect-sample-card, dialog, ul") if not whom else person.page
    scope.get_by_role("button", name=name).click()


def agree(person, sample):
    """The sample provider's own page."""
    page = person.page
    page.wait_for_url("http://127.0.0.1:*/card/**")
    page.locator(f"input[name=person][value={sample}]").check()
    page.locator("button[name=decision][value=allow]").click()


def wait_for(person, text):
    for _ in range(40):
        person.go("/sources")
        if person.page.get_by_text(text).count():
            return
        person.page.wait_for_timeout(250)
    raise AssertionError(person.page.locator("main").inner_text())


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_person_connects_sees_and_withdraws(somebody, samples, pictures, locale, age, tmp_path):
    person = somebody(locale)
    person.sign_up(NAMES[locale])
    person.go("/sources")
    person.heading("My sources")
    look(person, f"sources-none-{locale}", pictures)
    open_card(person)
    assert person.page.locator("input:checked").count() == 0
    press(person, "Allow with my passkey", CARD[locale])
    person.told("Choose at least one kind of record")
    tick(person, PAYMENTS)
    press(person, "See exactly what you sign")
    person.heading("The record that your passkey signs")
    record = person.page.locator("#record-text").inner_text()
    assert '"items":["card.approvals"]' in record
    person.press("Close")
    tick(person, BILLS)
    look(person, f"sources-choosing-{locale}", pictures)
    press(person, "Allow with my passkey", CARD[locale])
    agree(person, SAMPLE[locale])
    person.page.wait_for_url("**/sources?note=connected")
    person.page.get_by_text(
        person.say("Connected. What is there is being collected now.")
    ).wait_for()
    wait_for(person, person.say("up to date"))
    look(person, f"sources-connected-{locale}", pictures)
    person.finds("/activity", "Records were collected and sealed")
    # Each entry is held to the public log by the page itself.
    person.page.locator("#checked[data-state=checked]").wait_for()
    assert person.page.locator("#happened .state.leaf").count() >= 3
    assert person.page.locator("#happened .state.amber").count() == 0
    look(person, f"activity-{locale}", pictures)
    age(person, FRESH)
    show_month(person, tmp_path / "month.json")
    look(person, f"activity-disclosed-{locale}", pictures)
    person.go("/sources")
    if locale == "en":
        stop_and_erase(person)
    else:
        press(person, "Stop, and keep the records", CARD[locale])
        person.told("Withdrawn. Nothing is collected from there any more.")
    wait_for(person, person.say("ended"))
    look(person, f"sources-withdrawn-{locale}", pictures)


def show_month(person, file):
    """The month goes into one file, and whoever gets it finds it whole in the public log."""
    person.fill("Whom it is for", "Dana")
    with person.page.expect_download() as saved:
        person.page.get_by_label(person.say("Whom it is for")).press("Enter")
    person.told("It is not locked: give it only to the one it is for.")
    saved.value.save_as(file)
    shown = Disclosure.decode(file.read_bytes())
    with log_client(person.hub.url) as client:
        source = HttpSource(client)
        key = VerifierKey.parse(source.get("key").decode())
        checkpoint = verify_checkpoint(source.get("checkpoint"), key)
        leaves = TrustedLeaves(source.get, checkpoint)
        bundles = range(-(-checkpoint.size // TILE_WIDTH))
        found = check_disclosure(shown, (one for at in bundles for one in leaves.bundle(at)))
    assert (found.wrong, found.to) == ((), "Dana")
    kinds = {one.kind for one in found.events.values()}
    assert {"account_opened", "records_collected", "key_disclosed"} <= kinds


def stop_and_erase(person):
    """Who wants the records gone is led to where they are erased, and means it there."""
    press(person, "Stop, and delete the records", CARD[person.locale])
    person.heading("Erase a part")
    person.told("Withdrawn. Nothing is collected from there any more.")
    form = person.page.locator("form[data-erase-part]").first
    assert form.locator("option:checked").inner_text() == CARD[person.locale]
    form.get_by_role("checkbox").check()
    form.locator("button").press("Enter")
    person.heading("Erasure certificate")
    person.page.get_by_role("link", name=person.say("Save the signed certificate")).wait_for()


def test_somebody_elses_account_there_is_refused(somebody, samples, pictures):
    person = somebody("en")
    person.sign_up("Not Minho")
    for sample in ("minho", "heavy"):
        person.go("/sources")
        # The first connection says who one is; the second, at another provider, says otherwise.
        family = "card" if sample == "minho" else "bank"
        person.page.locator(f"#connect-sample-{family} summary").click()
        form = person.page.locator(f"#connect-sample-{family}")
        form.locator("input").first.check()
        form.locator("button[name=sign]").click()
        person.page.wait_for_url(f"http://127.0.0.1:*/{family}/**")
        person.page.locator(f"input[name=person][value={sample}]").check()
        person.page.locator("button[name=decision][value=allow]").click()
        person.page.wait_for_url("**/sources?note=*")
    assert person.page.url.endswith("note=other_person")
    person.page.get_by_text(
        person.say("It knows that account under another person's name, so it is not connected.")
    ).wait_for()
    look(person, "sources-other-person", pictures)


def test_a_no_at_the_provider_connects_nothing(somebody, samples):
    person = somebody("en")
    person.sign_up("No")
    person.go("/sources")
    open_card(person)
    tick(person, BILLS)
    press(person, "Allow with my passkey", CARD["en"])
    person.page.wait_for_url("http://127.0.0.1:*/card/**")
    person.page.locator("button[name=decision]:not([value=allow])").click()
    person.page.wait_for_url("**/sources?note=refused")
    person.page.get_by_text(person.say("not finished"), exact=True).wait_for()
