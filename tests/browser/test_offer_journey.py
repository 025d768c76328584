"""An offer's whole way as those who walk it see it: its partner, an operator, a person, a till.

The hub's clock is on a day of the sample world: two years are collected when the person connects a
card, and lunch, paid at a favourite the day after, when the hub comes for what is new.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite
from mydata_hub.cli.laptop import desk_of, environment_of
from mydata_hub.cli.sample_providers import register_samples
from mydata_hub.collection.connections import collect_message, fetch_link
from mydata_hub.config import AuthorizeSettings, CollectSettings
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.ports.messages import send
from mydata_hub.wiring import tables_for

from tests.adversary.served_town import Adversary, ServedHub
from tests.browser import conftest
from tests.browser.stall import IMAGE, card, shown
from tests.browser.test_looks import look, pictures
from tests.browser.test_sources import PAYMENTS, agree, open_card, press, tick, wait_for
from tests.samples.sample_world import NOW as EVENING
from tests.samples.sample_world import start, stop
from tests.unit.offers.offer_hub import a_document

__all__ = ["pictures"]

# A hub asks each provider once a day; between the two Jiu has lunch.
BEGUN, NEXT = EVENING - timedelta(hours=27), EVENING
LUNCH = ("김밥천국 북창점", 10_500)
GOAL, WON_A_POINT = 10, 1000
CLAIM = "habits.cafe_morning@1"
COFFEE, POINTS = "cafe.coffee-before-work", "diner.lunch-points"
TRIES, TRY_MS = 60, 250
SECRETS = ("client-secret", "admin-token")


@dataclass
class Street:
    """A hub in time, with sample providers whose lives end where its clock is."""

    hub: ServedHub
    kept: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def providers(self, until: datetime) -> Iterator[None]:
        """The sample providers as they know their people then, on one address and of one memory."""
        options = [word for pair in self.kept.items() for word in pair]
        told = ("--now", until.isoformat(), "--hub", self.hub.issuer)
        process, about = start("providers", *told, *options)
        try:
            if not self.kept:
                with self.its_day():
                    register_samples(Invoker(self.hub.deployment), about)
                secrets = {f"--{name}": about[name.replace("-", "_")] for name in SECRETS}
                self.kept = secrets | {"--port": str(urlsplit(about["url"]).port)}
            yield
        finally:
            stop(process)

    def its_day(self) -> time_machine.travel:
        """What is written from here is of the hub's day: writing takes out what is over by then."""
        return time_machine.travel(self.hub.now, tick=True)

    def collect_again(self, account_id: str) -> None:
        """What the sweep asks for once a connection is due, without waiting a minute for it."""
        with self.its_day():
            tables = tables_for(
                CollectSettings.read(environment_of(self.hub.deployment, "collect"))
            )
            link = fetch_link(tables, account_id, "sample-card")
            assert link is not None
            tables.commit(send(collect_message(link, "again", self.hub.now)))

    def partner(self, client_id: str) -> Adversary:
        environment = environment_of(self.hub.deployment, "authorize")
        named = {"name": "샘플골목", "client_id": client_id, "group": client_id}
        with self.its_day():
            return Adversary(self.hub, environment, **named, purposes=("personal_offers",))

    def invitation(self, locale: str) -> str:
        """The link that makes somebody an operator."""
        environment = environment_of(self.hub.deployment, "authorize")
        with self.its_day():
            desk = desk_of(AuthorizeSettings.read(environment))
            return invite(desk, Role.OPERATOR, "다나", locale)


@pytest.fixture
def street(tmp_path):
    hub = ServedHub(tmp_path, BEGUN)
    try:
        yield Street(hub)
    finally:
        hub.stop()


@pytest.fixture
def hub(street):
    """The one that `somebody` of this file goes to."""
    return conftest.ServedHub(street.hub.issuer, street.hub.data)


def test_an_offer_goes_from_its_partner_to_a_till_and_lunch_becomes_points(
    street, somebody, pictures
):
    cafe, diner = (street.partner(name) for name in ("cafe", "diner"))
    publish(cafe, "coffee-before-work", eligibility=f'context["{CLAIM}"] == "yes"', image=IMAGE)
    points = {"merchants": [LUNCH[0]], "per_minor": WON_A_POINT, "goal": GOAL}
    publish(diner, "lunch-points", benefit=points, trigger="always")
    with street.providers(BEGUN):
        approve(street, somebody("ko"), pictures)
        jiu = somebody("ko")
        jiu.sign_up("지우")
        connect(jiu)
        shown(jiu, COFFEE, POINTS)
    look(jiu, "journey-offers", pictures)
    because = card(jiu, COFFEE).get_by_text(
        "얼마 전에 카페에서 결제했고 평일 오전에 자주 카페에 가서"
    )
    assert because.count() == 1
    coupon = accept(jiu, pictures)
    redeem_once(cafe, coupon, COFFEE)

    jiu.go("/offers")
    with jiu.page.expect_navigation():
        card(jiu, POINTS).get_by_role("button", name=jiu.say("Make it a favourite")).press("Enter")
    jiu.go("/wallet")
    assert jiu.page.get_by_text(held(jiu, 0), exact=True).count() == 1
    account = jiu.page.evaluate("fetch('/account/state').then((one) => one.json())")
    with street.providers(NEXT):
        street.hub.advance(NEXT - BEGUN)
        street.collect_again(account["account_id"])
        jiu.sign_in()
        jiu.heading("Hello, %(name)s", name="지우")
        find_points(jiu, LUNCH[1] // WON_A_POINT)
    look(jiu, "journey-points", pictures)
    with jiu.page.expect_navigation():
        spend = jiu.page.get_by_role("button", name=jiu.say("Turn them into a coupon"))
        spend.press("Enter")
    find_points(jiu, 0)
    redeem_once(diner, show_coupon(jiu), POINTS)
    jiu.go("/wallet")
    assert jiu.page.get_by_text(jiu.say("used"), exact=True).count() == 2
    assert jiu.page.get_by_text(jiu.say("No coupon to use now")).count() == 1
    look(jiu, "journey-spent", pictures)


def publish(partner, name, benefit=None, **changes):
    """An offer goes in by the partner's own call; its dates are of the sample world."""
    said = json.loads(a_document(name))
    dates = {"valid_from": BEGUN, "valid_until": BEGUN + timedelta(days=200)}
    said |= changes | {field: at.isoformat() for field, at in dates.items()}
    said["benefit"] |= benefit or {}
    made = partner.send(partner.call("/offers", {"offer": json.dumps(said)}), 201)
    assert made["state"] == "waiting"


def approve(street, operator, pictures):
    """Each by its own form, once it was read."""
    page = operator.page
    operator.go(street.invitation(operator.locale))
    with page.expect_navigation():
        operator.press("Make a passkey")
    operator.go("/operator/offers")
    look(operator, "journey-approval", pictures)
    for offer_id in (COFFEE, POINTS):
        form = page.locator(f"form[data-decide*='{offer_id}']")
        form.get_by_role("radio").first.press("Space")
        with page.expect_navigation():
            form.get_by_role("button").press("Enter")
        operator.told("Approved. It is in the next snapshot.")
    page.get_by_text(operator.say("Nothing is waiting")).wait_for()


def connect(jiu):
    """Her card company is asked what she pays, by her passkey."""
    jiu.go("/sources")
    open_card(jiu)
    tick(jiu, PAYMENTS)
    press(jiu, "Allow with my passkey", "샘플카드")
    agree(jiu, "jiu")
    jiu.page.wait_for_url("**/sources?note=connected")
    wait_for(jiu, jiu.say("up to date"))


def accept(jiu, pictures) -> str:
    """The sheet asks for what eligibility and trigger disclose, and for no more."""
    page = jiu.page
    card(jiu, COFFEE).get_by_role("link").press("Enter")
    page.get_by_role("heading", name=jiu.say("What it may then ask, once")).wait_for()
    assert page.locator(".card.ask").count() == 2
    look(jiu, "journey-sheet", pictures)
    jiu.press("See exactly what you sign")
    jiu.heading("The record that your passkey signs")
    record = json.loads(page.locator("#record-text").inner_text())
    assert record["items"] == [CLAIM, "spending.rhythm_cafe@1"]
    page.get_by_role("dialog").get_by_role("button", name=jiu.say("Close")).press("Enter")
    with page.expect_navigation(url="**/wallet"):
        jiu.press("Sign and accept")
    coupon = show_coupon(jiu)
    look(jiu, "journey-coupon", pictures)
    return coupon


def show_coupon(jiu) -> str:
    """What the one coupon of the wallet shows to a till."""
    form = jiu.page.locator("form[data-show]")
    form.get_by_role("button").press("Enter")
    code = form.locator("textarea")
    code.wait_for()
    return code.input_value()


def redeem_once(partner, coupon, offer_id):
    """The till's own call, twice."""
    taken = partner.send(partner.call("/coupons/redeem", {"coupon": coupon}), 200)
    assert taken["offer_id"] == offer_id
    again = partner.send(partner.call("/coupons/redeem", {"coupon": coupon}), 400)
    assert again["error_description"] == "coupon: was redeemed"


def held(jiu, count) -> str:
    return jiu.say("%(count)s points", count=str(count))


def find_points(jiu, count):
    """Load the wallet until it holds so many: what is collected is folded a moment later."""
    for _ in range(TRIES):
        jiu.go("/wallet")
        if jiu.page.get_by_text(held(jiu, count), exact=True).count():
            return
        jiu.page.wait_for_timeout(TRY_MS)
    raise AssertionError(jiu.page.locator("main").inner_text())
