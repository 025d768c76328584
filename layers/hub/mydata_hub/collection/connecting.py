"""Connecting: a person signs that data may be collected, and goes to the provider to agree there.

The signature, the grant, the waiting connection and what waits for the browser's return are one
commit. Threat (RFC 6749 section 10.12, RFC 9700): somebody makes a person's browser bring back a
code of the attacker's. `state` is single use, and only the browser that holds the binding cookie of
this departure may bring it back; the code is worth nothing without the PKCE verifier.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.sessions import Session
from mydata_hub.collection.connections import (
    TABLE,
    Link,
    State,
    collect_message,
    fetch_link,
    put_link,
)
from mydata_hub.collection.providers import ProviderEntry, fetch_provider
from mydata_hub.consent.approval import Prepared, approve, prepare_approval
from mydata_hub.consent.consent_record import ConsentRecord, Proposal
from mydata_hub.consent.endings import revoke_grant
from mydata_hub.consent.grant import Frequency, FrequencyUnit, Grant, GrantKind, GrantState
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.errors import BadInput, Taken
from mydata_hub.fields import ConnectionId, Dataset, PartyId, Purpose
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Absent, Change, Key, Put

PURPOSE: Final = Purpose("own_overview")
# The Korean standard lets a consent to collect stand for a year.
CONSENT_LASTS: Final = timedelta(days=365)
ONCE_A_DAY: Final = Frequency(unit=FrequencyUnit.DAY, count=1)
# Long enough to sign in at the provider and to read what it says.
AWAY: Final = timedelta(minutes=15)
# What becomes of what was collected, when a person disconnects a source.
KEEP: Final = "keep"
DELETE: Final = "delete"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes now, and the cookie value that it brings back."""

    location: str
    binding: str


def prepare_connection(
    desk: Desk,
    session: Session,
    provider: ProviderEntry,
    datasets: Sequence[str],
    *,
    locale: str,
    wording: str,
) -> Prepared:
    """Fix what the person is about to sign: these datasets of this provider, for a year.

    Raises BadInput, NotAllowed, AccountRestricted, and Taken where the provider is connected.
    """
    _require_free(desk, session.account_id, provider.provider_id)
    asked = f"collect\n{provider.provider_id}\n{' '.join(provider.datasets)}".encode()
    proposal = Proposal(
        kind=GrantKind.COLLECT,
        counterparty=provider.provider_id,
        recipient_group=None,
        purpose=PURPOSE,
        items=tuple(provider.datasets),
        frequency=ONCE_A_DAY,
        max_bits=0,
        expires_at=desk.now() + CONSENT_LASTS,
        request_hash=hashlib.sha256(asked).digest(),
    )
    return prepare_approval(desk, session, proposal, datasets, locale=locale, wording=wording)


def depart(desk: Desk, session: Session, approval: str, credential: Mapping[str, Any]) -> Departure:
    """Take the signature and send the browser to the provider.

    Raises what `approve` raises, and Taken where the provider is connected.
    """
    state, binding, verifier = (desk.token(_SECRET_BYTES) for _ in range(3))
    destinations: list[str] = []
    earlier: list[Link] = []

    def also(grant: Grant, record: ConsentRecord) -> Sequence[Change]:
        if record.kind is not GrantKind.COLLECT:
            raise BadInput("approval", "this consent is for something else")
        provider = fetch_provider(desk.tables, record.counterparty)
        before = _require_free(desk, session.account_id, provider.provider_id)
        link = _pending(desk, grant, before)
        destinations.append(_authorize(desk, provider, state, verifier))
        earlier[:] = [before] if before else []
        waiting = Put(
            key=state_key(state),
            values={
                "account_id": link.account_id,
                "provider_id": link.provider_id,
                "grant_id": link.grant_id,
                "verifier": verifier,
                "binding": digest(binding),
            },
            when=Absent(),
            expires_at=desk.now() + AWAY,
        )
        return put_link(link), waiting

    approve(desk, session, approval, credential, also)
    for link in earlier:
        _end_unfinished(desk, link)
    return Departure(destinations[-1], binding)


def tell_withdrawn(desk: Desk, grant: Grant, leftover: str | None = None) -> None:
    """Ask intake to forget what it needed for a grant that ended; the next page was refused anyway.

    `leftover` is what the person wants done with what was collected, where they were asked. Raises
    Busy. Were it lost, the connection's next turn would find the end as well.
    """

    def act() -> None:
        link = fetch_link(desk.tables, grant.subject, grant.counterparty)
        if link is None or link.grant_id != grant.grant_id:
            return
        changes: list[Change] = []
        if leftover is not None and link.leftover != leftover:
            changes.append(put_link(link.change(leftover=leftover)))
        if link.state is State.CONNECTED:
            changes.append(send(collect_message(link, desk.new_id(), desk.now())))
        if changes:
            desk.tables.commit(*changes)

    until_settled(act)


def redirect_uri(issuer: str, provider_id: str) -> str:
    """Where a provider sends the browser back to."""
    return f"{issuer}/connect/{provider_id}/callback"


def state_key(state: str) -> Key:
    """The row that waits for a browser's return."""
    return Key(TABLE, f"state#{digest(state)}")


def digest(text: str) -> str:
    """SHA-256 in hexadecimal: who reads the table can use neither state nor cookie."""
    return hashlib.sha256(text.encode()).hexdigest()


def _require_free(desk: Desk, account_id: str, provider_id: str) -> Link | None:
    """The connection that is there and is not in use any more."""
    link = fetch_link(desk.tables, account_id, provider_id)
    if link is not None and link.state is State.CONNECTED:
        grant = fetch_grant(desk.tables, link.grant_id)
        if grant is not None and grant.state(desk.now()) is GrantState.ACTIVE:
            raise Taken("this provider is connected; withdraw first")
    return link


def _pending(desk: Desk, grant: Grant, before: Link | None) -> Link:
    datasets = tuple(Dataset(item) for item in grant.items)
    return Link(
        account_id=grant.subject,
        provider_id=PartyId(grant.counterparty),
        # The same one as before: a fact that is collected again must not count twice.
        connection_id=before.connection_id if before else ConnectionId(desk.new_id()),
        grant_id=grant.grant_id,
        datasets=datasets,
        state=State.PENDING,
        asked_at=desk.now(),
        version=before.version if before else 0,
    )


def _end_unfinished(desk: Desk, link: Link) -> None:
    # A consent that never led to a connection, or whose provider let go, must not stay open.
    grant = fetch_grant(desk.tables, link.grant_id)
    if grant is not None and grant.state(desk.now()) is GrantState.ACTIVE:
        revoke_grant(desk, grant.grant_id, PartyId("hub"))


def _authorize(desk: Desk, provider: ProviderEntry, state: str, verifier: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "org_code": provider.org_code,
        "redirect_uri": redirect_uri(desk.issuer, provider.provider_id),
        "state": state,
        "code_challenge": challenge.decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{provider.authorize_url}?{urlencode(asked)}"
