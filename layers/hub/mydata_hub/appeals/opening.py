"""Opening an appeal: the person says which reason is wrong, why, and which records show it.

The case, its place in the queue, the vault's own record of it and the event are one commit. From
the fold of that record on, what the appeal could better is not told to partners.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Final

import rfc8785

from mydata_hub.appeals.appeal import (
    DUE_AFTER,
    MAX_OPEN,
    Appeal,
    AppealState,
    dequeue,
    enqueue,
    fetch_appeal,
    list_appeals,
    new_appeal_id,
    put_appeal,
)
from mydata_hub.appeals.case import Case, Contest, Seen, Shown, Told
from mydata_hub.appeals.review_box import ReviewBox
from mydata_hub.collection.record import Record
from mydata_hub.errors import NotFound, Taken, TooMany
from mydata_hub.fields import VaultId
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import find_version
from mydata_hub.insights.reviews import MAX_APPEALS, OWN_APPEALS
from mydata_hub.own_vault.behind import Behind, find_line
from mydata_hub.own_vault.importing import Letterbox
from mydata_hub.own_vault.speaking import Pointed, Said, own_word, say
from mydata_hub.ports.tables import Change

APPEAL_OPENED: Final = "appeal_opened"
APPEAL_TAKEN_BACK: Final = "appeal_taken_back"


def open_appeal(
    letterbox: Letterbox, box: ReviewBox, vault_id: VaultId, profile: Profile, contest: Contest
) -> Appeal:
    """Put a case before the reviewers.

    Raises Taken for a reason that is contested already, TooMany, NotFound for a record that counts
    nowhere, BadInput, Busy.
    """
    kept = list_appeals(letterbox.tables, vault_id)
    earlier = [one for one in kept if one.is_open]
    if any(box.open(one)[0].reason == contest.reason for one in earlier):
        raise Taken("an appeal against this reason is open already")
    if len(kept) >= MAX_APPEALS:
        raise TooMany(f"at most {MAX_APPEALS} appeals are kept, each for a year")
    if len(earlier) >= MAX_OPEN:
        raise TooMany(f"at most {MAX_OPEN} appeals are open at once; wait for a decision")
    now = letterbox.clock.now()
    due_at = now + DUE_AFTER
    appeal_id = new_appeal_id(due_at, letterbox.entropy)
    case = Case(
        reason=contest.reason,
        told=Told(ko=contest.told.ko, en=contest.told.en),
        statement=contest.statement.strip(),
        records=tuple(_shown(profile, one) for one in contest.records),
    )
    wrapped, sealed = box.seal(appeal_id, case, letterbox.entropy)
    appeal = Appeal(
        vault_id=vault_id,
        appeal_id=appeal_id,
        opened_at=now,
        due_at=due_at,
        wrapped=wrapped,
        case=sealed,
    )
    said = _own_record(vault_id, appeal_id, case, now)
    _commit(letterbox, appeal, said, APPEAL_OPENED, put_appeal(appeal), enqueue(appeal))
    return replace(appeal, version=1)


def end_appeal(letterbox: Letterbox, box: ReviewBox, vault_id: VaultId, appeal_id: str) -> Seen:
    """Take one's own appeal back; again changes nothing.

    Raises NotFound, Taken once it is decided, Busy.
    """
    appeal = fetch_appeal(letterbox.tables, vault_id, appeal_id)
    if appeal is None:
        raise NotFound("there is no such appeal of yours")
    (case, _), now = box.open(appeal), letterbox.clock.now()
    if appeal.state is AppealState.TAKEN_BACK:
        return Seen(appeal=appeal, case=case, ruling=None)
    if not appeal.is_open:
        raise Taken("this appeal is decided")
    ended = replace(appeal, state=AppealState.TAKEN_BACK, ended_at=now)
    said = _own_record(vault_id, appeal_id, case, appeal.opened_at).cancel()
    _commit(letterbox, appeal, said, APPEAL_TAKEN_BACK, put_appeal(ended), dequeue(appeal))
    return Seen(appeal=ended, case=case, ruling=None)


def see_appeals(letterbox: Letterbox, box: ReviewBox, vault_id: VaultId) -> list[Seen]:
    """A person's own appeals with what was said, the latest due first."""
    found = []
    for one in list_appeals(letterbox.tables, vault_id):
        case, ruling = box.open(one)
        found.append(Seen(appeal=one, case=case, ruling=ruling))
    return found


def _shown(profile: Profile, pointed: Pointed) -> Shown:
    version = find_version(profile, pointed.dataset, pointed.mark)
    line: Behind | None = find_line(profile, pointed.dataset, pointed.mark)
    if version is None or line is None:
        raise NotFound("there is no such record in your own view")
    return Shown(
        dataset=line.dataset,
        at=line.at.isoformat(),
        name=line.name,
        amount_minor=line.amount_minor,
        currency=line.currency,
        due_on=_day(line.due_on),
        paid_on=_day(line.paid_on),
        version=version.body(),
    )


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()


def _own_record(vault_id: VaultId, appeal_id: str, case: Case, at: datetime) -> Record:
    body = {
        "appeal": appeal_id,
        "reason": case.reason,
        "statement": case.statement,
        "as_of": at.isoformat(),
    }
    return own_word(vault_id, OWN_APPEALS, appeal_id, at, body)


def _commit(
    letterbox: Letterbox, appeal: Appeal, said: Record, kind: str, *changes: Change
) -> None:
    payload = rfc8785.dumps({"appeal": appeal.appeal_id})
    say(letterbox, appeal.vault_id, Said(records=(said,), kind=kind, payload=payload), *changes)
