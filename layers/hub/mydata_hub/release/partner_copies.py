"""Partner copies: what a partner's receipt is made from, apart from the log, which names nobody.

Table `releases`, format 1: a row for each release under its event's id: `client_id`, `kind`, `at`
and the release. The log's own copy is sealed to the person; this one is the vault zone's: for the
gate, for the person's export, and to be deleted when the person is erased (index `subject`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from mydata_hub.fields import SubjectId
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables

TABLE: Final = "releases"
INDEX: Final = "subject"


def copy_key(event_id: str) -> Key:
    """The row of a release's copy."""
    return Key(TABLE, event_id)


def put_copy(
    client_id: str, subject: SubjectId, kind: str, event_id: str, release: bytes, at: datetime
) -> Put:
    """The change that keeps a copy of an encoded release, for the commit of the release."""
    return Put(
        key=copy_key(event_id),
        values={
            "client_id": client_id,
            "kind": kind,
            "at": at.isoformat(),
            "release": release,
        },
        when=Absent(),
        indexes={INDEX: (subject, f"{at.astimezone(UTC).isoformat()}#{event_id}")},
    )


def copies_about(tables: Tables, subject: str) -> Iterator[Row]:
    """The copies about a person, as far as the index lists them."""
    after: str | None = None
    while True:
        page = tables.find_keys(TABLE, INDEX, subject, after=after, limit=100)
        yield from tables.fetch_many(*page.keys).values() if page.keys else ()
        after = page.after
        if after is None:
            return
