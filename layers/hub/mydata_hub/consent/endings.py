"""Endings: every end of a grant passes here, and a release grant's end goes out to its partner.

The grant, its event, the delivery and the message to the courier are one commit: no end without
its news, and no news without an end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.sessions import Session
from mydata_hub.consent.deliveries import (
    Delivery,
    DeliveryState,
    InitiatedBy,
    acceptance_of,
    delivery_message,
    fetch_deliveries,
    put_delivery,
)
from mydata_hub.consent.grant import Grant, GrantKind, GrantState
from mydata_hub.consent.grants import (
    grant_event,
    grant_key,
    list_grants,
    no_such_grant,
    put_grant,
    read_grant,
)
from mydata_hub.consent.pairwise import find_pairwise_subject
from mydata_hub.fields import ClientId, PartyId
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Change, Row

WITHDRAWN: Final = "consent_withdrawn"
REVOKED: Final = "consent_revoked"
HUB: Final = PartyId("hub")
# Long enough that the partners of one person hear of an erasure at hours that tell nothing.
ERASURE_JITTER: Final = timedelta(hours=24)
_JITTER_BYTES: Final = 6


class Reason(StrEnum):
    """Withdrawn by the person, revoked by hub or partner, or everything of the person is erased.

    To a partner an erasure looks like a withdrawal: two partners that each see an erasure in the
    same day would know whom they share.
    """

    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    ERASED = "erased"


def end_changes(desk: Desk, row: Row, reason: Reason, actor: PartyId) -> tuple[Change, ...]:
    """The changes that end the grant in `row`; none where it ended before, which stays.

    At most four: grant, event, and for a release grant the delivery and the message. Its partner
    is told at once, of an erasure some time in the next ERASURE_JITTER, and not at all where it
    has not heard of the grant yet. Raises Damaged, Busy.
    """
    return _ending(desk, row, reason, actor)[1]


def erase_grants(desk: Desk, subject: str) -> tuple[Grant, ...]:
    """End every grant of a person that has not ended, the expired ones too: what was ended.

    For an erasure, before the rows that this reads are deleted; again changes nothing.
    """
    return tuple(
        _end(desk, grant.grant_id, Reason.ERASED, PartyId(subject))
        for grant in list_grants(desk.tables, subject)
        if grant.ended_at is None
    )


def withdraw_grant(desk: Desk, session: Session, grant_id: str) -> Grant:
    """End a grant for the person who gave it; again changes nothing. Raises NotFound.

    A live session is enough, and a recovery does not stand in the way: ending only narrows.
    """
    return _end(desk, grant_id, Reason.WITHDRAWN, PartyId(session.account_id))


def withdraw_all(desk: Desk, session: Session, kind: GrantKind | None = None) -> tuple[Grant, ...]:
    """End every grant of a person that is active, or every one of a kind: what was ended."""
    return tuple(
        withdraw_grant(desk, session, grant.grant_id)
        for grant in list_grants(desk.tables, session.account_id)
        if grant.state(desk.now()) is GrantState.ACTIVE and kind in (None, grant.kind)
    )


def revoke_grant(desk: Desk, grant_id: str, actor: PartyId) -> Grant:
    """End a grant for the hub ("hub") or for the partner or provider that holds it, by its id.

    Again changes nothing. Raises NotFound for a grant that is not the actor's.
    """
    return _end(desk, grant_id, Reason.REVOKED, actor)


def _end(desk: Desk, grant_id: str, reason: Reason, actor: PartyId) -> Grant:
    def act() -> Grant:
        key = grant_key(grant_id)
        row = desk.tables.fetch_many(key).get(key)
        if row is None or not _may_end(read_grant(row), reason, actor):
            raise no_such_grant()
        grant, changes = _ending(desk, row, reason, actor)
        if changes:
            desk.tables.commit(*changes)
        return grant

    return until_settled(act)


def _ending(
    desk: Desk, row: Row, reason: Reason, actor: PartyId
) -> tuple[Grant, tuple[Change, ...]]:
    grant, now = read_grant(row), desk.now()
    ended = grant.revoke(now) if reason is Reason.REVOKED else grant.withdraw(now)
    if ended is grant:
        return grant, ()
    changes: tuple[Change, ...] = (
        put_grant(ended, {**row.values, "grant": ended.encode()}),
        grant_event(desk, ended, REVOKED if reason is Reason.REVOKED else WITHDRAWN, actor),
    )
    if grant.kind is GrantKind.RELEASE:
        name = acceptance_of(grant.grant_id)
        accepted = fetch_deliveries(desk.tables, [name]).get(name)
        if accepted is not None and accepted.is_untold:
            # Told of its end, the partner would learn that there had been something to end.
            taken_back = replace(accepted, state=DeliveryState.TAKEN_BACK, code="")
            end = replace(taken_back, offer="", version=0)
            return ended, (*changes, put_delivery(taken_back), put_delivery(end))
        delivery = Delivery(
            grant_id=grant.grant_id,
            client_id=ClientId(grant.counterparty),
            event_id=desk.new_id(),
            subject=find_pairwise_subject(desk.tables, grant),
            initiated_by=_initiator(reason, actor),
            due_at=_erasure_due_at(desk) if reason is Reason.ERASED else now,
            erased=reason is Reason.ERASED,
        )
        message = delivery_message(delivery, delivery.due_at)
        changes += (put_delivery(delivery), send(message))
    return ended, changes


def _may_end(grant: Grant, reason: Reason, actor: PartyId) -> bool:
    if reason is Reason.REVOKED:
        return actor in (HUB, grant.counterparty)
    return actor == PartyId(grant.subject)


def _initiator(reason: Reason, actor: PartyId) -> InitiatedBy:
    if reason is not Reason.REVOKED:
        return InitiatedBy.PERSON
    return InitiatedBy.HUB if actor == HUB else InitiatedBy.PARTNER


def _erasure_due_at(desk: Desk) -> datetime:
    part = int.from_bytes(desk.entropy.token(_JITTER_BYTES)) / 256**_JITTER_BYTES
    return desk.now() + ERASURE_JITTER * part
