"""What an operator does for partners over HTTP, and who may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.rows import rows_of
from mydata_hub.accounts.sessions import FRESH
from mydata_hub.config import ConsentSettings
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.ports.tables import Put, VersionIs
from mydata_hub.wiring import tables_for

from tests.unit.oauth.hub import KEYS, REDIRECT
from tests.unit.web.partners import HttpPartner, ok
from tests.unit.web.test_consent_sheet import AskedHub


@pytest.fixture
def hub(tmp_path):
    return AskedHub(tmp_path)


@pytest.fixture
def operator(hub):
    browser = hub.browser()
    browser.enrol(Role.OPERATOR)
    return browser


def about(**changes):
    key = KEYS["ES256"]().as_dict(private=False)
    return {"client_name": "Bread", "redirect_uris": [REDIRECT], "jwks": {"keys": [key]}} | changes


def registered(operator, **changes):
    return ok(operator.post("/operator/partners", about(**changes)), 201)


def test_a_partner_is_registered_and_looked_up(hub, operator):
    more = {
        "group": "bakeries",
        "purposes": ["mobility_service"],
        "claims": ["commute.mode"],
        "contact": "mailto:dpo@bread.example",
        "logo_uri": "https://bread.example/logo.png",
        "event_endpoint": "https://bread.example/events",
    }
    made = registered(operator, **more)
    assert {name: made[name] for name in more} == more
    path = f"/operator/partners/{made['client_id']}"
    assert ok(operator.get(path, accept="application/json"), 200) == made
    client = fetch_client(tables_for(ConsentSettings.read(hub.environment)), made["client_id"])
    assert (client.name, client.claims, client.contact) == (
        "Bread",
        ("commute.mode",),
        more["contact"],
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"jwks": None}, "jwks"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks_uri": "https://bread.example/jwks"}, "jwks"),
        ({"jwks": None, "jwks_uri": "http://bread.example/jwks"}, "jwks_uri"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": ["http://bread.example/"]}, "redirect_uris"),
        ({"purposes": ["marketing"]}, "purposes"),
        ({"claims": ["everything"]}, "claims"),
        ({"logo_uri": "javascript:x"}, "logo_uri"),
        ({"contact": ""}, "contact"),
        ({"colour": "red"}, "body"),
    ],
)
def test_a_registration_that_is_wrong_is_refused_by_the_name_of_what_is(operator, wrong, words):
    reply = operator.post("/operator/partners", about(**wrong))
    assert (reply.status, reply.problem) == (400, "bad-input")
    assert words in reply.body


def test_what_is_left_out_of_a_change_stays(hub, operator):
    made = registered(operator, contact="mailto:a@bread.example")
    path = f"/operator/partners/{made['client_id']}"
    changed = ok(operator.post(path, {"client_name": "Rye", "claims": ["commute.mode"]}), 200)
    assert (changed["client_name"], changed["contact"]) == ("Rye", "mailto:a@bread.example")
    assert changed["claims"] == ["commute.mode"]
    assert (changed["version"], changed["group"]) == (2, made["group"])
    moved = ok(operator.post(path, {"jwks_uri": "https://bread.example/jwks"}), 200)
    assert (moved["jwks_uri"], moved["keys_fetched_at"]) == ("https://bread.example/jwks", None)
    assert operator.post(path, {"group": "others"}).status == 400
    assert operator.post("/operator/partners/nobody", {"client_name": "x"}).status == 404


def test_a_suspended_partner_is_refused_everywhere_at_once_and_admitted_again(hub, operator):
    partner = HttpPartner(hub, hub.environment)
    question = partner.question()
    path = f"/operator/partners/{partner.client_id}/suspend"
    assert ok(operator.post(path, {"suspended": True}), 200)["suspended"]
    for place, form in (
        ("/oauth/par", partner.request()),
        ("/oauth/token", {"grant_type": "client_credentials"}),
        ("/oauth/introspect", {"token": "x"}),
        ("/oauth/revoke", {"token": "x"}),
        ("/oauth/deletions", {"attestation": "x"}),
    ):
        said = partner.send(partner.call(place, form), 401)
        assert said["error"] == "invalid_client"
    jiu = hub.browser()
    jiu.sign_up("Jiu")
    event = {**jiu.event("GET", "/authorize"), "rawQueryString": question}
    assert jiu.send(event).status == 400
    ok(operator.post(path, {"suspended": False}), 200)
    assert jiu.send(event).status == 200


def test_a_claim_that_a_partner_is_not_registered_for_is_not_asked(hub, operator):
    partner = HttpPartner(hub, hub.environment)
    path = f"/operator/partners/{partner.client_id}"
    ok(operator.post(path, {"claims": ["commute.transfers"]}), 200)
    said = partner.send(partner.call("/oauth/par", partner.request()), 400)
    assert said["error"] == "invalid_authorization_details"
    assert "not registered for" in said["error_description"]


@pytest.mark.parametrize("role", [Role.PERSON, Role.AUDITOR])
def test_nobody_but_an_operator_registers(hub, role):
    browser = hub.browser()
    browser.sign_up("Jiu") if role is Role.PERSON else browser.enrol(role)
    assert browser.post("/operator/partners", about()).status == 403
    assert hub.browser().post("/operator/partners", about()).status == 401


def test_registering_takes_a_passkey_that_was_used_a_moment_ago(hub, operator):
    tables = hub.desk.tables
    for row in rows_of(tables, "sessions", operator.state()["account_id"]):
        earlier = hub.desk.now() - FRESH - timedelta(seconds=1)
        values = {**row.values, "authenticated_at": earlier.isoformat()}
        when = VersionIs(row.version)
        tables.commit(Put(key=row.key, values=values, when=when, expires_at=row.expires_at))
    assert operator.post("/operator/partners", about()).problem == "step-up-needed"
