"""Amending: a grant becomes another version of itself, and every version stays readable.

Allowing less takes effect with the person's tap; what a person is asked to allow anew takes a new
signature (approval.py). Table `grants`, partition "history#<grant>", sort the version: the row as
it was before, kept in the commit that replaces it. An end is not kept there: what ended is what was
there before it. Change rule: as for a grant's own row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.rows import rows_of
from mydata_hub.accounts.sessions import Session
from mydata_hub.consent.grant import Grant, GrantState
from mydata_hub.consent.grants import (
    TABLE,
    Held,
    fetch_grant_row,
    grant_event,
    no_such_grant,
    put_grant,
    read_grant,
    read_held,
)
from mydata_hub.errors import BadInput
from mydata_hub.ports.tables import Absent, Change, Key, Put, Row, Tables, Value

NARROWED: Final = "consent_narrowed"
RENEWED: Final = "consent_renewed"


def history_of(grant_id: str) -> str:
    """The partition of a grant's earlier versions."""
    return f"history#{grant_id}"


def narrow_grant(
    desk: Desk,
    session: Session,
    grant_id: str,
    *,
    items: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> Grant:
    """Let a grant allow less for the person who gave it, from the commit on; again changes nothing.

    `items` are what stays, `expires_at` is the earlier end. Like a withdrawal it needs no passkey.
    Raises NotFound, and BadInput for what would allow more or for a grant that is over.
    """

    def act() -> Grant:
        row = fetch_grant_row(desk.tables, grant_id)
        if row is None or str(read_grant(row).subject) != session.account_id:
            raise no_such_grant()
        grant = read_grant(row)
        narrowed = grant.narrow(desk.now(), items=items, expires_at=expires_at)
        if narrowed is grant:
            return grant
        desk.tables.commit(
            put_grant(narrowed, {**row.values, "grant": narrowed.encode()}),
            keep_version(row),
            grant_event(desk, narrowed, NARROWED, session.account_id),
        )
        return narrowed

    return until_settled(act)


def renewing(
    desk: Desk, base: tuple[str, int], signed: Grant, values: Mapping[str, Value]
) -> tuple[Grant, tuple[Change, ...]]:
    """The grant as it becomes by a new signature, and the changes that make it so.

    `base` is the grant and the version that the person was shown; raises BadInput if it is another
    one by now, or over: what was signed then would stand against something nobody has read.
    """
    row = fetch_grant_row(desk.tables, base[0])
    if row is None or row.version != base[1]:
        raise _changed()
    before = read_grant(row)
    if before.subject != signed.subject or before.state(desk.now()) is not GrantState.ACTIVE:
        raise _changed()
    grant = replace(signed, version=before.version + 1)
    changes = (
        put_grant(grant, {**values, "grant": grant.encode(), "renewed": True}),
        keep_version(row),
        grant_event(desk, grant, RENEWED, grant.subject),
    )
    return grant, changes


def keep_version(row: Row) -> Put:
    """The change that keeps a version which is about to be replaced."""
    return Put(
        key=Key(TABLE, history_of(row.key.partition.partition("#")[2]), f"{row.version:08d}"),
        values=row.values,
        when=Absent(),
    )


def list_versions(tables: Tables, grant_id: str) -> tuple[Held, ...]:
    """Every version that a grant ever had, the first one first. Raises NotFound, Damaged, Busy."""
    row = fetch_grant_row(tables, grant_id)
    if row is None:
        raise no_such_grant()
    earlier = rows_of(tables, TABLE, history_of(grant_id))
    return tuple(_in_order([*(read_held(one) for one in earlier), read_held(row)]))


def _in_order(held: Sequence[Held]) -> Iterator[Held]:
    for one in held:
        if one.grant.ended_at is not None:
            # What ended it wrote its end and nothing else.
            active = replace(one.grant, ended_at=None, ended_as=None, version=one.grant.version - 1)
            yield replace(one, grant=active)
        yield one


def _changed() -> BadInput:
    return BadInput("approval", "this consent was changed or ended meanwhile; begin again")
