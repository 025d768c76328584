"""Points by the real path: a lunch by card is collected, earns, buys a coupon, and is taken back.

A served hub, the sample card company and a partner, over HTTP and on one day of the sample world;
nothing is put into a vault by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite
from mydata_hub.cli.client import HubClient
from mydata_hub.cli.laptop import desk_of, environment_of
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.sample_providers import register_samples
from mydata_hub.cli.sources import connect_provider
from mydata_hub.collection.connections import collect_message, fetch_link
from mydata_hub.config import AuthorizeSettings, CollectSettings
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.ports.messages import send
from mydata_hub.samples.facts import KST
from mydata_hub.samples.lives import live
from mydata_hub.samples.people import PEOPLE
from mydata_hub.wiring import tables_for

from tests.adversary.served_town import Adversary, ServedHub
from tests.laptop.patience import eventually
from tests.samples.sample_world import NOW as EVENING
from tests.samples.sample_world import Samples, served
from tests.unit.offers.offer_hub import a_document

MORNING = datetime(2026, 11, 18, 6, 0, tzinfo=KST)
CARD = "sample-card"
OFFER, GOAL, WON_A_POINT = "alley.lunch-points", 10, 1000
# What Jiu pays by card on that day, later than MORNING, and is told by the EVENING.
LUNCH, SNACK = ("김밥천국 북창점", 10_500), ("GS25 망원한강점", 8_400)


@dataclass
class Street:
    """A hub in the morning, a shop that gives points, and Jiu, who has made it a favourite."""

    hub: ServedHub
    samples: Samples
    partner: Adversary
    passkey: SoftwarePasskey

    def jiu(self) -> HubClient:
        """A session of hers; yesterday's is over."""
        client = HubClient.open(self.hub.issuer)
        client.sign_in(self.passkey)
        return client

    def collect_again(self, account_id: str) -> None:
        """What the sweep asks for once a connection is due, without waiting a minute for it."""
        settings = CollectSettings.read(environment_of(self.hub.deployment, "collect"))
        tables = tables_for(settings)
        link = fetch_link(tables, account_id, CARD)
        assert link is not None
        tables.commit(send(collect_message(link, "again", self.hub.now)))


@pytest.fixture
def street(tmp_path):
    hub = ServedHub(tmp_path, MORNING)
    try:
        with served(hub.issuer) as samples:
            providers = samples.http.get(f"{samples.about['url']}/providers").json()
            register_samples(Invoker(hub.deployment), {**samples.about, **providers})
            partner = Adversary(
                hub,
                environment_of(hub.deployment, "authorize"),
                client_id="alley",
                group="alley",
                purposes=("personal_offers",),
            )
            passkey = SoftwarePasskey.make()
            street = Street(hub, samples, partner, passkey)
            on_offer(street)
            yield street
    finally:
        hub.stop()


def on_offer(street: Street) -> None:
    """Published by its partner and approved by an operator, both over HTTP."""
    benefit = {
        "kind": "points",
        "wording": {"ko": "골목 상품권", "en": "A voucher of the street"},
        "amount_minor": 5000,
        "currency": "KRW",
        "merchants": [LUNCH[0], SNACK[0]],
        "per_minor": WON_A_POINT,
        "goal": GOAL,
        "expires_days": 365,
    }
    until = (MORNING + timedelta(days=200)).isoformat()
    dates = {"valid_from": MORNING.isoformat(), "valid_until": until}
    document = a_document("lunch-points", trigger="always", benefit=benefit, **dates)
    partner = street.partner
    made = partner.send(partner.call("/offers", {"offer": document}), 201)
    assert made["offer_id"] == OFFER
    desk = desk_of(AuthorizeSettings.read(environment_of(street.hub.deployment, "authorize")))
    with HubClient.open(street.hub.issuer) as operator:
        operator.enrol(SoftwarePasskey.make(), invite(desk, Role.OPERATOR, "Dana", "en"))
        decided = {"version": 1, "outcome": "approved"}
        operator.post(f"/operator/offers/{OFFER}/decide", decided)


def test_what_is_paid_at_a_favourite_earns_buys_one_coupon_and_is_taken_back(street):
    paid = [
        (one.merchant, one.amount)
        for one in live(PEOPLE["jiu"], EVENING).purchases
        if one.at > MORNING and one.told_at <= EVENING and one.through != "efin"
    ]
    assert paid == [LUNCH, SNACK]
    with HubClient.open(street.hub.issuer) as jiu:
        jiu.sign_up(street.passkey, "Jiu", "en")
        account_id = jiu.get("/account/state")["account_id"]
        ids = eventually(
            lambda: [one["offer_id"] for one in jiu.get("/offers/state")["offers"]], bool
        )
        assert ids == [OFFER]
        assert jiu.post("/wallet/favourites", {"offer": OFFER})["in_effect"]

    street.hub.advance(EVENING - MORNING)
    with street.jiu() as jiu:
        connect_provider(jiu, street.passkey, CARD, "jiu")
        held = sum(won // WON_A_POINT for _, won in paid)
        wallet = eventually(lambda: jiu.get("/wallet/state"), lambda one: points(one) == held)
        # Two years of payments came with them; those from before earn nothing.
        assert points(wallet) == wallet["programmes"][0]["earned"] == held
        spent = jiu.post("/wallet/spendings", {"offer": OFFER})
        assert spent["in_effect"]
        wallet = jiu.get("/wallet/state")
        assert points(wallet) == held - GOAL
        (coupon,) = wallet["coupons"]
        assert (coupon["coupon_id"], coupon["state"]) == (spent["coupon_id"], "issued")
        signed = jiu.get(f"/coupons/{coupon['coupon_id']}")["coupon"]

    partner = street.partner
    taken = partner.send(partner.call("/coupons/redeem", {"coupon": signed}), 200)
    assert (taken["offer_id"], taken["amount_minor"]) == (OFFER, 5000)
    again = partner.send(partner.call("/coupons/redeem", {"coupon": signed}), 400)
    assert again["error_description"] == "coupon: was redeemed"
    # Nothing that a till is told says whose it is or what was bought.
    for word in (account_id, *(merchant for merchant, _ in paid)):
        assert word not in str(taken)

    # The sample company takes back the latest payment that is three weeks old.
    days = 25
    street.samples.admin("POST", "clock", days=days)
    cancelled = street.samples.fault("cancel", "card", "jiu")["cancelled"]
    assert (cancelled["merchant"], cancelled["amount"]) == SNACK
    street.hub.advance(timedelta(days=days))
    street.collect_again(account_id)
    with street.jiu() as jiu:
        left = held - GOAL - SNACK[1] // WON_A_POINT
        wallet = eventually(lambda: jiu.get("/wallet/state"), lambda one: points(one) == left)
        assert points(wallet) == left
        (programme,), (coupon,) = wallet["programmes"], wallet["coupons"]
        assert (programme["earned"], programme["spent"]) == (LUNCH[1] // WON_A_POINT, GOAL)
        assert coupon["state"] == "redeemed"


def points(wallet) -> int | None:
    """What is held of the one programme, once there is one."""
    return next((one["held"] for one in wallet["programmes"]), None)
