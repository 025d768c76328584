"""Disclosing: a person shows an auditor one log-key period, and the log says that they did.

Key and openings are what `GET /activity/state` shows the person anyway, so nothing new leaves
here: the act is recorded first, and the file is then made where the person is.
"""

from __future__ import annotations

from dataclasses import dataclass

import rfc8785

from mydata_hub.accounts.account import Act, check_name
from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.sessions import Session, own_account, require_fresh
from mydata_hub.accounts.store import account_key
from mydata_hub.errors import BadInput
from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.personal_log.disclosure import KEY_DISCLOSED
from mydata_hub.personal_log.period_key import is_period, log_key_period
from mydata_hub.ports.tables import Check, Key, VersionIs
from mydata_hub.transparency import events
from mydata_hub.transparency.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A disclosure whose entry is on its way to the log."""

    event_id: str
    period: str
    to: str


def record_disclosure(desk: Desk, session: Session, period: str, to: str) -> Recorded:
    """Record that the session's person discloses a period; `to` is whom, in their own words.

    Raises StepUpNeeded, AccountRestricted while a recovery or an erasure runs, BadInput for a
    period in which the person had no account, or no name.
    """
    require_fresh(session, desk.now())
    to = check_name("to", to)

    def act() -> Recorded:
        account, _passkeys = own_account(desk, session)
        now = desk.now()
        account.require_unrestricted(Act.EXPORT, now)
        first, last = log_key_period(account.joined_at), log_key_period(now)
        if not (is_period(period) and first <= period <= last):
            raise BadInput("period", f"takes a month from {first} to {last}")
        event_id = EventId(desk.new_id())
        event = Event(
            event_id=event_id,
            kind=KEY_DISCLOSED,
            subject=SubjectId(account.account_id),
            actor=PartyId(account.account_id),
            occurred_at=now,
            # This commit writes no row but the event's own.
            row=Key(events.TABLE, event_id),
            row_version=1,
            payload=rfc8785.dumps({"period": period, "to": to}),
        )
        desk.tables.commit(
            events.record(event, desk.entropy),
            # An erasure or a recovery that begins meanwhile comes first.
            Check(account_key(account.account_id), (VersionIs(account.version),)),
        )
        return Recorded(event_id=event_id, period=period, to=to)

    return until_settled(act)
