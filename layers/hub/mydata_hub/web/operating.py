"""What an operator does for partners over HTTP: register, look up, change, suspend.

Names are those of RFC 7591 where it has one. Registering is for operators alone: there is no
registration by whoever comes along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mydata_hub.accounts.sessions import require_fresh
from mydata_hub.errors import BadInput, NotFound
from mydata_hub.fields import ClientId, GroupId, Purpose
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.purposes import PURPOSES
from mydata_hub.oauth.clients import (
    Client,
    change_client,
    fetch_client,
    jwks_text,
    register_client,
    suspend_client,
)
from mydata_hub.oauth.fetched_keys import fetched_keys
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Registration, RegistrationChange, Suspension
from mydata_hub.web.request import Request
from mydata_hub.web.site import RouteHandler, Site

_ID_BYTES: Final = 8


def register(site: Site, request: Request) -> Answer:
    """201 with the new client; the passkey must have been used a moment ago."""
    require_fresh(request.caller, site.desk.now())
    body = Registration.read(request.json())
    client_id = site.desk.entropy.token(_ID_BYTES).hex()
    client = Client(
        client_id=ClientId(client_id),
        name=body.client_name,
        jwks="" if body.jwks is None else jwks_text(body.jwks),
        jwks_uri=body.jwks_uri,
        redirect_uris=tuple(body.redirect_uris),
        group=GroupId(body.group or client_id),
        purposes=_purposes(body.purposes),
        claims=_claims(body.claims),
        contact=body.contact,
        logo_uri=body.logo_uri,
        event_endpoint=body.event_endpoint,
    )
    registered = register_client(site.desk, client)
    return json_answer(201, _document(site, registered))


def look_up(site: Site, request: Request) -> Answer:
    """200 with a client as it is registered."""
    client = fetch_client(site.desk.tables, request.parameter("client_id"))
    if client is None:
        raise NotFound("there is no such client")
    return json_answer(200, _document(site, client))


def change(site: Site, request: Request) -> Answer:
    """200 with the client as it is now; what the body leaves out stays. Its group stays always:
    what a group was told cannot be untold by a change of name."""
    require_fresh(request.caller, site.desk.now())
    body = RegistrationChange.read(request.json())
    said = {name: getattr(body, name) for name in body.model_fields_set}
    changes: dict[str, Any] = {}
    for name, value in said.items():
        match name:
            case "client_name":
                changes["name"] = value
            case "jwks":
                changes |= {"jwks": jwks_text(value), "jwks_uri": None}
            case "jwks_uri":
                changes |= {"jwks": "", "jwks_uri": value}
            case "redirect_uris":
                changes[name] = tuple(value)
            case "purposes":
                changes[name] = _purposes(value)
            case "claims":
                changes[name] = _claims(value)
            case _:
                changes[name] = value
    client = change_client(site.desk, request.parameter("client_id"), **changes)
    return json_answer(200, _document(site, client))


def suspend(site: Site, request: Request) -> Answer:
    """200 with the client, refused everywhere from this commit on, or admitted again."""
    body = Suspension.read(request.json())
    client_id = request.parameter("client_id")
    client = suspend_client(site.desk, client_id, suspended=body.suspended)
    return json_answer(200, _document(site, client))


def _purposes(names: list[str] | None) -> tuple[Purpose, ...]:
    if names is not None and not set(names) <= set(PURPOSES):
        raise BadInput("purposes", f"takes {', '.join(PURPOSES)}")
    return tuple(Purpose(name) for name in (PURPOSES if names is None else names))


def _claims(names: list[str] | None) -> tuple[str, ...]:
    return tuple(find_claim(name).claim.id for name in names or ())


def _document(site: Site, client: Client) -> dict[str, Any]:
    fetched = fetched_keys(site.desk.tables, client.client_id) if client.jwks_uri else None
    return {
        "client_id": client.client_id,
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "group": client.group,
        "purposes": list(client.purposes),
        # None stands for every claim of these purposes.
        "claims": list(client.claims) or None,
        "contact": client.contact,
        "logo_uri": client.logo_uri,
        "event_endpoint": client.event_endpoint,
        "jwks_uri": client.jwks_uri,
        "keys_fetched_at": fetched and fetched.fetched_at.isoformat(),
        "suspended": client.suspended,
        "version": client.version,
    }


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "POST /operator/partners": register,
    "GET /operator/partners/{client_id}": look_up,
    "POST /operator/partners/{client_id}": change,
    "POST /operator/partners/{client_id}/suspend": suspend,
}
