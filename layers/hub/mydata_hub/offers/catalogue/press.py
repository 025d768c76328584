"""The press: makes the next snapshot of what is approved, and puts it in the place of the last.

Blobs first, then head and log entry in one commit that holds only if nobody published meanwhile.
What is approved is read after the head, so a head that is replaced never had newer offers than its
successor, and a press that was killed anywhere leaves the last snapshot as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mydata_hub.accounts.desk import until_settled
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import fetch_clients
from mydata_hub.offers.catalogue.approved import Compiled, as_approved, may_bring
from mydata_hub.offers.catalogue.eligibility import Condition
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.shelf import Submitted, fetch_submitted, published
from mydata_hub.offers.catalogue.signed_head import sign_head
from mydata_hub.offers.catalogue.snapshot import (
    HEAD,
    PREFIX,
    Head,
    Written,
    read_head,
    write_snapshot,
)
from mydata_hub.offers.catalogue.worth import slot_order
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Absent, Put, Tables, VersionIs
from mydata_hub.transparency.events import AuditFacts
from mydata_hub.transparency.house import house_event

SNAPSHOT_PUBLISHED: Final = "offers_published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """The ports, the key, the two functions that decide what a snapshot says, and who is told of
    an approved offer that does not run any more."""

    tables: Tables
    blobs: Blobs
    keys: SigningKeys
    clock: Clock
    entropy: Entropy
    issuer: str
    # Raises BadInput for what this release's catalogue does not hold any more.
    compile: Callable[[Offer], Condition]
    build_index: Callable[[Sequence[Compiled]], bytes]
    left_out: Callable[[str], None]


def is_due(press: Press) -> bool:
    """Whether time alone has changed what the snapshot holds: an offer of it is over."""
    head = read_head(press.tables)
    return head is not None and head.until is not None and head.until <= press.clock.now()


def publish_snapshot(press: Press) -> bool:
    """Publish what is approved and not over; False where the last snapshot says just that.

    Raises Damaged, Busy, OutcomeUnknown.
    """
    return until_settled(lambda: _publish(press))


def _publish(press: Press) -> bool:
    head, now = read_head(press.tables), press.clock.now()
    offers = _approved(press, now)
    written = write_snapshot(offers, press.build_index)
    if head is not None and head.manifest == written.manifest:
        return False
    for name, content in written.blobs.items():
        press.blobs.put_if_absent(PREFIX + name, content)
    until = min((offer.valid_until for offer, _ in offers), default=None)
    press.tables.commit(*_changes(press, head, written, now, until))
    return True


def _approved(press: Press, now: datetime) -> list[Compiled]:
    """What people may be shown, in the order of the slots: the worthiest first."""
    found: list[tuple[Submitted, Compiled]] = []
    for one in fetch_submitted(press.tables, list(published(press.tables))):
        compiled = as_approved(one, press.compile)
        if compiled is None:
            press.left_out(one.offer_id)
        elif now < compiled[0].valid_until:
            found.append((one, compiled))
    clients = fetch_clients(press.tables, (offer.client for _, (offer, _) in found))
    shown = [
        (offer, condition)
        for one, (offer, condition) in found
        if may_bring(clients.get(offer.client), one, offer)
    ]
    return sorted(shown, key=lambda one: slot_order(one[0]))


def _changes(
    press: Press, head: Head | None, written: Written, now: datetime, until: datetime | None
) -> tuple[Put, Put]:
    number = 1 if head is None else head.number + 1
    named = written.manifest
    put = Put(
        key=HEAD,
        values={
            "number": number,
            "manifest": named,
            "signed": sign_head(press.keys, press.issuer, number, now, named, written.count),
            "until": None if until is None else until.isoformat(),
        },
        when=Absent() if head is None else VersionIs(head.row_version),
    )
    version = 1 if head is None else head.row_version + 1
    facts = AuditFacts(thing=f"offers.{number}", hash=named)
    told = house_event(press.entropy, SNAPSHOT_PUBLISHED, now, (HEAD, version), facts)
    return put, told
