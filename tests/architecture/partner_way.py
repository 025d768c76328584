"""A partner and a person over the deployed functions: each call that either of them can make."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from mydata_hub.accounts.rows import rows_of
from mydata_hub.config import AuthorizeSettings
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.clients import Client, jwks_text, register_client
from mydata_hub.ports.tables import Put, VersionIs
from mydata_hub.web.guards import ROUTES
from mydata_hub.wiring import tables_for

from tests.architecture.cloud import Cloud
from tests.unit.oauth.hub import KEYS, REDIRECT, Partner
from tests.unit.web.conftest import Browser

DETAILS = {"type": "mydata_claims", "claims": ["commute.mode"], "purpose": "mobility_service"}


class DeployedPartner(Partner):
    """The partner of the unit tests; its calls go to the deployed functions."""

    def __init__(self, hub: Any, cloud: Cloud) -> None:
        key = KEYS["ES256"]()
        super().__init__(hub, "bicycles", key, "ES256")
        settings = AuthorizeSettings.read(cloud.environment("authorize"))
        client = Client(
            client_id="bicycles",
            name="Bicycles",
            jwks=jwks_text({"keys": [key.as_dict(private=False)]}),
            redirect_uris=(REDIRECT,),
            group="bicycles",
            purposes=("mobility_service",),
        )
        register_client(tables_for(settings), client)

    @property
    def now(self) -> int:
        return int(datetime.now(UTC).timestamp())

    def details(self, **changes: Any) -> dict[str, Any]:
        """What it asks for."""
        return DETAILS | changes

    def send(self, call: Call, status: int, **parameters: str) -> Any:
        """What the hub answers, which must have this status."""
        path = call.path
        for name, value in parameters.items():
            path = path.replace(value, "{" + name + "}")
        assert f"{call.method} {path}" in {route.key for route in ROUTES}
        event = {
            "version": "2.0",
            "routeKey": f"{call.method} {path}",
            "rawPath": call.path,
            "rawQueryString": call.query,
            "headers": dict(call.headers),
            "pathParameters": parameters,
            "requestContext": {"http": {"method": call.method, "path": call.path}},
            "body": call.body.decode(),
            "isBase64Encoded": False,
        }
        reply = self.hub.handler(event, None)
        assert reply["statusCode"] == status, reply["body"]
        self.nonce = reply["headers"].get("dpop-nonce", getattr(self, "nonce", None))
        return json.loads(reply["body"]) if reply["body"] else {}

    def question(self) -> str:
        """Push a request; the query of its authorization URL."""
        pushed = self.send(self.call("/oauth/par", self.request()), 201)
        return urlencode({"client_id": self.client_id, "request_uri": pushed["request_uri"]})

    def exchange(self, status: int, **form: str) -> Any:
        proof = self.proof(nonce=self.nonce)
        return self.send(self.call("/oauth/token", form, dpop=proof), status)

    def grant(self, method: str, token: str, grant_id: str, status: int) -> Any:
        path = f"/oauth/grants/{grant_id}"
        proof = self.proof(method, path, token=token, nonce=self.nonce)
        return self.send(self.resource(token, method, path, dpop=proof), status, grant_id=grant_id)


def go_a_partners_way(hub: Any, cloud: Cloud, jiu: Browser) -> None:
    """Ask, be refused, be allowed, get tokens, look after them, and lose them."""
    partner = DeployedPartner(hub, cloud)
    for path in ("/catalogue", "/purposes", "/openapi.json", "/partner"):
        assert jiu.get(path).status == 200
    for path in (
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/oauth/jwks",
    ):
        partner.send(Call(method="GET", path=path), 200)
    _ok(jiu.post("/authorize/refuse", _asked(partner.question())), 200)
    code = _approve(jiu, partner.question())
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
    partner.grant("DELETE", own, grant_id, 204)
    _approve(jiu, partner.question())
    _let_time_pass(hub, jiu, "GET", "/authorize", partner.question())
    _let_time_pass(hub, jiu, "GET", "/grants/state")
    given = jiu.get("/grants/state", accept="application/json").json()["grants"]
    assert [grant["state"] for grant in given] == ["active", "revoked"]
    _ok(jiu.post(f"/grants/{given[0]['grant_id']}/withdraw"), 200)


def _approve(jiu: Browser, query: str) -> str:
    """The code that a person's yes gives."""
    event = jiu.event("GET", "/authorize", accept="application/json")
    sheet = _ok(jiu.send({**event, "rawQueryString": query}), 200)
    choice = {
        **_asked(query),
        "items": [ask["item"] for ask in sheet["asks"]],
        "locale": sheet["locale"],
        "wording_hash": sheet["wording_hash"],
    }
    prepared = _ok(jiu.post("/authorize/prepare", choice), 201)
    credential = jiu.passkey.get(prepared["publicKey"], jiu.hub.issuer)
    signed = {**_asked(query), "approval": prepared["approval"], "credential": credential}
    location = _ok(jiu.post("/authorize/approve", signed), 200)["location"]
    (code,) = parse_qs(urlsplit(location).query)["code"]
    return code


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
    _ok(jiu.send({**event, "rawQueryString": query}), 200)


def _asked(query: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(query).items()}


def _ok(reply: Any, status: int) -> Any:
    assert reply.status == status, reply.body
    return json.loads(reply.body) if reply.body else {}
