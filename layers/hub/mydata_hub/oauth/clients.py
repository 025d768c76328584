"""Clients: the partners that an operator registered, and what each of them may ask."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from urllib.parse import urlsplit

from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.errors import BadInput, Conflict, Damaged, NotFound, NotProven, Taken
from mydata_hub.fields import (
    ClientId,
    GroupId,
    Purpose,
    require_id,
    require_list,
    require_text,
    require_word,
)
from mydata_hub.oauth.jose import import_key_set
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, VersionIs
from mydata_hub.transparency.events import AuditFacts
from mydata_hub.transparency.house import OPERATOR, house_event

TABLE: Final = "clients"
ADDED: Final = "partner_added"
CHANGED: Final = "partner_changed"
SUSPENDED: Final = "partner_suspended"
READMITTED: Final = "partner_readmitted"
MAX_REDIRECT_URIS: Final = 20
MAX_URI_LETTERS: Final = 2000
MAX_PURPOSES: Final = 50
MAX_NAME_LETTERS: Final = 100
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_VISIBLE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A partner's registration; table `clients`, format 1, one row per client id."""

    client_id: ClientId
    name: str
    # The JWK Set as text: its keys authenticate the client (RFC 7523).
    jwks: str
    redirect_uris: tuple[str, ...]
    # Clients of one group are one recipient to the leakage ledger, and see the same subject.
    group: GroupId
    purposes: tuple[Purpose, ...]
    # Where Security Event Tokens are pushed to (RFC 8935); None for a partner that takes none.
    event_endpoint: str | None = None
    suspended: bool = False
    version: int = 0

    def __post_init__(self) -> None:
        require_id("client_id", self.client_id)
        require_id("group", self.group)
        require_text("name", self.name, MAX_NAME_LETTERS)
        require_list("redirect_uris", self.redirect_uris, 1, MAX_REDIRECT_URIS)
        require_list("purposes", self.purposes, 1, MAX_PURPOSES)
        for purpose in self.purposes:
            require_word("purposes", purpose)
        for uri in self.redirect_uris:
            # Exact match is all there is (RFC 9700 section 4.1.3): no patterns.
            _check_address("redirect_uris", uri)
        if self.event_endpoint is not None:
            _check_address("event_endpoint", self.event_endpoint)


def register_client(desk: Desk, client: Client) -> Client:
    """Keep a new client, and tell the log.

    Raises BadInput for keys that cannot authenticate, Taken.
    """
    try:
        keys = import_key_set(client.jwks)
    except NotProven as error:
        raise BadInput("jwks", error.reason) from None
    kids = [key.kid for key in keys]
    if len(kids) > 1 and (None in kids or len(set(kids)) < len(kids)):
        raise BadInput("jwks", "several keys need a kid each")
    try:
        desk.tables.commit(_put(client), _told(desk, ADDED, client))
    except Conflict:
        raise Taken("this client id is registered already") from None
    return replace(client, version=1)


def suspend_client(desk: Desk, client_id: str, *, suspended: bool = True) -> Client:
    """Refuse a client everywhere from now on, or admit it again. Raises NotFound."""
    kind = SUSPENDED if suspended else READMITTED
    return _change(desk, client_id, kind, lambda client: replace(client, suspended=suspended))


def set_event_endpoint(desk: Desk, client_id: str, endpoint: str | None) -> Client:
    """Where this client's events go from now on, or nowhere. Raises NotFound, BadInput."""
    return _change(desk, client_id, CHANGED, lambda one: replace(one, event_endpoint=endpoint))


def client_key(client_id: str) -> Key:
    """The row of a client."""
    return Key(TABLE, client_id)


def fetch_client(tables: Tables, client_id: str) -> Client | None:
    """The client, suspended or not, or None. Raises Damaged, Busy."""
    key = client_key(client_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else read_client(row)


def read_client(row: Row) -> Client:
    """The client in a row. Raises Damaged."""
    try:
        values = cast("Mapping[str, Any]", row.values)
        return Client(
            client_id=ClientId(row.key.partition),
            name=values["name"],
            jwks=values["jwks"],
            redirect_uris=tuple(values["redirect_uris"]),
            group=GroupId(values["group"]),
            purposes=tuple(Purpose(purpose) for purpose in values["purposes"]),
            event_endpoint=values.get("event_endpoint"),
            suspended=values["suspended"],
            version=row.version,
        )
    except (KeyError, TypeError, ValueError, BadInput):
        raise Damaged("a client row does not hold a client") from None


def jwks_text(jwks: object) -> str:
    """A JWK Set as a client keeps it. Raises BadInput."""
    try:
        return json.dumps(jwks, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError):
        raise BadInput("jwks", "is not a JWK Set") from None


def _change(desk: Desk, client_id: str, kind: str, change: Callable[[Client], Client]) -> Client:
    def act() -> Client:
        client = fetch_client(desk.tables, client_id)
        if client is None:
            raise NotFound("there is no such client")
        changed = change(client)
        if changed == client:
            return client
        desk.tables.commit(_put(changed), _told(desk, kind, changed))
        return replace(changed, version=client.version + 1)

    return until_settled(act)


def _told(desk: Desk, kind: str, client: Client) -> Put:
    row = client_key(client.client_id), client.version + 1
    facts = AuditFacts(partner=client.client_id)
    return house_event(desk.entropy, kind, desk.now(), row, facts, OPERATOR)


def _put(client: Client) -> Put:
    return Put(
        key=client_key(client.client_id),
        values={
            "name": client.name,
            "jwks": client.jwks,
            "redirect_uris": list(client.redirect_uris),
            "group": client.group,
            "purposes": list(client.purposes),
            "event_endpoint": client.event_endpoint,
            "suspended": client.suspended,
        },
        when=VersionIs(client.version) if client.version else Absent(),
    )


def _check_address(field: str, uri: str) -> None:
    # Plain http only to the machine that the browser, or a laptop's hub, is on.
    require_text(field, uri, MAX_URI_LETTERS)
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadInput(field, "takes URLs") from None
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not (secure and host and _VISIBLE.fullmatch(uri)) or "#" in uri or parts.username:
        raise BadInput(field, "takes https URLs without fragment, or http to localhost")
