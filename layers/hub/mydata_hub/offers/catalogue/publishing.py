"""Publishing: a partner puts an offer on the shelf, where it waits for an operator, and takes it
back. Nothing here is about a person, and nothing is read that is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.errors import BadInput, NotFound, TooMany
from mydata_hub.fields import PartyId
from mydata_hub.oauth.offers_changed import offers_changed
from mydata_hub.oauth.single_use import Spent, commit_spending
from mydata_hub.offers.catalogue.check import Checked
from mydata_hub.offers.catalogue.compiled import digest_of
from mydata_hub.offers.catalogue.shelf import (
    MAX_OFFERS,
    Head,
    OfferState,
    Submitted,
    dequeue,
    enqueue,
    fetch_heads,
    fetch_offer,
    fetch_published,
    fetch_submitted,
    head_key,
    list_under,
    names_of,
    put_head,
    put_submitted,
    unpublish,
)
from mydata_hub.ports.tables import Change, Put
from mydata_hub.transparency.events import AuditFacts
from mydata_hub.transparency.house import house_event

SUBMITTED: Final = "offer_submitted"
WITHDRAWN: Final = "offer_withdrawn"
_OPEN: Final = frozenset({OfferState.WAITING, OfferState.APPROVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OnShelf:
    """An offer's head and its latest version; `is_new` where this act put it there."""

    head: Head
    latest: Submitted
    is_new: bool = False


def submit_offer(
    desk: Desk, checked: Checked, replaces: int | None = None, spent: Sequence[Spent] = ()
) -> OnShelf:
    """Put a checked offer on the shelf as its next version, to wait for an operator.

    The same again changes nothing. Another one under the same name needs `replaces`, the version
    that it takes the place of, unless that was withdrawn: two who publish at once do not undo each
    other. Raises BadInput, TooMany, OAuthRefused for what was presented before, Busy.
    """
    return until_settled(lambda: _submit(desk, checked, replaces, spent))


def withdraw_offer(desk: Desk, client_id: str, offer_id: str, spent: Sequence[Spent] = ()) -> Head:
    """Take an offer back: nobody is shown it any more, and who accepted it keeps what they have.

    Again changes nothing. Raises NotFound for one that is not this partner's, OAuthRefused, Busy.
    """
    return until_settled(lambda: _withdraw(desk, client_id, offer_id, spent))


def list_offers(desk: Desk, client_id: str) -> list[OnShelf]:
    """A partner's offers by their names. Raises Busy."""
    named = [f"{client_id}.{name}" for name in names_of(desk.tables, client_id)]
    heads = fetch_heads(desk.tables, named)
    latest = fetch_submitted(desk.tables, [(one.offer_id, one.latest) for one in heads])
    by_id = {one.offer_id: one for one in latest}
    return [OnShelf(head=one, latest=by_id[one.offer_id]) for one in heads]


def _submit(desk: Desk, checked: Checked, replaces: int | None, spent: Sequence[Spent]) -> OnShelf:
    offer, tables = checked.offer, desk.tables
    head, _ = fetch_offer(tables, offer.offer_id)
    before = None
    if head is not None:
        before = fetch_offer(tables, offer.offer_id, head.latest)[1].get(head.latest)
    if head is not None and before is not None and head.state is not OfferState.WITHDRAWN:
        if before.document == replace(offer, version=before.version).encode():
            commit_spending(desk, spent)
            return OnShelf(head=head, latest=before)
        if replaces != before.version:
            raise BadInput("name", f"is taken by version {before.version}: say that it replaces it")
    version = 1 if head is None else head.latest + 1
    latest = Submitted(
        offer_id=offer.offer_id,
        version=version,
        document=replace(offer, version=version).encode(),
        condition=digest_of(checked.condition),
        discloses=tuple(checked.discloses),
        bits=str(checked.bits),
        submitted_at=desk.now(),
    )
    changes: list[Change] = [put_submitted(latest), enqueue(latest)]
    if head is None:
        if len(names_of(tables, offer.client)) >= MAX_OFFERS:
            raise TooMany(f"a partner keeps at most {MAX_OFFERS} offers, withdrawn ones included")
        name = offer.offer_id.removeprefix(f"{offer.client}.")
        head = Head(
            offer_id=offer.offer_id,
            client=offer.client,
            name=name,
            latest=version,
            state=OfferState.WAITING,
        )
        changes.append(list_under(head))
    else:
        head = replace(head, latest=version, state=OfferState.WAITING)
    if before is not None and before.state is OfferState.WAITING:
        changes += [
            put_submitted(replace(before, state=OfferState.REPLACED, decided_at=desk.now())),
            dequeue(before),
        ]
    told = offer_event(desk, SUBMITTED, head, latest, PartyId(offer.client))
    commit_spending(desk, spent, put_head(head), *changes, told)
    return OnShelf(head=head, latest=latest, is_new=True)


def _withdraw(desk: Desk, client_id: str, offer_id: str, spent: Sequence[Spent]) -> Head:
    head, _ = fetch_offer(desk.tables, offer_id)
    if head is None or head.client != client_id:
        raise NotFound("offer_id: names no offer of yours")
    if head.state is OfferState.WITHDRAWN and head.approved is None:
        commit_spending(desk, spent)
        return head
    named = {head.latest, *(() if head.approved is None else (head.approved,))}
    _, versions = fetch_offer(desk.tables, offer_id, *sorted(named))
    changes: list[Change] = []
    for one in versions.values():
        if one.state in _OPEN:
            gone = replace(one, state=OfferState.WITHDRAWN, decided_at=desk.now())
            changes.append(put_submitted(gone))
        if one.state is OfferState.WAITING:
            changes.append(dequeue(one))
    if shown := fetch_published(desk.tables, offer_id):
        changes += [unpublish(shown), offers_changed(desk)]
    head = replace(head, state=OfferState.WITHDRAWN, approved=None, stock=None)
    told = offer_event(desk, WITHDRAWN, head, versions[head.latest], PartyId(client_id))
    commit_spending(desk, spent, put_head(head), *changes, told)
    return head


def offer_event(
    desk: Desk,
    kind: str,
    head: Head,
    one: Submitted,
    actor: PartyId,
    *,
    decision: str | None = None,
    staff: str | None = None,
) -> Put:
    """The event of an act on an offer; `head` is as this act writes it, over the row it read."""
    facts = AuditFacts(
        partner=head.client,
        thing=f"offer.{one.offer_id}@{one.version}",
        hash=hashlib.sha256(one.document).hexdigest(),
        decision=decision,
        staff=staff,
    )
    row = head_key(head.offer_id), head.row_version + 1
    return house_event(desk.entropy, kind, desk.now(), row, facts, actor)
