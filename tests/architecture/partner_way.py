"""A partner and a person over the deployed functions: each call that either of them can make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.rows import rows_of
from mydata_hub.oauth.call import Call
from mydata_hub.ports.tables import Put, VersionIs

from tests.architecture.cloud import Cloud
from tests.unit.oauth.hub import REDIRECT
from tests.unit.web.conftest import Browser
from tests.unit.web.partners import HttpPartner, approve, asked, ok

# An address that the courier may not call from an account, so that nothing leaves the test.
INSIDE = "https://127.0.0.1/events"


def go_a_partners_way(hub: Any, cloud: Cloud, jiu: Browser) -> None:
    """Ask, be refused, be allowed, get tokens, look after them, and lose them."""
    partner = HttpPartner(hub, cloud.environment("authorize"), event_endpoint=INSIDE)
    run_partners(hub, cloud)
    for path in ("/catalogue", "/purposes", "/openapi.json", "/partner", "/dry-run"):
        assert jiu.get(path).status == 200
    for path in (
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/oauth/jwks",
        "/oauth/events/jwks",
        "/.well-known/ssf-configuration",
    ):
        partner.send(Call(method="GET", path=path), 200)
    ok(jiu.post("/authorize/refuse", asked(partner.question())), 200)
    code = approve(jiu, partner.question())
    # The first try learns the nonce.
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    form["code_verifier"] = partner.verifier
    partner.nonce = None
    partner.exchange(400, **form)
    tokens = partner.exchange(200, **form)
    grant_id = tokens["grant_id"]
    partner.exchange(200, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    for path in ("/oauth/introspect", "/oauth/revoke"):
        partner.send(partner.call(path, {"token": tokens["access_token"]}), 200)
    own = partner.exchange(200, grant_type="client_credentials")["access_token"]
    partner.grant("GET", own, grant_id, 200)
    partner.grant("GET", own, grant_id, 200, "/receipt")
    for path in ("/consents", f"/consents/{grant_id}", f"/consents/{grant_id}/receipt"):
        assert jiu.get(path, accept="application/json").status == 200
    assert jiu.get("/consents/jwks").status == 200
    sooner = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    ok(jiu.post(f"/grants/{grant_id}/narrow", {"expires_at": sooner}), 200)
    partner.grant("DELETE", own, grant_id, 204)
    cloud.invoke("deliver", {"sweep": True})
    attested = partner.call("/oauth/deletions", {"attestation": partner.attestation(grant_id)})
    partner.send(attested, 200)
    approve(jiu, partner.question())
    _let_time_pass(hub, jiu, "GET", "/authorize", partner.question())
    _let_time_pass(hub, jiu, "GET", "/grants/state")
    given = jiu.get("/grants/state", accept="application/json").json()["grants"]
    assert [grant["state"] for grant in given] == ["active", "revoked"]
    assert [grant["told"] and grant["told"]["trouble"] for grant in given] == [
        None,
        "address_refused",
    ]
    ok(jiu.post("/grants/withdraw"), 200)


def run_partners(hub: Any, cloud: Cloud) -> None:
    """What an operator does for a partner: register it, look it up, change it, suspend it."""
    operator = hub.browser()
    operator.enrol(Role.OPERATOR)
    about = {"client_name": "Bread", "redirect_uris": [REDIRECT], "jwks_uri": INSIDE}
    made = ok(operator.post("/operator/partners", about), 201)
    path = f"/operator/partners/{made['client_id']}"
    assert operator.get(path, accept="application/json").status == 200
    ok(operator.post(path, {"contact": "mailto:dpo@bread.example"}), 200)
    ok(operator.post(f"{path}/suspend", {"suspended": True}), 200)
    cloud.invoke("deliver", {"sweep": True})


def _let_time_pass(hub: Any, jiu: Browser, method: str, path: str, query: str = "") -> None:
    """Two quiet minutes, so that reading the session puts its limit off."""
    tables = hub.desk.tables
    for row in rows_of(tables, "sessions", jiu.state()["account_id"]):
        earlier = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
        values = {**row.values, "seen_at": earlier}
        tables.commit(
            Put(
                key=row.key,
                values=values,
                when=VersionIs(row.version),
                expires_at=row.expires_at,
            )
        )
    event = jiu.event(method, path, accept="application/json")
    ok(jiu.send({**event, "rawQueryString": query}), 200)
