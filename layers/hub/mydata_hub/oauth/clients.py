"""Clients: the partners that an operator registered, and what each of them may ask."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from urllib.parse import urlsplit

from joserfc.jwk import Key as JwkKey

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
from mydata_hub.oauth.fetched_keys import fetched_keys, keys_message
from mydata_hub.oauth.jose import import_key_set
from mydata_hub.oauth.offers_changed import offers_changed
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import MAX_FETCH, Absent, Key, Put, Row, Tables, VersionIs
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
MAX_CLAIMS: Final = 100
MAX_CONTACT_LETTERS: Final = 200
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_VISIBLE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A partner's registration; table `clients`, format 1, one row per client id."""

    client_id: ClientId
    name: str
    # The JWK Set as text: its keys authenticate the client (RFC 7523). Empty where they are at
    # `jwks_uri` (fetched_keys.py); one of the two there is.
    jwks: str
    redirect_uris: tuple[str, ...]
    # Clients of one group are one recipient to the leakage ledger, and see the same subject.
    group: GroupId
    purposes: tuple[Purpose, ...]
    # What it may ask of the claims for its purposes; empty for all of them.
    claims: tuple[str, ...] = ()
    jwks_uri: str | None = None
    # Whom people and the hub write to, and the address of its picture (RFC 7591 section 2).
    contact: str | None = None
    logo_uri: str | None = None
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
        require_list("claims", self.claims, 0, MAX_CLAIMS)
        for claim in self.claims:
            require_word("claims", claim)
        if bool(self.jwks) is (self.jwks_uri is not None):
            raise BadInput("jwks", "is needed, or jwks_uri, and not both")
        if self.contact is not None:
            require_text("contact", self.contact, MAX_CONTACT_LETTERS)
        for name in ("event_endpoint", "jwks_uri", "logo_uri"):
            uri = getattr(self, name)
            if uri is not None:
                _check_address(name, uri)

    def may_ask(self, claim_id: str) -> bool:
        """Whether it is registered for a claim."""
        return not self.claims or claim_id in self.claims


def register_client(desk: Desk, client: Client) -> Client:
    """Keep a new client, and tell the log.

    Raises BadInput for keys that cannot authenticate, Taken.
    """
    fetching = _fetching(desk, client)
    try:
        desk.tables.commit(_put(client), _told(desk, ADDED, client), *fetching)
    except Conflict:
        raise Taken("this client id is registered already") from None
    return replace(client, version=1)


def change_client(desk: Desk, client_id: str, **changes: Any) -> Client:
    """Change what is registered of a client, by its fields. Raises NotFound, BadInput."""
    return _change(desk, client_id, CHANGED, lambda client: replace(client, **changes))


def check_keys(jwks: str) -> tuple[JwkKey, ...]:
    """The keys of a JWK Set that may authenticate a client. Raises BadInput."""
    try:
        keys = import_key_set(jwks)
    except NotProven as error:
        raise BadInput("jwks", error.reason) from None
    kids = [key.kid for key in keys]
    if len(kids) > 1 and (None in kids or len(set(kids)) < len(kids)):
        raise BadInput("jwks", "several keys need a kid each")
    return keys


def keys_of(tables: Tables, client: Client) -> tuple[JwkKey, ...]:
    """The keys that authenticate a client now. Raises NotProven, Busy."""
    if client.jwks_uri is None:
        return import_key_set(client.jwks)
    fetched = fetched_keys(tables, client.client_id)
    if fetched is None:
        raise NotProven("jwks_uri", "has not been read yet; try again in a moment")
    return import_key_set(fetched.jwks)


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


def fetch_clients(tables: Tables, client_ids: Iterable[str]) -> dict[str, Client]:
    """Those of these clients that there are, suspended or not; one call for MAX_FETCH of them.

    Raises Damaged, Busy.
    """
    keys = [client_key(one) for one in sorted(set(client_ids))]
    found: dict[str, Client] = {}
    for start in range(0, len(keys), MAX_FETCH):
        rows = tables.fetch_many(*keys[start : start + MAX_FETCH])
        found |= {key.partition: read_client(row) for key, row in rows.items()}
    return found


def partner_names(tables: Tables, client_ids: Iterable[str]) -> dict[str, str]:
    """What people know each of these by; its id, where it is registered no more.

    Raises Damaged, Busy.
    """
    wanted = set(client_ids)
    found = fetch_clients(tables, wanted)
    return {one: found[one].name if one in found else one for one in wanted}


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
            claims=tuple(values.get("claims") or ()),
            jwks_uri=values.get("jwks_uri"),
            contact=values.get("contact"),
            logo_uri=values.get("logo_uri"),
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
        moved = (changed.jwks, changed.jwks_uri) != (client.jwks, client.jwks_uri)
        fetching = _fetching(desk, changed) if moved else ()
        # What a partner is not registered for any more, and nothing of a suspended one, is shown.
        shown = (offers_changed(desk),) if _allows(changed) != _allows(client) else ()
        desk.tables.commit(_put(changed), _told(desk, kind, changed), *fetching, *shown)
        return replace(changed, version=client.version + 1)

    return until_settled(act)


def _allows(client: Client) -> tuple[object, ...]:
    return client.suspended, client.purposes, client.claims


def _fetching(desk: Desk, client: Client) -> tuple[Put, ...]:
    """The message that has a client's keys fetched; none where it brought them. Raises BadInput."""
    if client.jwks_uri is None:
        check_keys(client.jwks)
        return ()
    return (send(keys_message(client.client_id, desk.now())),)


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
            "claims": list(client.claims),
            "jwks_uri": client.jwks_uri,
            "contact": client.contact,
            "logo_uri": client.logo_uri,
            "event_endpoint": client.event_endpoint,
            "suspended": client.suspended,
        },
        when=VersionIs(client.version) if client.version else Absent(),
    )


# A registration is checked whenever it is read, and its addresses are the same ones each time.
@functools.lru_cache(maxsize=1024)
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
