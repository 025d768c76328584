"""Attempts: one try at a request, which ends in a commit with its event, or in nothing at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from mydata_hub.consent.grant import GrantState
from mydata_hub.consent.grants import grant_key
from mydata_hub.errors import Busy, Conflict, NotReleased, OutcomeUnknown, Refusal
from mydata_hub.fields import ClaimRef, EventId
from mydata_hub.insights.catalogue import Entry
from mydata_hub.insights.claim import Claim
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Change, Key, Put, Tables
from mydata_hub.release.ledger import GROUP_CAP, PERSON_CAP
from mydata_hub.release.policies import Policies
from mydata_hub.release.question import Access, Question
from mydata_hub.release.recording import REFUSED, Act, record_act, release_of
from mydata_hub.release.release import Release
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency import events
from mydata_hub.vault.vault_keys import VaultKeys

WITHDRAWN: Final = "withdrawn"
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the gate works with; `vault_keys` may open profiles and nothing else."""

    tables: Tables
    clock: Clock
    entropy: Entropy
    vault_keys: VaultKeys
    policies: Policies
    key: AnswerKey
    # The `iss` of answers and receipts.
    issuer: str
    catalogue: Mapping[ClaimRef, Entry]
    group_cap: int = GROUP_CAP
    person_cap: int = PERSON_CAP
    pause: Callable[[float], None] = time.sleep


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

    def act(self, kind: str, failing: Sequence[str] = (), units: int = 0) -> Act:
        """What was decided, to be recorded."""
        return Act(
            kind=kind,
            event_id=self.event_id,
            claims=self.claims,
            failing=failing,
            units=units,
            at=self.now,
        )

    def release(self, act: Act) -> Release | None:
        """The release of an act."""
        return release_of(act, self.access, self.question, self.gate.policies)

    def event(self, act: Act, row: tuple[Key, int] | None = None) -> Put:
        """The event of an act; without a row of its own it names the grant it was judged by."""
        grant = self.access.grant
        judged = row or (grant_key(grant.grant_id), grant.version)
        release = self.release(act)
        return record_act(act, self.access, release, judged, self.gate.policies, self.gate.entropy)

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
        act = self.act(REFUSED, failing or (rule,))
        # The proof is used up: who saw a refused request cannot send it once more.
        spent = [at for at, change in enumerate(self.access.changes) if isinstance(change, Put)]
        changes = [self.access.changes[at] for at in spent]
        try:
            commit_or_find(self.gate.tables, self.event_id, *changes, self.event(act))
        except Conflict as conflict:
            if conflict.change >= len(spent):
                raise
            raise self.access.refusal(spent[conflict.change]) from None
        raise told or NotReleased(rule)


def commit_or_find(tables: Tables, event_id: EventId, *changes: Change) -> None:
    """Commit, and where the outcome is lost, look for the event. Raises Conflict, Busy."""
    try:
        tables.commit(*changes)
    except OutcomeUnknown:
        key = Key(events.TABLE, event_id)
        if key not in tables.fetch_many(key):
            raise Busy("nothing was written; try again") from None
