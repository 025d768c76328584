"""Deletion attestation: a partner states, signed, that it deleted what it learnt by a grant.

It proves who said so and when, never that it is true; the person is told so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

import rfc8785

from mydata_hub.accounts.desk import until_settled
from mydata_hub.consent.deliveries import (
    Delivery,
    DeliveryState,
    delivery_key,
    fetch_deliveries,
    put_delivery,
)
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.errors import NotProven, OAuthRefused
from mydata_hub.fields import EventId, PartyId
from mydata_hub.oauth.admission import Admitted, admit
from mydata_hub.oauth.authority import AHEAD, Authority
from mydata_hub.oauth.call import Answer, Call, answering
from mydata_hub.oauth.clients import Client, keys_of
from mydata_hub.oauth.jose import verify_jwt
from mydata_hub.oauth.security_events import DELETION_ATTESTED, TYPE
from mydata_hub.oauth.single_use import commit_spending
from mydata_hub.ports.tables import Change
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record

ATTESTED: Final = "deletion_attested"
MAX_ID_LETTERS: Final = 128
MAX_STATEMENT_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Statement:
    """What a client's signed event states; `encoded` is the event as it came."""

    grant_id: str
    deleted_at: int
    encoded: str


def attest_deletion(authority: Authority, call: Call) -> Answer:
    """200 once the statement is kept and in the log; the first one of a grant stays."""

    def act() -> Answer:
        with admit(authority, call) as admitted:
            statement = _read(authority, admitted)
            until_settled(lambda: _keep(authority, admitted, statement))
        body = {"grant_id": statement.grant_id, "state": DeliveryState.DELETION_ATTESTED.value}
        return Answer(status=200, body=body)

    return answering(act)


def _read(authority: Authority, admitted: Admitted) -> Statement:
    encoded = admitted.form.get("attestation", "")
    if not 0 < len(encoded) <= MAX_STATEMENT_BYTES:
        raise _refused(f"is needed, in at most {MAX_STATEMENT_BYTES} bytes")
    client: Client = admitted.client
    try:
        event = verify_jwt(encoded, keys_of(authority.desk.tables, client), typ=TYPE)
    except NotProven as error:
        raise _refused(str(error)) from None
    if event.claims.get("iss") != client.client_id:
        raise _refused("iss: must be the client_id")
    if event.claims.get("aud") != authority.issuer:
        raise _refused(f"aud: must be the string {authority.issuer}")
    if event.text("jti", MAX_ID_LETTERS) is None:
        raise _refused("jti: must name the statement")
    ahead = (authority.desk.now() + AHEAD).timestamp()
    issued_at = event.seconds("iat")
    if issued_at is None or issued_at > ahead:
        raise _refused("iat: must be there and not in the future")
    stated: Any = event.claims.get("events")
    said: Any = stated.get(DELETION_ATTESTED) if isinstance(stated, dict) else None
    if not isinstance(said, dict):
        raise _refused(f"events: must hold {DELETION_ATTESTED}")
    about = replace(event, claims=said)
    grant_id, deleted_at = about.text("grant_id", MAX_ID_LETTERS), about.seconds("deleted_at")
    if grant_id is None:
        raise _refused("grant_id: must name the grant that ended")
    if deleted_at is None or deleted_at > ahead:
        raise _refused("deleted_at: must be a time (seconds since 1970) that is not in the future")
    return Statement(grant_id, int(deleted_at), encoded)


def _keep(authority: Authority, admitted: Admitted, statement: Statement) -> None:
    desk = authority.desk
    found = fetch_deliveries(desk.tables, [statement.grant_id]).get(statement.grant_id)
    if found is None or found.client_id != admitted.client.client_id:
        raise _refused("grant_id: names no grant of yours that has ended")
    changes: tuple[Change, ...] = ()
    if found.state is not DeliveryState.DELETION_ATTESTED:
        kept = replace(
            found,
            state=DeliveryState.DELETION_ATTESTED,
            attested_at=desk.now(),
            attestation=statement.encoded,
        )
        changes = (put_delivery(kept), *_event(authority, kept, statement))
    commit_spending(desk, admitted.spent, *changes)


def _event(authority: Authority, kept: Delivery, statement: Statement) -> tuple[Change, ...]:
    """The entry of the log that binds the statement by its hash; none where the person is erased,
    whom nothing here can name any more."""
    desk = authority.desk
    grant = fetch_grant(desk.tables, kept.grant_id)
    if grant is None or kept.erased:
        return ()
    said: dict[str, str | int] = {
        "attestation_sha256": hashlib.sha256(statement.encoded.encode()).hexdigest(),
        "deleted_at": statement.deleted_at,
    }
    event = Event(
        event_id=EventId(desk.new_id()),
        kind=ATTESTED,
        subject=grant.subject,
        actor=PartyId(kept.client_id),
        occurred_at=desk.now(),
        row=delivery_key(kept.grant_id),
        row_version=kept.version + 1,
        payload=rfc8785.dumps({**said}),
    )
    return (record(event, desk.entropy, AuditFacts(partner=kept.client_id, purpose=grant.purpose)),)


def _refused(description: str) -> OAuthRefused:
    return OAuthRefused("invalid_request", f"attestation: {description}")
