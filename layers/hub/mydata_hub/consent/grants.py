"""Grants as rows: written once, over the table port; endings.py ends them.

Table `grants`, format 1. A grant's row has its id as partition and carries the canonical grant,
the consent record that was signed and the sentences that were shown; the row's version is the
grant's, so a commit that checks the one has checked the other. Beside it a row under
"subject#<account>" that never changes: a person's own list, and "withdraw all", must not miss a
grant because an index is behind. The index "client" lists the grants of a counterparty.
Change rule: members may be added; readers accept n - 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.rows import rows_of
from mydata_hub.consent.consent_record import ConsentRecord
from mydata_hub.consent.grant import Grant
from mydata_hub.errors import Damaged, NotFound, Unreadable
from mydata_hub.fields import ClientId, EventId, PartyId, SubjectId
from mydata_hub.ports.tables import (
    MAX_FETCH,
    Absent,
    Check,
    Key,
    Put,
    Row,
    Tables,
    Value,
    VersionIs,
)
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record

TABLE: Final = "grants"
BY_CLIENT: Final = "client"
GIVEN: Final = "consent_given"
REFUSED: Final = "consent_refused"


def grant_key(grant_id: str) -> Key:
    """The row of a grant."""
    return Key(TABLE, f"grant#{grant_id}")


def list_of(subject: str) -> str:
    """The partition of a person's own list of grants."""
    return f"subject#{subject}"


def fetch_grant(tables: Tables, grant_id: str) -> Grant | None:
    """The grant as it is now, whatever its state, or None. Raises Damaged, Busy."""
    key = grant_key(grant_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else read_grant(row)


def list_grants(tables: Tables, subject: str) -> tuple[Grant, ...]:
    """Every grant a person ever gave, those that ended too; never behind."""
    keys = [grant_key(row.key.sort) for row in rows_of(tables, TABLE, list_of(subject))]
    return tuple(_fetch(tables, keys))


def list_client_grants(tables: Tables, counterparty: str) -> tuple[Grant, ...]:
    """The grants of one partner or provider, oldest first; may miss one given just now."""
    keys: list[Key] = []
    after: str | None = None
    while True:
        page = tables.find_keys(TABLE, BY_CLIENT, counterparty, after=after)
        keys += page.keys
        after = page.after
        if after is None:
            return tuple(_fetch(tables, keys))


def still(grant: Grant) -> Check:
    """The condition for the commit of whatever a grant allows: it is the version that was read.

    This is the cut of promise 3: a withdrawal writes the row, so of a withdrawal and a use that
    both read it active, the one that commits second fails. Expiry is judged by who reads.
    """
    return Check(grant_key(grant.grant_id), (VersionIs(grant.version),))


def give(desk: Desk, grant: Grant, consent: ConsentRecord, wording: str) -> tuple[Put, Put, Put]:
    """The changes that bring a grant into being, with its event."""
    values: dict[str, Value] = {
        "grant": grant.encode(),
        "record": consent.encode(),
        "wording": wording,
    }
    listed = Put(key=Key(TABLE, list_of(grant.subject), grant.grant_id), values={}, when=Absent())
    return put_grant(grant, values), listed, grant_event(desk, grant, GIVEN, grant.subject)


def fetch_consent(tables: Tables, grant_id: str) -> tuple[ConsentRecord, str]:
    """The record that was signed and the sentences that were shown. Raises NotFound, Damaged."""
    key = grant_key(grant_id)
    row = tables.fetch_many(key).get(key)
    if row is None:
        raise no_such_grant()
    encoded, wording = row.values.get("record"), row.values.get("wording")
    if not (isinstance(encoded, bytes) and isinstance(wording, str)):
        raise Damaged("a grant row does not hold its consent")
    return ConsentRecord.decode(encoded), wording


def read_grant(row: Row) -> Grant:
    """The grant in a row. Raises Damaged."""
    encoded = row.values.get("grant")
    if not isinstance(encoded, bytes):
        raise Damaged("a grant row does not hold a grant")
    try:
        grant = Grant.decode(encoded)
    except Unreadable:
        raise Damaged("a grant row does not hold a grant") from None
    if grant.version != row.version or grant_key(grant.grant_id) != row.key:
        raise Damaged("a grant row holds another grant or version than its own")
    return grant


def consent_event(
    desk: Desk,
    kind: str,
    subject: SubjectId,
    actor: PartyId,
    partner: ClientId,
    row: tuple[Key, int],
) -> Put:
    """The event of a consent, for the commit of what it tells of: `row` is the one it writes."""
    event = Event(
        event_id=EventId(desk.new_id()),
        kind=kind,
        subject=subject,
        actor=actor,
        occurred_at=desk.now(),
        row=row[0],
        row_version=row[1],
        payload=b"",
    )
    return record(event, desk.entropy, AuditFacts(partner=partner))


def put_grant(grant: Grant, values: dict[str, Value]) -> Put:
    """Write a grant as the version after the one that was read."""
    listed = f"{_instant(grant.given_at)}#{grant.grant_id}"
    return Put(
        key=grant_key(grant.grant_id),
        values=values,
        when=VersionIs(grant.version - 1) if grant.version > 1 else Absent(),
        indexes={BY_CLIENT: (grant.counterparty, listed)},
    )


def grant_event(desk: Desk, grant: Grant, kind: str, actor: str) -> Put:
    """The event of what happened to a grant, for the commit that writes this version of it."""
    return consent_event(
        desk,
        kind,
        grant.subject,
        PartyId(actor),
        ClientId(grant.counterparty),
        (grant_key(grant.grant_id), grant.version),
    )


def no_such_grant() -> NotFound:
    """One answer for "no such grant" and "not yours", so that nobody learns which ids exist."""
    return NotFound("there is no such grant")


def _fetch(tables: Tables, keys: list[Key]) -> Iterator[Grant]:
    for start in range(0, len(keys), MAX_FETCH):
        part = keys[start : start + MAX_FETCH]
        rows = tables.fetch_many(*part)
        yield from (read_grant(rows[key]) for key in part if key in rows)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
