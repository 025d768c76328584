"""Coupons over HTTP: their owner has one signed, a partner redeems it, anyone verifies it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from joserfc.jwk import KeySet
from mydata_hub.benefits.coupons import State, fetch_coupon, put_coupon, settle
from mydata_hub.benefits.redeeming import verify_coupon
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.oauth.jose import peek
from mydata_hub.ports.clock import SystemClock

from tests.unit.benefits.test_coupons import COUPON
from tests.unit.offers.offer_hub import OfferHub
from tests.unit.web.partners import ok

NOW = datetime.now(UTC)
MINE = replace(COUPON, client="alley", good_until=NOW + timedelta(days=9))


@pytest.fixture
def hub(tmp_path):
    return OfferHub(tmp_path)


def rows(hub):
    return SqliteTables(hub.folder, {"coupons": "coupons"}, SystemClock())


@pytest.fixture
def partner(hub):
    return hub.partner()


@pytest.fixture
def jiu(hub):
    browser = hub.browser()
    browser.sign_up("Jiu")
    return browser


def give(hub, browser, coupon=MINE):
    rows(hub).commit(*put_coupon(browser.state()["account_id"], coupon))
    return coupon.coupon_id


def show(browser, coupon_id, status=200):
    reply = browser.get(f"/coupons/{quote(coupon_id)}", accept="application/json")
    return ok(reply, status)


def redeem(partner, token, status=200, **form):
    return partner.send(partner.call("/coupons/redeem", {"coupon": token} | form), status)


def test_an_owner_shows_a_coupon_and_its_partner_redeems_it_once(hub, partner, jiu):
    coupon_id = give(hub, jiu)
    token = show(jiu, coupon_id)["coupon"]
    keys = json.loads(hub.browser().get("/coupons/jwks", accept="application/json").body)
    shown = verify_coupon(token, hub.issuer, *KeySet.import_key_set(keys).keys)
    assert (shown.coupon_id, shown.client) == (coupon_id, "alley")
    done = redeem(partner, token)
    assert (done["coupon_id"], done["benefit"], done["amount_minor"]) == (
        coupon_id,
        "coupon",
        2_000,
    )
    again = redeem(partner, token, 400)
    assert again == {"error": "invalid_coupon", "error_description": "coupon: was redeemed"}
    refused = show(jiu, coupon_id, 400)
    assert refused["type"].endswith("bad-input")


def test_nothing_of_its_owner_is_in_what_the_partner_gets(hub, partner, jiu):
    token = show(jiu, give(hub, jiu))["coupon"]
    account = jiu.state()["account_id"]
    assert account not in json.dumps(redeem(partner, token))
    assert not {"sub", "iat", "nbf"} & peek(token).claims.keys()


def test_another_persons_coupon_is_not_there(hub, jiu):
    coupon_id = give(hub, jiu)
    other = hub.browser()
    other.sign_up("Mina")
    assert show(other, coupon_id, 404)["status"] == 404
    assert show(jiu, "none-such", 404)["status"] == 404


def test_whoever_is_not_signed_in_or_does_not_prove_itself_gets_nothing(hub, partner, jiu):
    token = show(jiu, give(hub, jiu))["coupon"]
    assert hub.browser().get("/coupons/c-1", accept="application/json").status == 401
    form = {"coupon": token, "client_assertion": "x", "client_assertion_type": "y"}
    assert partner.send(partner.call("/coupons/redeem", form), 401)["error"] == "invalid_client"
    assert fetch_coupon(rows(hub), "c-1").state is State.ISSUED


def test_another_partner_cannot_redeem_it_and_hears_no_more_than_that(hub, jiu):
    token = show(jiu, give(hub, jiu))["coupon"]
    told = redeem(hub.partner("bread"), token, 400)
    assert told["error_description"] == "coupon: is for another partner"


def test_a_coupon_of_a_till_is_redeemed_by_that_till(hub, partner, jiu):
    token = show(jiu, give(hub, jiu, replace(MINE, till="till-7")))["coupon"]
    assert redeem(partner, token, 400)["error"] == "invalid_coupon"
    assert redeem(partner, token, till="till-7")["coupon_id"] == "c-1"


def test_what_is_no_coupon_is_refused(hub, partner):
    assert redeem(partner, "no.such.thing", 400)["error"] == "invalid_coupon"
    told = partner.send(partner.call("/coupons/redeem", {"till": "a"}), 400)
    assert told["error_description"] == "coupon: is needed"


def test_a_coupon_that_was_given_back_is_not_shown(hub, jiu):
    coupon_id = give(hub, jiu)
    tables = rows(hub)
    tables.commit(settle(fetch_coupon(tables, coupon_id), State.RETURNED, NOW))
    assert show(jiu, coupon_id, 400)["type"].endswith("bad-input")
