"""The consent sheet in a real browser: a partner asks, and a person allows or refuses."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from mydata_hub.cli.laptop import environment_of, laptop_deployment
from mydata_hub.oauth.consent_receipt import verify_consent_receipt
from mydata_hub.oauth.jose import import_key_set

from tests.browser.test_looks import look
from tests.unit.courier.receiver import receiving
from tests.unit.oauth.hub import REDIRECT
from tests.unit.web.partners import HttpPartner

BICYCLES = "따릉 자전거"
TOLD_SECONDS = 10
NAMES = {"ko": "지우", "en": "Jiu"}


class ServedPartner(HttpPartner):
    """The same partner, over HTTP."""

    def details(self, **changes):
        asked = {"claims": ["commute.mode", "commute.transfers", "insurance.car_cover"]}
        more = {"max_bits": 9, "frequency": {"unit": "month", "count": 2}}
        return super().details(**asked, **more) | changes

    def send(self, call, status, **parameters):
        url = self.origin + call.path
        reply = httpx.request(call.method, url, content=call.body, headers=dict(call.headers))
        assert reply.status_code == status, reply.text
        self.nonce = reply.headers.get("dpop-nonce", getattr(self, "nonce", None))
        return reply.json()

    def redeem(self, code):
        """Tokens for a code; the first try learns the nonce."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        form["code_verifier"], self.nonce = self.verifier, None
        assert self.exchange(400, **form)["error"] == "use_dpop_nonce"
        return self.exchange(200, **form)


@pytest.fixture(scope="session")
def partner(hub, desk):
    environment = environment_of(laptop_deployment(hub.folder, hub.url), "authorize")
    with receiving() as (endpoint, _):
        yield ServedPartner(
            SimpleNamespace(desk=desk), environment, BICYCLES, event_endpoint=endpoint
        )


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where the pictures of this run are."""
    return tmp_path_factory.mktemp("consent")


@pytest.fixture
def asked(somebody, partner):
    """Somebody whom the partner has sent to the hub, with no session."""

    def send(locale):
        person = somebody(locale)
        person.page.route(REDIRECT + "**", lambda route: route.fulfill(body="back"))
        person.go(f"/authorize?{partner.question()}")
        return person

    return send


def join(person):
    """From the sign-in page to a new account, and back to what was asked."""
    person.heading("Sign in")
    person.page.get_by_role("link", name=person.say("Open an account")).click()
    person.fill("What should we call you?", NAMES[person.locale])
    person.press("Make a passkey")
    person.heading("%(partner)s asks about you", partner=BICYCLES)


def answered(person):
    """What the partner is told by the address that the browser was sent to."""
    person.page.wait_for_url(REDIRECT + "**")
    query = parse_qs(urlsplit(person.page.url).query)
    return {name: value for name, (value,) in query.items()}


def tick(person, number):
    person.page.get_by_role("checkbox").nth(number).check()


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_visitor_joins_reads_chooses_and_allows(locale, asked, partner, hub, pictures):
    person = asked(locale)
    join(person)
    page = person.page
    boxes = page.get_by_role("checkbox")
    assert [boxes.nth(number).is_checked() for number in range(boxes.count())] == [False] * 3
    look(person, "consent", pictures)
    person.press("Sign and allow")
    person.told("Choose at least one question")
    look(person, "consent-none-chosen", pictures)
    tick(person, 1)
    person.press("See exactly what you sign")
    person.heading("The record that your passkey signs")
    record = json.loads(page.locator("#record-text").inner_text())
    assert record["items"] == ["commute.transfers@1"]
    look(person, "consent-record", pictures)
    with page.expect_download() as saved:
        page.get_by_role("link", name=person.say("Save"), exact=True).click()
    assert json.loads(saved.value.path().read_text()) == record
    person.press("Close")
    tick(person, 0)
    look(person, "consent-chosen", pictures)
    person.press("Sign and allow")
    told = answered(person)
    assert (told["iss"], told["state"]) == (hub.url, "state-1")
    tokens = partner.redeem(told["code"])
    assert tokens["authorization_details"][0]["claims"] == ["commute.mode", "commute.transfers"]
    person.go(f"/authorize?{partner.question()}")
    page.get_by_text("9", exact=False).first.wait_for()
    look(person, "consent-second", pictures)
    person.go("/activity")
    page.get_by_role("listitem").filter(has_text=BICYCLES).first.wait_for()
    look(person, "activity-allowed", pictures)
    page.get_by_role("button", name=person.say("Withdraw")).click()
    person.told("Withdrawn. The next question is refused.")
    page.get_by_text(person.say("No service may ask about you now.")).wait_for()
    person.heading("Who may ask no more")
    told_so(person, "Told and confirmed. They have not yet signed that they deleted.")
    statement = partner.attestation(tokens["grant_id"])
    partner.send(partner.call("/oauth/deletions", {"attestation": statement}), 200)
    told_so(person, "Signed that they deleted. We cannot see whether they did.")
    look(person, "activity-ended", pictures)


def told_so(person, words):
    """Look again until the page says so of the partner that may ask no more."""
    news = person.page.locator("[data-told]").filter(has_text=person.say(words))
    until = time.monotonic() + TOLD_SECONDS
    while not news.count() and time.monotonic() < until:
        person.page.reload()
    assert news.count() == 1


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_what_was_allowed_is_seen_saved_made_less_of_and_withdrawn(
    locale, asked, partner, pictures
):
    person = asked(locale)
    join(person)
    page = person.page
    for number in range(3):
        tick(person, number)
    person.press("Sign and allow")
    answered(person)
    person.go("/consents")
    person.heading("What I allowed")
    look(person, "consents", pictures)
    page.get_by_role("link", name=person.say("See, allow less, or save")).click()
    page.get_by_role("heading", name=BICYCLES, exact=True).wait_for()
    look(person, "one-consent", pictures)
    with page.expect_download() as saved:
        page.get_by_role("link", name=person.say("Save the receipt")).click()
    receipt = saved.value.path().read_bytes()
    keys = import_key_set(httpx.get(person.hub.url + "/consents/jwks").text)
    assert len(verify_consent_receipt(receipt, keys).signed.items) == 3
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    person.press("Allow less")
    person.told("Keep at least one")
    page.get_by_role("checkbox").first.check()
    tomorrow = datetime.now() + timedelta(days=2)  # noqa: DTZ005 (the day that the browser is in)
    page.locator("#until").fill(f"{tomorrow:%Y-%m-%d}")
    person.press("Allow less")
    person.told("It allows less from now on.")
    assert page.get_by_text(person.say("You took this back.")).count() == 2
    person.heading("How it changed")
    look(person, "one-consent-less", pictures)
    person.go("/consents")
    person.press("Withdraw all")
    person.told("Everything is withdrawn. Whatever is asked from now on is refused.")
    page.get_by_text(person.say("Nothing is allowed to anybody")).wait_for()
    look(person, "consents-over", pictures)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_refusing_takes_one_tap_and_the_question_is_over(locale, asked, pictures):
    person = asked(locale)
    join(person)
    url = person.page.url
    person.press("Refuse")
    assert answered(person)["error"] == "access_denied"
    person.page.goto(url)
    person.heading("This question is over")
    look(person, "consent-over", pictures)


def test_the_language_can_be_changed_without_losing_the_question(asked):
    person = asked("en")
    join(person)
    person.page.get_by_role("button", name="한국어").click()
    person.locale = "ko"
    person.heading("%(partner)s asks about you", partner=BICYCLES)


def test_yes_and_no_have_equal_weight(asked):
    person = asked("ko")
    join(person)
    yes, no = (
        person.page.get_by_role("button", name=person.say(words), exact=True)
        for words in ("Sign and allow", "Refuse")
    )
    look_of = """e => {
      const { color, backgroundColor, borderColor, fontSize, fontWeight } = getComputedStyle(e);
      return [color, backgroundColor, borderColor, fontSize, fontWeight];
    }"""
    assert yes.evaluate(look_of) == no.evaluate(look_of)
    for width in (360, 1280):
        person.page.set_viewport_size({"width": width, "height": 900})
        yes_box, no_box = yes.bounding_box(), no.bounding_box()
        assert (yes_box["width"], yes_box["height"]) == (no_box["width"], no_box["height"])
        assert yes_box["y"] == no_box["y"]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_the_page_for_partners_is_open_to_everybody(locale, somebody, pictures):
    person = somebody(locale)
    person.go("/partner")
    look(person, "partner", pictures)
