"""Beginning to erase a part: one provider's records, one dataset's, or those of some days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

import rfc8785

from mydata_hub.accounts.account import Act, Role
from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.sessions import Session, own_account, require_fresh
from mydata_hub.accounts.store import account_key
from mydata_hub.erasure.state import ID_BYTES, Erasure, part_message, put_erasure
from mydata_hub.errors import BadInput, NotAllowed
from mydata_hub.fields import LOCAL, Dataset, EventId, PartyId, SubjectId
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Check, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.vault.erased_parts import Scope

STARTED: Final = "part_erasure_started"


def scope_of(
    now: datetime,
    *,
    provider: str | None = None,
    dataset: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Scope:
    """The part that a person names: a provider, a dataset, or days (local ones, both included).

    Raises BadInput for none or several of these, a day that is still to come, or half a time.
    """
    if (since is None) is not (until is None):
        raise BadInput("since", "takes the first and the last day")
    if since is None or until is None:
        return Scope(
            until=now,
            provider_id=PartyId(provider) if provider else None,
            dataset=Dataset(dataset) if dataset else None,
        )
    if until > now.astimezone(LOCAL).date():
        raise BadInput("until", "takes a day that is not still to come")
    return Scope(
        since=datetime.combine(since, time(), LOCAL),
        until=datetime.combine(until + timedelta(days=1), time(), LOCAL),
        provider_id=PartyId(provider) if provider else None,
        dataset=Dataset(dataset) if dataset else None,
    )


def begin_part_erasure(desk: Desk, session: Session, scope: Scope) -> str:
    """Begin to erase a part of the session's own vault; gives the id of its certificates.

    Raises StepUpNeeded, AccountRestricted while a recovery or an erasure of everything runs,
    NotAllowed for accounts that are not a person's.
    """
    require_fresh(session, desk.now())

    def act() -> str:
        account, _passkeys = own_account(desk, session)
        if account.role is not Role.PERSON:
            raise NotAllowed("only a person's account has a vault to erase from")
        account.require_unrestricted(Act.ERASE, desk.now())
        begun = Erasure(
            certificate_id=desk.entropy.token(ID_BYTES).hex(),
            account_id=account.account_id,
            begun_at=desk.now(),
            part=scope.plain(),
        )
        put = put_erasure(begun)
        event = Event(
            event_id=EventId(desk.new_id()),
            kind=STARTED,
            subject=SubjectId(account.account_id),
            actor=PartyId(account.account_id),
            occurred_at=desk.now(),
            row=put.key,
            row_version=1,
            payload=rfc8785.dumps({"certificate": begun.certificate_id, "part": scope.plain()}),
        )
        desk.tables.commit(
            put,
            record(event, desk.entropy),
            # An erasure of everything, or a recovery, that begins meanwhile comes first.
            Check(account_key(account.account_id), (VersionIs(account.version),)),
            send(part_message(begun.certificate_id, desk.new_id(), desk.now())),
        )
        return begun.certificate_id

    return until_settled(act)
