"""A partner over HTTP, and the yes of a person that it asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from mydata_hub.cli.laptop import desk_of
from mydata_hub.config import AuthorizeSettings
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.clients import Client, jwks_text, register_client
from mydata_hub.web.guards import ROUTES

from tests.unit.oauth.hub import KEYS, REDIRECT, Partner
from tests.unit.web.conftest import Browser

DETAILS = {"type": "mydata_claims", "claims": ["commute.mode"], "purpose": "mobility_service"}


class HttpPartner(Partner):
    """The partner of the unit tests of oauth; its calls are events of API Gateway."""

    def __init__(
        self,
        hub: Any,
        environment: Mapping[str, str],
        name: str = "Bicycles",
        client_id: str = "bicycles",
        event_endpoint: str | None = None,
        group: str = "bicycles",
        purposes: tuple[str, ...] = ("mobility_service",),
    ) -> None:
        key = KEYS["ES256"]()
        super().__init__(hub, client_id, key, "ES256")
        settings = AuthorizeSettings.read(environment)
        client = Client(
            client_id=client_id,
            name=name,
            jwks=jwks_text({"keys": [key.as_dict(private=False)]}),
            redirect_uris=(REDIRECT,),
            group=group,
            purposes=purposes,
            event_endpoint=event_endpoint,
        )
        register_client(desk_of(settings), client)

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

    def question(self, **changes: str) -> str:
        """Push a request; the query of its authorization URL."""
        pushed = self.send(self.call("/oauth/par", self.request(**changes)), 201)
        return urlencode({"client_id": self.client_id, "request_uri": pushed["request_uri"]})

    def exchange(self, status: int, **form: str) -> Any:
        proof = self.proof(nonce=self.nonce)
        return self.send(self.call("/oauth/token", form, dpop=proof), status)

    def grant(self, method: str, token: str, grant_id: str, status: int, more: str = "") -> Any:
        path = f"/oauth/grants/{grant_id}{more}"
        proof = self.proof(method, path, token=token, nonce=self.nonce)
        return self.send(self.resource(token, method, path, dpop=proof), status, grant_id=grant_id)


def approve(jiu: Browser, query: str) -> str:
    """The code that a person's yes gives."""
    event = jiu.event("GET", "/authorize", accept="application/json")
    sheet = ok(jiu.send({**event, "rawQueryString": query}), 200)
    choice = {
        **asked(query),
        "items": [ask["item"] for ask in sheet["asks"]],
        "locale": sheet["locale"],
        "wording_hash": sheet["wording_hash"],
    }
    prepared = ok(jiu.post("/authorize/prepare", choice), 201)
    credential = jiu.passkey.get(prepared["publicKey"], jiu.hub.issuer)
    signed = {**asked(query), "approval": prepared["approval"], "credential": credential}
    location = ok(jiu.post("/authorize/approve", signed), 200)["location"]
    (code,) = parse_qs(urlsplit(location).query)["code"]
    return code


def asked(query: str) -> dict[str, str]:
    """What names a question, from the query of its URL."""
    return {name: value for name, (value,) in parse_qs(query).items()}


def ok(reply: Any, status: int) -> Any:
    """The document of a reply that must have this status."""
    assert reply.status == status, reply.body
    return json.loads(reply.body) if reply.body else {}
