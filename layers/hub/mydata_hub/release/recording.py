"""Recording: the release and the event of what the gate did, for the commit that does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mydata_hub.fields import ClaimRef, EventId, PartyId
from mydata_hub.insights.claim import Claim
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Key, Put
from mydata_hub.release.ledger import bits
from mydata_hub.release.periods import answer_period, period_end
from mydata_hub.release.policies import Policies
from mydata_hub.release.question import Access, Question
from mydata_hub.release.release import Decision, Release
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record

ANSWERED: Final = "claims_answered"
# The same request again: the same answer, checked and logged anew, charged once.
REPEATED: Final = "claims_repeated"
REFUSED: Final = "claims_refused"
KINDS: Final = (ANSWERED, REPEATED, REFUSED)
PERMITS: Final = "P01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the gate decided about one request; `units` is what it is charged."""

    kind: str
    event_id: EventId
    claims: Sequence[Claim]
    failing: Sequence[str]
    units: int
    at: datetime


def release_of(act: Act, access: Access, question: Question, policies: Policies) -> Release | None:
    """The release of an act; None where not one claim of the catalogue was asked for."""
    if not act.claims:
        return None
    periods = [answer_period(claim.answer_period, act.at) for claim in act.claims]
    return Release(
        event_id=act.event_id,
        idempotency_key=question.idempotency_key,
        grant_id=access.grant.grant_id,
        grant_version=access.grant.version,
        claims=tuple(claim.ref for claim in act.claims),
        policy_hash=policies.hash,
        decision=Decision.DENY if act.kind == REFUSED else Decision.ALLOW,
        bits=bits(act.units),
        # Of several the one that is over first: until then each answer is frozen.
        period=min(periods, key=lambda period: (period_end(period), period)),
    )


def record_act(
    act: Act,
    access: Access,
    release: Release | None,
    row: tuple[Key, int],
    policies: Policies,
    entropy: Entropy,
) -> Put:
    """The event of an act: the person reads the release in it, an auditor what adds up.

    `row` is the row that the commit writes with the version it gets, or the one it was judged by.
    """
    event = Event(
        event_id=act.event_id,
        kind=act.kind,
        subject=access.grant.subject,
        actor=PartyId(access.client.client_id),
        occurred_at=act.at,
        row=row[0],
        row_version=row[1],
        payload=b"" if release is None else release.encode(),
    )
    claims: list[ClaimRef] = [claim.ref for claim in act.claims]
    facts = AuditFacts(
        partner=access.client.client_id,
        policy_id=" ".join(act.failing) or PERMITS,
        policy_hash=policies.hash.hex(),
        decision=(Decision.DENY if act.kind == REFUSED else Decision.ALLOW).value,
        claim=" ".join(claims) or None,
        bits=format(bits(act.units), "f"),
    )
    return record(event, entropy, facts)
