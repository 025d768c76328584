"""Forgetting: what an erased person leaves of their events, which is enough for every proof.

Salt and payload of the personal opening go, and so does the name under which they were found. The
commitments stay, because the log commits to them, and so does the auditor's opening, which names
nobody: auditors count everything and link nobody.
"""

from __future__ import annotations

from typing import Final

from mydata_hub.errors import Busy, Conflict
from mydata_hub.ports.tables import Put, Row, Tables, VersionIs
from mydata_hub.transparency.events import TABLE, pending_place

# Rows in one commit: as few as the sequencer marks together, with the same limit in mind.
AT_ONCE: Final = 40
TRIES: Final = 10
_PERSONAL: Final = frozenset({"subject", "personal", "personal_salt"})


def forget_subject(tables: Tables, subject: str) -> None:
    """Take what is a person's out of all their events; again changes nothing.

    An event that the index does not list yet is found by a later call. Raises Busy, Damaged.
    """
    for _ in range(TRIES):
        try:
            while keys := tables.find_keys(TABLE, "subject", subject, limit=AT_ONCE).keys:
                rows = tables.fetch_many(*keys).values()
                puts = [_forgotten(row) for row in rows if "subject" in row.values]
                if not puts:
                    return  # the index is behind, and what it lists is done
                tables.commit(*puts)
        except Conflict:
            continue  # the sequencer gave one of them its place in between
        else:
            return
    raise Busy("the events of this person keep changing")


def _forgotten(row: Row) -> Put:
    values = {name: value for name, value in row.values.items() if name not in _PERSONAL}
    indexes = {} if "index" in row.values else {"pending": pending_place(row)}
    return Put(key=row.key, values=values, when=VersionIs(row.version), indexes=indexes)
