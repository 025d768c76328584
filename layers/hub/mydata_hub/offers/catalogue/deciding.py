"""Deciding: an operator lets an offer be shown, or refuses it with a reason its partner reads.

The decision, the offer's place in the next snapshot, its entry in the log and the message to the
press are one commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.sessions import Session
from mydata_hub.errors import BadInput, NotFound, Taken, Unreadable
from mydata_hub.fields import PartyId, require_text
from mydata_hub.oauth.offers_changed import offers_changed
from mydata_hub.offers.catalogue.compiled import digest_of
from mydata_hub.offers.catalogue.eligibility import Condition
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.publishing import OnShelf, offer_event
from mydata_hub.offers.catalogue.shelf import (
    Head,
    OfferState,
    Submitted,
    dequeue,
    fetch_heads,
    fetch_offer,
    fetch_published,
    fetch_submitted,
    put_head,
    put_published,
    put_submitted,
    unpublish,
    waiting,
)
from mydata_hub.ports.tables import Change
from mydata_hub.transparency.house import OPERATOR, staff_name

APPROVED: Final = "offer_approved"
REFUSED: Final = "offer_refused"
MAX_REASON_LETTERS: Final = 500
MAX_SHOWN: Final = 100


class Outcome(StrEnum):
    """What an operator decides."""

    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Which version, what of it, and for a refusal why."""

    offer_id: str
    version: int
    outcome: Outcome
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.outcome is Outcome.REFUSED:
            require_text("reason", self.reason or "", MAX_REASON_LETTERS)
        elif self.reason is not None:
            raise BadInput("reason", "is for refusals")


def see_waiting(desk: Desk) -> list[OnShelf]:
    """What waits, MAX_SHOWN at most, the longest first. Raises Damaged, Busy."""
    named = waiting(desk.tables, MAX_SHOWN)
    heads = {one.offer_id: one for one in fetch_heads(desk.tables, [name for name, _ in named])}
    found = fetch_submitted(desk.tables, named)
    # One that was decided while this was read waits no more.
    return [
        OnShelf(head=heads[one.offer_id], latest=one)
        for one in found
        if one.state is OfferState.WAITING
    ]


def decide_offer(
    desk: Desk,
    session: Session | None,
    decision: Decision,
    compile_offer: Callable[[Offer], Condition],
) -> OnShelf:
    """Decide what waits, or refuse what was approved, which takes it away from everybody.

    Without a session it is whoever may write the tables. The same decision again changes nothing.
    Raises NotFound, Taken for what is decided otherwise or over or replaced, BadInput, Busy.
    """
    return until_settled(lambda: _decide(desk, session, decision, compile_offer))


def _decide(
    desk: Desk,
    session: Session | None,
    decision: Decision,
    compile_offer: Callable[[Offer], Condition],
) -> OnShelf:
    named = decision.version
    head, versions = fetch_offer(desk.tables, decision.offer_id, named)
    one = versions.get(named)
    if head is None or one is None:
        raise NotFound("there is no such version of an offer")
    if one.state.value == decision.outcome.value:
        return OnShelf(head=head, latest=one)
    if decision.outcome is Outcome.APPROVED:
        decided, becomes, changes = _approve(desk, head, one, compile_offer)
    else:
        decided, becomes, changes = _refuse(desk, head, one, decision.reason)
    staff = None if session is None else staff_name(session.account_id)
    kind = APPROVED if decision.outcome is Outcome.APPROVED else REFUSED
    actor = OPERATOR if staff is None else PartyId(staff)
    outcome = decision.outcome.value
    told = offer_event(desk, kind, becomes, decided, actor, decision=outcome, staff=staff)
    desk.tables.commit(put_head(becomes), put_submitted(decided), *changes, told)
    return OnShelf(head=becomes, latest=decided, is_new=True)


def _approve(
    desk: Desk, head: Head, one: Submitted, compile_offer: Callable[[Offer], Condition]
) -> tuple[Submitted, Head, list[Change]]:
    if one.state is not OfferState.WAITING:
        raise Taken(f"this version is {one.state}")
    offer, now = Offer.decode(one.document), desk.now()
    if offer.valid_until <= now:
        raise Taken("this offer is over; refuse it")
    try:
        as_checked = digest_of(compile_offer(offer)) == one.condition
    except (BadInput, Unreadable):
        as_checked = False
    if not as_checked:
        raise Taken("the catalogue has changed since it was checked; its partner must send it anew")
    shown = fetch_published(desk.tables, one.offer_id)
    changes: list[Change] = [
        dequeue(one),
        put_published(one.offer_id, one.version, shown),
        offers_changed(desk),
    ]
    if head.approved is not None:
        _, versions = fetch_offer(desk.tables, one.offer_id, head.approved)
        before = versions[head.approved]
        changes.append(put_submitted(replace(before, state=OfferState.REPLACED, decided_at=now)))
    decided = replace(one, state=OfferState.APPROVED, decided_at=now)
    becomes = replace(head, state=OfferState.APPROVED, approved=one.version, stock=offer.stock)
    return decided, becomes, changes


def _refuse(
    desk: Desk, head: Head, one: Submitted, reason: str | None
) -> tuple[Submitted, Head, list[Change]]:
    decided = replace(one, state=OfferState.REFUSED, reason=reason, decided_at=desk.now())
    becomes = replace(head, state=OfferState.REFUSED) if one.version == head.latest else head
    if one.state is OfferState.WAITING:
        return decided, becomes, [dequeue(one)]
    shown = fetch_published(desk.tables, one.offer_id)
    if one.state is not OfferState.APPROVED or shown is None:
        raise Taken(f"this version is {one.state}")
    becomes = replace(becomes, approved=None, stock=None)
    return decided, becomes, [unpublish(shown), offers_changed(desk)]
