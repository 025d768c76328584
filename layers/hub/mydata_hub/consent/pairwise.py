"""Pairwise subjects: the name of a person for one partner group.

Random and kept, so that no two groups can compare theirs and no secret of ours could link them.
Table `grants`, partition "pairwise#<account>", sort the group.
"""

from __future__ import annotations

from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.consent.grant import Grant
from mydata_hub.ports.tables import Absent, Key, Put, Tables

TABLE: Final = "grants"
_SUBJECT_BYTES: Final = 18


def names_of(subject: str) -> str:
    """The partition of a person's names."""
    return f"pairwise#{subject}"


def find_pairwise_subject(tables: Tables, grant: Grant) -> str | None:
    """What the partner of a release grant calls the person, or None if it was never told."""
    key = _key(grant)
    row = tables.fetch_many(key).get(key)
    return None if row is None else str(row.values["subject"])


def pairwise_subject(desk: Desk, grant: Grant) -> tuple[str, tuple[Put, ...]]:
    """The same, made where there is none, with the change that keeps it."""
    found = find_pairwise_subject(desk.tables, grant)
    if found is not None:
        return found, ()
    subject = desk.token(_SUBJECT_BYTES)
    return subject, (Put(key=_key(grant), values={"subject": subject}, when=Absent()),)


def _key(grant: Grant) -> Key:
    return Key(TABLE, names_of(grant.subject), str(grant.recipient_group))
