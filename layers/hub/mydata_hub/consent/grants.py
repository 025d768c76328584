"""Grants as rows: written once, over the table port; endings.py ends them.

Table `grants`, format 1. A grant's row has its id as partition and carries the canonical grant,
the consent record that was signed and the sentences that were shown; the row's version is the
grant's, so a commit that checks the one has checked the other. Beside it a row under
"subject#<account>" that never changes: a person's own list, and "withdraw all", must not miss a
grant because an index is behind. The index "client" lists the grants of a counterparty. Earlier
versions of a grant that was amended are kept beside it (amending.py).
Change rule: members may be added; readers accept n - 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.rows import rows_of
from mydata_hub.consent.consent_record import ConsentRecord
from mydata_hub.consent.grant import Grant
from mydata_hub.errors import Damaged, NotFound, Unreadable
from mydata_hub.fields import EventId, PartyId, SubjectId
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One version of a grant, with what was signed for it."""

    grant: Grant
    record: ConsentRecord
    # The sentences that were shown.
    wording: str
    # Whether it was signed anew since it was first given.
    renewed: bool
    # The passkey that signed, as its authenticator attested it (WebAuthn section 6.5.1); None for
    # what was signed before it was kept.
    credential: bytes | None


def grant_key(grant_id: str) -> Key:
    """The row of a grant."""
    return Key(TABLE, f"grant#{grant_id}")


def list_of(subject: str) -> str:
    """The partition of a person's own list of grants."""
    return f"subject#{subject}"


def fetch_grant(tables: Tables, grant_id: str) -> Grant | None:
    """The grant as it is now, whatever its state, or None. Raises Damaged, Busy."""
    row = fetch_grant_row(tables, grant_id)
    return None if row is None else read_grant(row)


def fetch_grant_row(tables: Tables, grant_id: str) -> Row | None:
    """The row of a grant, or None. Raises Busy."""
    key = grant_key(grant_id)
    return tables.fetch_many(key).get(key)


def list_held(tables: Tables, subject: str) -> tuple[Held, ...]:
    """Every grant a person ever gave, each with what was signed; never behind."""
    keys = [grant_key(row.key.sort) for row in rows_of(tables, TABLE, list_of(subject))]
    return tuple(read_held(row) for row in _rows(tables, keys))


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


def give(desk: Desk, grant: Grant, values: Mapping[str, Value]) -> tuple[Put, Put, Put]:
    """The changes that bring a grant into being, with its event; `values` are what was signed."""
    listed = Put(key=Key(TABLE, list_of(grant.subject), grant.grant_id), values={}, when=Absent())
    put = put_grant(grant, {**values, "grant": grant.encode()})
    return put, listed, grant_event(desk, grant, GIVEN, grant.subject)


def fetch_consent(tables: Tables, grant_id: str) -> tuple[ConsentRecord, str]:
    """The record that was signed and the sentences that were shown. Raises NotFound, Damaged."""
    row = fetch_grant_row(tables, grant_id)
    if row is None:
        raise no_such_grant()
    held = read_held(row)
    return held.record, held.wording


def signed_values(record: ConsentRecord, wording: str, credential: bytes) -> dict[str, Value]:
    """What the row of a grant keeps of its signature, beside the grant."""
    return {"record": record.encode(), "wording": wording, "credential": credential}


def read_held(row: Row) -> Held:
    """The version in a row, be it the current one or an earlier one. Raises Damaged."""
    encoded, wording = row.values.get("record"), row.values.get("wording")
    if not (isinstance(encoded, bytes) and isinstance(wording, str)):
        raise Damaged("a grant row does not hold its consent")
    credential = row.values.get("credential")
    return Held(
        grant=_decode(row),
        record=ConsentRecord.decode(encoded),
        wording=wording,
        renewed=row.values.get("renewed") is True,
        credential=credential if isinstance(credential, bytes) else None,
    )


def read_grant(row: Row) -> Grant:
    """The grant in a row. Raises Damaged."""
    grant = _decode(row)
    if grant.version != row.version or grant_key(grant.grant_id) != row.key:
        raise Damaged("a grant row holds another grant or version than its own")
    return grant


def consent_event(
    desk: Desk,
    kind: str,
    subject: SubjectId,
    actor: PartyId,
    facts: AuditFacts,
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
    return record(event, desk.entropy, facts)


def put_grant(grant: Grant, values: Mapping[str, Value]) -> Put:
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
        AuditFacts(partner=grant.counterparty, purpose=grant.purpose),
        (grant_key(grant.grant_id), grant.version),
    )


def no_such_grant() -> NotFound:
    """One answer for "no such grant" and "not yours", so that nobody learns which ids exist."""
    return NotFound("there is no such grant")


def _fetch(tables: Tables, keys: list[Key]) -> Iterator[Grant]:
    return (read_grant(row) for row in _rows(tables, keys))


def _rows(tables: Tables, keys: list[Key]) -> Iterator[Row]:
    for start in range(0, len(keys), MAX_FETCH):
        part = keys[start : start + MAX_FETCH]
        rows = tables.fetch_many(*part)
        yield from (rows[key] for key in part if key in rows)


def _decode(row: Row) -> Grant:
    encoded = row.values.get("grant")
    if not isinstance(encoded, bytes):
        raise Damaged("a grant row does not hold a grant")
    try:
        return Grant.decode(encoded)
    except Unreadable:
        raise Damaged("a grant row does not hold a grant") from None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
