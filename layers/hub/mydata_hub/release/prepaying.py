"""Prepaying: what a grant gives away by being given is charged in its commit, before any question.

An offer is for some people only, so whoever accepts it tells that they are one of them. The edge
charges that in full; it needs no key, since charges lie in clear, and the frozen answers beside
them stay as they are. Each claim is then told once at no further price (`gate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mydata_hub.consent.grant import Grant
from mydata_hub.fields import GroupId, SubjectId, VaultId
from mydata_hub.insights.claim import Claim
from mydata_hub.ports.tables import Change, Key, Row, Tables
from mydata_hub.release.ledger import GROUP_CAP, PERSON_CAP, Ledger, Total, price
from mydata_hub.release.ledger_rows import (
    NOTHING_TOLD,
    ledger_key,
    put_ledger,
    put_total,
    read_ledger,
    read_total,
    sealed_answers,
    total_key,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a group of partners, and all of them together, may still learn of a person, in units."""

    group: int
    person: int

    def fits(self, units: int) -> bool:
        """Whether so much may be told."""
        return units <= min(self.group, self.person)


def read_room(tables: Tables, subject: SubjectId, group: GroupId, now: datetime) -> Room:
    """What is left under both caps. Raises Damaged, Busy."""
    ledger, total = _read(tables, subject, group)[1:]
    return _room(ledger, total, now)


def prepay(
    tables: Tables, grant: Grant, claims: Sequence[Claim], now: datetime
) -> tuple[Change, ...] | None:
    """The changes that charge a grant that is being given with all that it tells.

    None where that is more than its group, or all groups together, may learn. No claims, no
    changes. Raises Damaged, Busy, LimitExceeded.
    """
    if not claims:
        return ()
    group, units = GroupId(str(grant.recipient_group)), sum(map(price, claims))
    rows, ledger, total = _read(tables, grant.subject, group)
    if not _room(ledger, total, now).fits(units):
        return None
    vault = VaultId(grant.subject)
    key, total_at = ledger_key(vault, group), total_key(vault)
    row, paid = rows.get(key), ledger.prune(now).prepay(grant, claims, now)
    return (
        put_ledger(key, row, paid, sealed_answers(row) or NOTHING_TOLD),
        put_total(total_at, rows.get(total_at), total.charge(group, units, now)),
    )


def _read(
    tables: Tables, subject: SubjectId, group: GroupId
) -> tuple[Mapping[Key, Row], Ledger, Total]:
    vault = VaultId(subject)
    key, total_at = ledger_key(vault, group), total_key(vault)
    rows = tables.fetch_many(key, total_at)
    return rows, read_ledger(rows.get(key)), read_total(rows.get(total_at))


def _room(ledger: Ledger, total: Total, now: datetime) -> Room:
    return Room(group=GROUP_CAP - ledger.charged(now), person=PERSON_CAP - total.charged(now))
