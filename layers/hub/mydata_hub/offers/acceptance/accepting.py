"""Accepting: the first that a partner can ever know of a person whom an offer was shown to.

One commit holds all of it: the grant for exactly what the sheet listed, its charge in the ledger,
the coupon, the stock, the code, and the news to the partner, which goes out when the window ends.
Where an offer tells nothing of who accepts it there is nothing to sign and nobody is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import rfc8785

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.sessions import Session
from mydata_hub.benefits.coupons import (
    KEPT_AFTER,
    Coupon,
    CouponId,
    accepted_key,
    put_coupon,
)
from mydata_hub.consent.approval import Prepared, approve, prepare_approval
from mydata_hub.consent.consent_record import ConsentRecord, Proposal
from mydata_hub.consent.deliveries import Delivery, InitiatedBy, delivery_message, put_delivery
from mydata_hub.consent.grant import Frequency, FrequencyUnit, Grant, GrantId
from mydata_hub.consent.pairwise import pairwise_subject
from mydata_hub.errors import BadInput, NotAllowed, NotFound, NotProven, Taken
from mydata_hub.fields import ClaimRef, ClientId, EventId, PartyId, SubjectId
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import Claim
from mydata_hub.oauth.authority import SECRET_BYTES
from mydata_hub.oauth.authorization_details import Asked
from mydata_hub.oauth.clients import Client, client_key, read_client
from mydata_hub.oauth.offer_code import put_offer_code
from mydata_hub.offers.acceptance.tally import count_acceptance
from mydata_hub.offers.acceptance.ticket import Tickets
from mydata_hub.offers.acceptance.windows import Window, window_at
from mydata_hub.offers.catalogue.approved import as_approved, may_bring
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.shelf import (
    Head,
    fetch_offer,
    head_key,
    put_head,
    read_head,
    read_submitted,
    version_key,
)
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Absent, Change, Put
from mydata_hub.release.ledger import price
from mydata_hub.release.prepaying import prepay, read_room
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record

ACCEPTED: Final = "offer_accepted"
ONCE: Final = Frequency(unit=FrequencyUnit.MONTH, count=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What accepting takes; of the tickets the public half of their key."""

    desk: Desk
    tickets: Tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class OnOffer:
    """An offer that can be accepted now, and what that tells its partner."""

    offer: Offer
    head: Head
    client: Client
    claims: tuple[Claim, ...]
    window: Window

    @property
    def ref(self) -> str:
        """`<offer id>@<version>`."""
        return f"{self.offer.offer_id}@{self.offer.version}"

    @property
    def asked(self) -> Asked:
        """What a signature allows: each claim, once."""
        return Asked(
            claims=self.claims,
            purpose=self.offer.purpose,
            max_bits=math.ceil(sum((claim.bits for claim in self.claims), Decimal())),
            frequency=ONCE,
            expires_at=self.window.expires_at,
        )

    @property
    def proposal(self) -> Proposal:
        return self.asked.proposal(self.client, self.offer.digest())


def find_on_offer(desk: Desk, offer_id: str) -> OnOffer:
    """The version of an offer that people may be shown, if it can be accepted now.

    Raises NotFound, Taken where it has run out, Damaged, Busy.
    """
    head, _ = fetch_offer(desk.tables, offer_id)
    if head is None or head.approved is None:
        raise _gone()
    named = version_key(offer_id, head.approved), client_key(head.client)
    rows = desk.tables.fetch_many(*named)
    submitted, row = read_submitted(rows[named[0]]), rows.get(named[1])
    compiled, client = as_approved(submitted), None if row is None else read_client(row)
    if compiled is None or client is None or not may_bring(client, submitted, compiled[0]):
        raise _gone()
    offer, now = compiled[0], desk.now()
    claims = [CATALOGUE.get(ClaimRef(ref)) for ref in submitted.discloses]
    known = tuple(entry.claim for entry in claims if entry is not None and not entry.retired)
    if len(known) < len(claims) or not offer.valid_from <= now < offer.valid_until:
        raise _gone()
    if offer.benefit.is_programme:
        raise BadInput("offer", "is a programme: make it a favourite instead")
    if head.stock is not None and head.accepted >= head.stock:
        raise Taken("all of this offer have been taken")
    return OnOffer(
        offer=offer,
        head=head,
        client=client,
        claims=known,
        window=window_at(now),
    )


def prepare_acceptance(
    counter: Counter,
    session: Session,
    on_offer: OnOffer,
    ticket: str,
    *,
    locale: str,
    wording: str,
) -> Prepared:
    """Fix the record that the person is about to sign: all that acceptance tells, no more.

    Raises NotAllowed for whom the offer was not shown and where its partner may learn no more of
    the person, Taken where it was accepted before, and what `prepare_approval` raises.
    """
    _admit(counter, session, on_offer, ticket)
    desk, asked = counter.desk, on_offer.proposal
    subject, units = SubjectId(session.account_id), sum(map(price, on_offer.claims))
    # Both are looked at again in the commit; nobody signs in vain where it is plain before.
    if (accepted := accepted_key(subject, on_offer.ref)) in desk.tables.fetch_many(accepted):
        raise _accepted()
    if not read_room(desk.tables, subject, on_offer.client.group, desk.now()).fits(units):
        raise _no_room()
    return prepare_approval(
        counter.desk, session, asked, asked.items, locale=locale, wording=wording
    )


def accept_offer(
    counter: Counter,
    session: Session,
    on_offer: OnOffer,
    approval: str,
    credential: Mapping[str, Any],
) -> Grant:
    """Make the grant of a signed acceptance with all that goes with it, once.

    Raises what `approve` raises, NotAllowed where the partner may learn no more of the person, and
    Taken where the offer ran out or was accepted before.
    """
    desk, code = counter.desk, counter.desk.token(SECRET_BYTES)

    def also(grant: Grant, signed: ConsentRecord) -> Sequence[Change]:
        if signed.request_hash != on_offer.offer.digest():
            raise BadInput("approval", "is for another offer")
        now = desk.now()
        paid = prepay(desk.tables, grant, on_offer.claims, now)
        if paid is None:
            raise _no_room()
        subject, named = pairwise_subject(desk, grant)
        return (
            *_take(desk, grant.subject, on_offer, now, grant.grant_id),
            *paid,
            *named,
            put_offer_code(code, grant, subject, desk.new_id()),
            *_tell(desk, grant, on_offer, subject, code),
        )

    given_at = on_offer.window.begins_at
    return approve(desk, session, approval, credential, also, given_at=given_at)


def accept_freely(counter: Counter, session: Session, on_offer: OnOffer, ticket: str) -> None:
    """Accept an offer that is for everybody and asks nothing: no grant, and nobody is told.

    Raises NotAllowed for whom the offer was not shown, BadInput for an offer that tells something,
    Taken.
    """
    _admit(counter, session, on_offer, ticket)
    if on_offer.claims:
        raise BadInput("offer", "tells its partner something: sign that with a passkey")
    desk, subject = counter.desk, SubjectId(session.account_id)

    # A newer version may tell something: it is this one that is taken, or none.
    until_settled(lambda: desk.tables.commit(*_take(desk, subject, on_offer, desk.now())))


def _admit(counter: Counter, session: Session, on_offer: OnOffer, ticket: str) -> None:
    if session.role is not Role.PERSON:
        raise NotAllowed("only a person can accept an offer")
    try:
        counter.tickets.check(ticket, session.account_id, on_offer.ref)
    except NotProven:
        raise NotAllowed("this offer was not shown to you a moment ago; open it again") from None


def _take(
    desk: Desk,
    subject: SubjectId,
    on_offer: OnOffer,
    now: datetime,
    grant_id: GrantId | None = None,
) -> tuple[Change, ...]:
    offer = on_offer.offer
    accepted = accepted_key(subject, on_offer.ref)
    named = head_key(offer.offer_id)
    rows = desk.tables.fetch_many(named, accepted)
    if accepted in rows:
        raise _accepted()
    head = read_head(rows[named]) if named in rows else None
    if head is None or head.approved != offer.version:
        raise _gone()
    if head.stock is not None and head.accepted >= head.stock:
        raise Taken("all of this offer have been taken")
    event = Event(
        event_id=EventId(desk.new_id()),
        kind=ACCEPTED,
        subject=subject,
        actor=PartyId(subject),
        occurred_at=now,
        row=accepted,
        row_version=1,
        payload=rfc8785.dumps({"offer": on_offer.ref}),
    )
    # Charged now and not when the partner asks; told otherwise, an auditor's sums would lack it.
    told = sum((claim.bits for claim in on_offer.claims), Decimal())
    facts = AuditFacts(partner=offer.client, purpose=offer.purpose, bits=f"{told:.4f}")
    return (
        Put(
            key=accepted,
            values={"at": now.isoformat()},
            when=Absent(),
            expires_at=offer.valid_until + KEPT_AFTER,
        ),
        put_head(replace(head, accepted=head.accepted + 1)),
        count_acceptance(desk.tables, offer.offer_id, now),
        *put_coupon(subject, _coupon(desk, offer, grant_id)),
        record(event, desk.entropy, facts),
    )


def _coupon(desk: Desk, offer: Offer, grant_id: GrantId | None) -> Coupon:
    return Coupon(
        coupon_id=CouponId(desk.new_id()),
        client=offer.client,
        offer_id=offer.offer_id,
        version=offer.version,
        kind=offer.benefit.kind,
        title=offer.benefit.wording,
        amount_minor=offer.benefit.amount_minor,
        currency=offer.benefit.currency,
        till=offer.benefit.till,
        good_until=offer.valid_until,
        category=offer.category,
        grant_id=grant_id,
    )


def _tell(
    desk: Desk, grant: Grant, on_offer: OnOffer, subject: str, code: str
) -> tuple[Change, ...]:
    news = Delivery(
        grant_id=grant.grant_id,
        client_id=ClientId(grant.counterparty),
        event_id=desk.new_id(),
        subject=subject,
        initiated_by=InitiatedBy.PERSON,
        due_at=on_offer.window.ends_at,
        offer=on_offer.ref,
        code=code,
    )
    return put_delivery(news), send(delivery_message(news, news.due_at))


def _accepted() -> Taken:
    return Taken("you have accepted this offer")


def _no_room() -> NotAllowed:
    return NotAllowed("this partner may learn no more about you for now")


def _gone() -> NotFound:
    return NotFound("there is no such offer, or it is over")
