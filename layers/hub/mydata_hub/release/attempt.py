"""Attempts: one try at a request, which ends in a commit with its event, or in nothing at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn, Protocol

from mydata_hub.consent.grant import GrantState
from mydata_hub.consent.grants import grant_key
from mydata_hub.errors import Busy, Conflict, NotReleased, OutcomeUnknown, Refusal
from mydata_hub.fields import ClaimRef, EventId, PartyId
from mydata_hub.insights.claim import Claim
from mydata_hub.insights.entries import Entry
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Change, Key, Put, Tables
from mydata_hub.release.ledger import GROUP_CAP, PERSON_CAP, bits
from mydata_hub.release.partner_copies import put_copy
from mydata_hub.release.periods import answer_period, period_end
from mydata_hub.release.policies import Policies
from mydata_hub.release.question import Access, Question
from mydata_hub.release.release import Decision, Release
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency import events
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts
from mydata_hub.vault.vault_keys import VaultKeys

# Kinds of event. A repetition is the same answer again, checked and logged anew, charged once.
ANSWERED: Final = "claims_answered"
REPEATED: Final = "claims_repeated"
REFUSED: Final = "claims_refused"
KINDS: Final = (ANSWERED, REPEATED, REFUSED)
WITHDRAWN: Final = "withdrawn"
EXPIRED: Final = "expired"
PERMITS: Final = "P01"


class Presenting(Protocol):
    """Keys of answers: `release.signing_keys.AnswerKeys`, or one that lives long."""

    def present(self, now: datetime) -> AnswerKey:
        """What signs an answer now; whoever has the published keys can verify with it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the gate works with; `vault_keys` may open profiles and nothing else."""

    tables: Tables
    clock: Clock
    entropy: Entropy
    vault_keys: VaultKeys
    policies: Policies
    key: Presenting
    # The `iss` of answers and receipts.
    issuer: str
    catalogue: Mapping[ClaimRef, Entry]
    group_cap: int = GROUP_CAP
    person_cap: int = PERSON_CAP
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Act:
    """What was decided about a request: the policies in the way, and what it is charged."""

    kind: str
    failing: Sequence[str] = ()
    units: int = 0

    @property
    def decision(self) -> Decision:
        return Decision.DENY if self.kind == REFUSED else Decision.ALLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request at an instant; its event id is the same in every try, so none is told twice."""

    gate: Gate
    access: Access
    question: Question
    event_id: EventId
    now: datetime
    entries: Sequence[Entry]

    @property
    def claims(self) -> list[Claim]:
        """The claims that are asked for, in the order asked."""
        return [entry.claim for entry in self.entries]

    def release(self, act: Act) -> Release | None:
        """The release of an act; None where not one claim of the catalogue was asked for."""
        if not self.entries:
            return None
        periods = [answer_period(claim.answer_period, self.now) for claim in self.claims]
        return Release(
            event_id=self.event_id,
            idempotency_key=self.question.idempotency_key,
            grant_id=self.access.grant.grant_id,
            grant_version=self.access.grant.version,
            claims=tuple(claim.ref for claim in self.claims),
            policy_hash=self.gate.policies.hash,
            decision=act.decision,
            bits=bits(act.units),
            # Of several the one that is over first: until then each answer is frozen.
            period=min(periods, key=lambda period: (period_end(period), period)),
        )

    def record(self, act: Act, row: tuple[Key, int] | None = None) -> tuple[Put, ...]:
        """The event of an act, and the partner's own copy of the release, for its receipt."""
        release, grant = self.release(act), self.access.grant
        if release is None:
            return (self._event(act, b"", row),)
        client_id, encoded = self.access.client.client_id, release.encode()
        copy = put_copy(client_id, grant.subject, act.kind, self.event_id, encoded, self.now)
        return self._event(act, encoded, row), copy

    def _event(self, act: Act, release: bytes, row: tuple[Key, int] | None) -> Put:
        """The event of an act: the person reads the release in it, an auditor what adds up.

        `row` is the one that the commit writes, with its version; the grant's where it writes none.
        """
        grant, client = self.access.grant, self.access.client
        key, version = row or (grant_key(grant.grant_id), grant.version)
        event = Event(
            event_id=self.event_id,
            kind=act.kind,
            subject=grant.subject,
            actor=PartyId(client.client_id),
            occurred_at=self.now,
            row=key,
            row_version=version,
            payload=release,
        )
        facts = AuditFacts(
            partner=client.client_id,
            purpose=grant.purpose,
            # Threat: the partner's receipt opens these facts. What held an answer back without
            # being told, because of what others were told, is therefore not among them.
            policy_id=" ".join(act.failing) if act.kind == REFUSED else PERMITS,
            policy_hash=self.gate.policies.hash.hex(),
            decision=act.decision.value,
            claim=" ".join(claim.ref for claim in self.claims) or None,
            bits=format(bits(act.units), "f"),
        )
        return events.record(event, self.gate.entropy, facts)

    def commit(self, *changes: Change) -> None:
        """Commit on the condition that everything the access rests on still holds.

        Raises `access.refusal` where it does not, Conflict where one of `changes` does not, Busy.
        """
        # The row of a grant cannot say that it has expired, so the last look is here.
        if self.access.grant.state(self.gate.clock.now()) is GrantState.EXPIRED:
            self.refuse(EXPIRED)
        conditions = self.access.changes
        try:
            commit_or_find(self.gate.tables, self.event_id, *conditions, *changes)
        except Conflict as conflict:
            at = conflict.change
            if at >= len(conditions):
                raise
            refusal = self.access.refusal(at)
            if isinstance(conditions[at], Put):
                # Threat: a stolen proof, sent over and over to fill the log. It proves nobody.
                raise refusal from None
            self.refuse(WITHDRAWN, told=refusal)

    def refuse(
        self, rule: str, failing: Sequence[str] = (), told: Refusal | None = None
    ) -> NoReturn:
        """Refuse, with a record: an attempt that got nothing is in the log as well.

        Raises NotReleased, or what is `told` instead.
        """
        act = Act(REFUSED, failing or (rule,))
        # The proof is used up: who saw a refused request cannot send it once more.
        spent = [at for at, change in enumerate(self.access.changes) if isinstance(change, Put)]
        changes = [self.access.changes[at] for at in spent]
        try:
            commit_or_find(self.gate.tables, self.event_id, *changes, *self.record(act))
        except Conflict as conflict:
            if conflict.change >= len(spent):
                raise
            raise self.access.refusal(spent[conflict.change]) from None
        raise told or NotReleased(rule, failing)


def commit_or_find(tables: Tables, event_id: EventId, *changes: Change) -> None:
    """Commit, and where the outcome is lost, look for the event. Raises Conflict, Busy."""
    try:
        tables.commit(*changes)
    except OutcomeUnknown:
        key = Key(events.TABLE, event_id)
        if key not in tables.fetch_many(key):
            raise Busy("nothing was written; try again") from None
