"""Receiving: a browser comes back from a provider with a code, and the connection is made.

Whoever comes is told no more than a word of a closed list: this is the one door of intake that
anybody may knock at. The code is exchanged here, because intake alone may call out; the tokens, the
binding of the provider's identity to the person, the event and the first order to collect are one
commit, conditional on the consent still standing.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mydata_hub.collection.connecting import digest, redirect_uri, state_key
from mydata_hub.collection.connections import (
    Link,
    State,
    collect_message,
    fetch_link,
    put_link,
)
from mydata_hub.collection.identity import (
    KEY_BYTES,
    claim_identity,
    identity_keys,
    identity_tag,
)
from mydata_hub.collection.provider_http import Arrival, HubAtProvider
from mydata_hub.collection.providers import ProviderEntry, fetch_provider
from mydata_hub.collection.tokens import (
    TABLE,
    Box,
    cursor_row,
    open_client_secret,
    put_tokens,
    tokens_row,
)
from mydata_hub.consent.grant import Grant, GrantState
from mydata_hub.consent.grants import fetch_grant, still
from mydata_hub.errors import BadInput, Conflict, Damaged, NotAllowed, ProviderFailed
from mydata_hub.fields import EventId, SubjectId
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Absent, Change, Delete, Key, Put, Row, Tables, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record

MADE: Final = "connection_made"
MAX_LETTERS: Final = 2048
_ID_BYTES: Final = 16
_IDENTITY_KEY: Final = Key(TABLE, "identity-key")
_IDENTITY_CONTEXT: Final = {"purpose": "identity-key"}

# (hub at the provider, code, verifier, redirect_uri) -> what the provider gives
Exchange = Callable[[HubAtProvider, str, str, str], Arrival]


class Note(StrEnum):
    """What became of it; the page of sources has the words."""

    CONNECTED = "connected"
    OVER = "over"  # no such departure: unknown, used, too late, or from another browser
    REFUSED = "refused"  # the provider or the person there said no
    WITHDRAWN = "withdrawn"  # the consent ended in the meantime
    OTHER_PERSON = "other_person"
    UNAVAILABLE = "unavailable"  # the provider could not be had


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """The ports that receiving works with."""

    tables: Tables
    clock: Clock
    entropy: Entropy
    box: Box
    issuer: str
    exchange: Exchange

    def new_id(self) -> str:
        """A fresh name for an event or message."""
        return self.entropy.token(_ID_BYTES).hex()


@dataclass(frozen=True, slots=True)
class _Waiting:
    account_id: SubjectId
    provider_id: str
    grant_id: str
    verifier: str


def receive(at: Reception, provider_id: str, query: Mapping[str, str], binding: str) -> Note:
    """Make the connection that this browser went away for. Raises Busy and what only we can mend.

    `query` is what the provider sent along, `binding` the cookie of the departure.
    """
    waiting = _take(at, provider_id, query.get("state", ""), binding)
    if waiting is None:
        return Note.OVER
    link = fetch_link(at.tables, waiting.account_id, waiting.provider_id)
    if link is None or link.state is not State.PENDING or link.grant_id != waiting.grant_id:
        return Note.OVER
    code = query.get("code", "")
    if not 0 < len(code) <= MAX_LETTERS:
        return _note(at, link, Note.REFUSED)
    provider = fetch_provider(at.tables, waiting.provider_id)
    there = hub_at(at.box, provider)
    back = redirect_uri(at.issuer, provider.provider_id)
    try:
        arrival = at.exchange(there, code, waiting.verifier, back)
        return _connect(at, link, arrival)
    except ProviderFailed:
        return _note(at, link, Note.UNAVAILABLE)
    except NotAllowed:
        return _note(at, link, Note.OTHER_PERSON)


def hub_at(box: Box, provider: ProviderEntry) -> HubAtProvider:
    """Where a provider is and who the hub is there, its secret opened."""
    return HubAtProvider(
        base_url=provider.base_url,
        org_code=provider.org_code,
        client_id=provider.client_id,
        client_secret=open_client_secret(box, provider.provider_id, provider.wrapped_secret),
    )


def _take(at: Reception, provider_id: str, state: str, binding: str) -> _Waiting | None:
    if not (0 < len(state) <= MAX_LETTERS and 0 < len(binding) <= MAX_LETTERS):
        return None
    key = state_key(state)
    row = at.tables.fetch_many(key).get(key)
    if row is None:
        return None
    told = {name: str(value) for name, value in row.values.items()}
    if told.get("provider_id") != provider_id or not hmac.compare_digest(
        told.get("binding", ""), digest(binding)
    ):
        return None  # and it stays: who guesses must not be able to use it up
    try:
        at.tables.commit(Delete(key, VersionIs(row.version)))
    except Conflict:
        return None
    return _Waiting(SubjectId(told["account_id"]), provider_id, told["grant_id"], told["verifier"])


def _connect(at: Reception, link: Link, arrival: Arrival) -> Note:
    now = at.clock.now()
    grant = fetch_grant(at.tables, link.grant_id)
    if grant is None or grant.state(now) is not GrantState.ACTIVE:
        return _note(at, link, Note.WITHDRAWN)
    try:
        tag = identity_tag(_identity_key(at), arrival.identity)
    except BadInput:
        return _note(at, link, Note.UNAVAILABLE)  # the provider named nobody
    named = tokens_row(link.connection_id), cursor_row(link.connection_id)
    rows = at.tables.fetch_many(*identity_keys(tag, link.account_id), *named)
    made = link.change(state=State.CONNECTED, connected_at=now, due_at=now, trouble="")
    changes: list[Change] = [
        put_link(made),
        *claim_identity(tag, link.account_id, rows),
        put_tokens(at.box, link.connection_id, arrival.tokens, rows.get(named[0])),
        still(grant),
        _made(at, made, grant),
        send(collect_message(made, at.new_id(), now)),
    ]
    if named[1] in rows:
        # Other datasets may be wanted than last time, so everything is asked for anew.
        changes.append(Delete(named[1], VersionIs(rows[named[1]].version)))
    try:
        at.tables.commit(*changes)
    except Conflict:
        return Note.OVER  # withdrawn, or connected anew, at this very moment
    return Note.CONNECTED


def _made(at: Reception, link: Link, grant: Grant) -> Put:
    event = Event(
        event_id=EventId(at.new_id()),
        kind=MADE,
        subject=link.account_id,
        actor=link.provider_id,
        occurred_at=at.clock.now(),
        row=put_link(link).key,
        row_version=link.version + 1,
        payload=b"",
    )
    return record(event, at.entropy, AuditFacts(partner=link.provider_id, purpose=grant.purpose))


def _note(at: Reception, link: Link, note: Note) -> Note:
    """Keep for the person's page why it is not finished; they may try again."""
    try:
        at.tables.commit(put_link(link.change(trouble=note.value)))
    except Conflict:
        return Note.OVER
    return note


def _identity_key(at: Reception) -> bytes:
    """The key of all identity tags; the first who needs it makes it."""
    row = at.tables.fetch_many(_IDENTITY_KEY).get(_IDENTITY_KEY)
    if row is None:
        wrapped = at.box.wrap(at.entropy.token(KEY_BYTES), _IDENTITY_CONTEXT)
        with suppress(Conflict):  # somebody was first, and theirs counts
            at.tables.commit(Put(key=_IDENTITY_KEY, values={"wrapped": wrapped}, when=Absent()))
        row = at.tables.fetch_many(_IDENTITY_KEY)[_IDENTITY_KEY]
    return at.box.unwrap(_wrapped(row), _IDENTITY_CONTEXT)


def _wrapped(row: Row) -> bytes:
    wrapped = row.values.get("wrapped")
    if not isinstance(wrapped, bytes):
        raise Damaged("the row of the identity key is malformed")
    return wrapped
