"""Collecting: one run over one connection, page by page, sealed and announced as it goes.

A run holds the connection by a lease, so that the stream and the sweep do not both call the
provider. Each page is one commit: cursor, announcement, event and the person's view, conditional on
the grant being the one that was read, so a withdrawal stops collection at the next page. A kill
leaves at most a segment that nobody announced, which nobody can find and nobody can open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mydata_hub.collection.connections import (
    Link,
    State,
    collect_message,
    due_links,
    fetch_link,
    put_link,
)
from mydata_hub.collection.cursor import Cursor, read_cursor
from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.errand import Errand
from mydata_hub.collection.feeds import Provider
from mydata_hub.collection.provider_http import (
    HttpProvider,
    HubAtProvider,
    Tokens,
    revoke_tokens,
)
from mydata_hub.collection.providers import fetch_provider
from mydata_hub.collection.receiving import hub_at
from mydata_hub.collection.record import Record
from mydata_hub.collection.stopping import end, stop
from mydata_hub.collection.sync import Batch, Connection, Outcome, Syncer
from mydata_hub.collection.tokens import Box, cursor_row, open_tokens, put_tokens, tokens_row
from mydata_hub.collection.wire import Setback
from mydata_hub.consent.grant import Grant, GrantState
from mydata_hub.consent.grants import fetch_grant, still
from mydata_hub.errors import Busy, Conflict, LimitExceeded, NotFound, OutcomeUnknown
from mydata_hub.fields import Dataset, EventId, VaultId
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.messages import read_message, send
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Absent, Change, Put, Row, Tables, VersionIs
from mydata_hub.ports.topics import due_for
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record
from mydata_hub.vault.announcements import announce
from mydata_hub.vault.completeness import Completeness, tell_complete
from mydata_hub.vault.public_keys import Recipient, check_open, read_recipient
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segments import (
    Attribution,
    new_segment_id,
    seal_segment,
    store_segment,
)
from mydata_hub.vault.segments import Batch as Sealable

FUNCTION: Final = "collect"
COLLECTED: Final = "records_collected"
# One run's share of an invocation: a slow provider must not keep the others waiting.
RUN: Final = timedelta(seconds=20)
# How long a run that is silent counts as alive: its share, and one page that was under way.
LEASE: Final = RUN + timedelta(seconds=30)
EVERY: Final = timedelta(days=1)
NO_VAULT_YET: Final = timedelta(seconds=30)
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)
COMMIT_TRIES: Final = 5
# With these the provider has let go, and only the person can mend it, by agreeing anew.
_LET_GO: Final = frozenset({Setback.CONSENT_ENDED, Setback.TOKEN_EXPIRED})
_ID_BYTES: Final = 16
_WAITING: Final = "waiting"

# (hub at the provider, tokens, how to keep renewed ones) -> the provider as the sync engine sees it
Call = Callable[[HubAtProvider, Tokens, Callable[[Tokens], None]], Provider]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """The ports that collecting works with; chance is even in 0..1, `wait` takes seconds."""

    tables: Tables
    blobs: Blobs
    signer: Signer
    box: Box
    clock: Clock
    entropy: Entropy
    chance: Callable[[], float]
    wait: Callable[[float], Any]
    call: Call = HttpProvider
    give_back: Callable[[HubAtProvider, Tokens], None] = revoke_tokens

    def new_id(self) -> str:
        """A fresh name for an event, a message or a run."""
        return self.entropy.token(_ID_BYTES).hex()


class _Stopped(Exception):
    """The grant ended while a run was under way."""


def collect(at: Collector, errand: Errand, until: datetime) -> Outcome | None:
    """Look after one connection until its sweep is complete, `until`, or a setback.

    None where there was nothing to do. The message is settled with what it asked for. Raises Busy,
    Conflict and what only we can mend; then the errand may come again.
    """
    done = errand.settled()
    if done and not at.tables.fetch_many(*(change.key for change in done)):
        return None  # the stream gave it once more after all was done
    link = fetch_link(at.tables, errand.account_id, errand.provider_id)
    now = at.clock.now()
    if link is None or link.state is not State.CONNECTED:
        _commit_if_any(at, done)
        return None
    grant = fetch_grant(at.tables, link.grant_id)
    if grant is None or grant.state(now) is not GrantState.ACTIVE:
        stop(at, link, "expired" if grant and grant.ended_at is None else "withdrawn", done)
        return None
    holder = errand.message.message_id if errand.message and errand.by_stream else at.new_id()
    if link.leased_until and link.leased_until > now and link.leased_by != holder:
        # Whoever holds it does what we would, and settles a message of its own.
        _commit_if_any(at, done if errand.by_stream else [])
        return None
    if link.due_at is None or link.due_at > now:
        _commit_if_any(at, done)
        return None
    try:
        link = _write(at, link.change(leased_until=now + LEASE, leased_by=holder))
    except Conflict:
        return None  # somebody else took it this moment; what is left of it, a sweep finds
    return _Run(at, link, grant, min(until, now + RUN), errand).run()


def waiting_errands(at: Collector, limit: int) -> Iterator[Errand]:
    """What a sweep finds: messages that the stream lost, and connections that are due."""
    now = at.clock.now()
    for row in due_for(FUNCTION, at.tables, now):
        yield Errand.told(read_message(row))
    for link in due_links(at.tables, now, limit):
        yield Errand(link.account_id, link.provider_id)


def _commit_if_any(at: Collector, changes: Sequence[Change]) -> None:
    if changes:
        at.tables.commit(*changes)


def _write(at: Collector, link: Link, *also: Change) -> Link:
    at.tables.commit(put_link(link), *also)
    return link.change(version=link.version + 1)


class _Run:
    """One run: what it has read, and the versions that it has written."""

    def __init__(
        self, at: Collector, link: Link, grant: Grant, until: datetime, errand: Errand
    ) -> None:
        self._at = at
        self._link = link
        self._grant = grant
        self._until = until
        self._errand = errand
        self._tokens: Row | None = None
        self._cursor: Row | None = None
        self._recipient: Recipient | None = None

    def run(self) -> Outcome | None:
        at, link = self._at, self._link
        try:
            self._recipient = read_recipient(at.tables, VaultId(link.account_id))
        except NotOpened as refusal:
            if refusal.cause is Cause.ERASED:
                end(at, link, "erased", self._errand.settled())
            else:
                # The vault is made when the account is; until then nothing could be sealed.
                self._finish(due_at=at.clock.now() + NO_VAULT_YET, trouble=_WAITING)
            return None
        syncer = Syncer(clock=at.clock, chance=at.chance, wait=at.wait, until=self._until)
        try:
            outcome = syncer.run(self._connection(), self._keep)
        except _Stopped:
            if fetch_link(at.tables, link.account_id, link.provider_id) is not None:
                stop(at, self._link, "withdrawn", self._errand.settled())
            return None  # where there is no connection any more, its person was erased
        except NotFound:
            self._finish(due_at=at.clock.now() + LONGEST_PAUSE, trouble="unavailable")
            return None
        self._conclude(outcome)
        return outcome

    def _connection(self) -> Connection:
        at, link = self._at, self._link
        provider = fetch_provider(at.tables, link.provider_id)
        named = tokens_row(link.connection_id), cursor_row(link.connection_id)
        rows = at.tables.fetch_many(*named)
        self._tokens, self._cursor = rows[named[0]], rows.get(named[1])
        tokens = open_tokens(at.box, link.connection_id, self._tokens)
        return Connection(
            connection_id=link.connection_id,
            family=provider.family,
            provider=at.call(hub_at(at.box, provider), tokens, self._keep_tokens),
            cursor=read_cursor(self._cursor.values) if self._cursor else Cursor(),
            datasets=frozenset(link.datasets),
        )

    def _keep_tokens(self, tokens: Tokens) -> None:
        kept = put_tokens(self._at.box, self._link.connection_id, tokens, self._tokens)
        self._at.tables.commit(kept)
        version = self._tokens.version + 1 if self._tokens else 1
        self._tokens = Row(kept.key, version, kept.values)

    def _keep(self, batch: Batch) -> None:
        """Seal a page's records and commit them with the cursor."""
        link = self._told(batch)
        moved = Put(
            key=cursor_row(link.connection_id),
            values=batch.cursor.to_values(),
            when=VersionIs(self._cursor.version) if self._cursor else Absent(),
        )
        for _ in range(COMMIT_TRIES):
            try:
                self._commit(moved, self._changes(batch, link, moved))
            except Conflict:
                if not self._turned():
                    raise
            else:
                break
        else:
            raise Busy("the vault's keys are being turned")
        self._cursor = Row(moved.key, self._cursor.version + 1 if self._cursor else 1, {})
        self._link = link.change(version=link.version + 1)

    def _changes(self, batch: Batch, link: Link, moved: Put) -> list[Change]:
        at = self._at
        assert self._recipient
        here = check_open(self._recipient)
        changes: list[Change] = [moved, put_link(link), still(self._grant), here]
        if batch.dataset and (records := self._wanted(batch.dataset, batch.records)):
            changes += self._sealed(batch.dataset, records)
            changes.append(self._collected(link, batch.dataset, len(records)))
        if batch.fresh_at is not None:
            told = Completeness(
                vault_id=VaultId(link.account_id),
                connection_id=link.connection_id,
                at=batch.fresh_at,
            )
            changes.append(send(tell_complete(told, at.new_id(), at.clock.now())))
            # Here and not afterwards: a kill in between would begin the same sweep once more.
            changes += self._errand.settled()
        return changes

    def _wanted(self, dataset: Dataset, records: Sequence[Record]) -> list[bytes]:
        """The records without those that the person erased, which a provider may tell again."""
        assert self._recipient
        out, provider_id = self._recipient.keeps_out, self._link.provider_id
        return [one.encode() for one in records if not out(provider_id, dataset, one.occurred_at)]

    def _turned(self) -> bool:
        """Whether the vault has got another public key than the one that was sealed to.

        What was sealed to the old one is announced nowhere, so nothing comes to lie under a key
        that may be given up.
        """
        assert self._recipient
        before = self._recipient
        try:
            self._recipient = read_recipient(self._at.tables, before.vault_id)
        except NotOpened:
            return False  # erased: there is nothing to seal to any more
        return self._recipient != before

    def _told(self, batch: Batch) -> Link:
        """The connection as the person sees it after this page; the lease lives on."""
        records = {} if batch.before.sweep_at is None else dict(self._link.records)
        if batch.dataset is not None:
            records[batch.dataset] = records.get(batch.dataset, 0) + len(batch.records)
        now = self._at.clock.now()
        if batch.fresh_at is None:
            return self._link.change(records=records, leased_until=now + LEASE)
        early = 0.9 + 0.1 * self._at.chance()  # so that connections made together spread out
        return self._link.change(
            records=records,
            complete_at=batch.fresh_at,
            due_at=now + EVERY * early,
            leased_until=None,
            leased_by="",
            trouble="",
            failing_since=None,
            failures=0,
        )

    def _sealed(self, dataset: Dataset, records: Sequence[bytes]) -> Iterator[Change]:
        at = self._at
        assert self._recipient
        batch = Sealable(
            segment_id=new_segment_id(at.entropy),
            dataset=dataset,
            schema_hash=schema_of(dataset).digest(),
            attribution=Attribution(
                provider_id=self._link.provider_id,
                connection_id=self._link.connection_id,
                grant_id=self._link.grant_id,
            ),
            records=records,
        )
        try:
            segment = seal_segment(batch, self._recipient, at.signer, at.entropy)
        except LimitExceeded:
            if len(records) < 2:
                raise
            middle = len(records) // 2
            yield from self._sealed(dataset, records[:middle])
            yield from self._sealed(dataset, records[middle:])
            return
        yield announce(segment, store_segment(at.blobs, segment), at.clock.now())

    def _collected(self, link: Link, dataset: Dataset, count: int) -> Put:
        told = {"dataset": dataset, "records": count}
        event = Event(
            event_id=EventId(self._at.new_id()),
            kind=COLLECTED,
            subject=link.account_id,
            actor=link.provider_id,
            occurred_at=self._at.clock.now(),
            row=put_link(link).key,
            row_version=link.version + 1,
            payload=json.dumps(told, sort_keys=True, separators=(",", ":")).encode(),
        )
        facts = AuditFacts(partner=link.provider_id, purpose=self._grant.purpose)
        return record(event, self._at.entropy, facts)

    def _commit(self, moved: Put, changes: Sequence[Change]) -> None:
        """Commit a page, once. Raises _Stopped, Conflict where another run was here, Busy."""
        wanted = self._cursor.version + 1 if self._cursor else 1
        for attempt in range(1, COMMIT_TRIES + 1):
            try:
                self._at.tables.commit(*changes)
            except Busy:
                if attempt == COMMIT_TRIES:
                    raise
                self._at.wait(0.05 * 2**attempt * self._at.chance())
            except OutcomeUnknown:
                row = self._at.tables.fetch_many(moved.key).get(moved.key)
                if row and row.version == wanted and dict(row.values) == dict(moved.values):
                    return
            except Conflict:
                grant = fetch_grant(self._at.tables, self._grant.grant_id)
                if grant is None or grant.version != self._grant.version:
                    raise _Stopped from None
                raise
            else:
                return
        raise Busy("a page could not be committed")

    def _conclude(self, outcome: Outcome) -> None:
        """Write down how it ended and when to come back."""
        link, now = self._link, self._at.clock.now()
        if outcome.finished:
            return  # the last page's commit said so
        if outcome.setback is None:
            # Out of time: go on at once, in a run of its own.
            again = link.change(leased_until=None, leased_by="")
            message = collect_message(again, self._at.new_id(), now)
            _write(self._at, again, send(message), *self._errand.settled())
        elif outcome.setback in _LET_GO:
            end(self._at, link, outcome.setback.value, self._errand.settled())
        else:
            failures = link.failures + 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 12))
            pause *= 0.5 + 0.5 * self._at.chance()
            asked = timedelta(seconds=min(outcome.retry_after_s or 0.0, EVERY.total_seconds()))
            self._finish(
                due_at=now + max(pause, asked),
                trouble=outcome.setback.value,
                failing_since=link.failing_since or now,
                failures=failures,
            )

    def _finish(self, **changes: Any) -> None:
        done = self._link.change(leased_until=None, leased_by="", **changes)
        self._link = _write(self._at, done, *self._errand.settled())
