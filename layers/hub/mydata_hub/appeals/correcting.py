"""Correcting what partners were told: whoever relied on an answer that a decision may change hears
that it should ask again (GDPR Art. 19). What the new answer is goes through the gate, as any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.consent.deliveries import (
    Delivery,
    InitiatedBy,
    delivery_message,
    put_delivery,
)
from mydata_hub.consent.grant import Grant, GrantState
from mydata_hub.consent.grants import grant_key, read_grant
from mydata_hub.consent.pairwise import find_pairwise_subject
from mydata_hub.fields import ClaimRef, ClientId, Dataset, VaultId
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.own_vault.importing import Letterbox
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import MAX_FETCH, Change, Tables
from mydata_hub.release.attempt import ANSWERED
from mydata_hub.release.ledger import WINDOW
from mydata_hub.release.partner_copies import copies_about
from mydata_hub.release.release import Decision, Release
from mydata_hub.scorecard.features import HUB_FEATURES

# Long enough for the decision to be folded: whoever asks again is told by what was decided.
AFTER: Final = timedelta(minutes=2)
# In one commit with the rest of a decision; two changes for each.
MAX_TOLD: Final = 40
_EVENT_BYTES: Final = 16


def corrections(
    letterbox: Letterbox, vault_id: VaultId, reason: str, contested: Collection[Dataset]
) -> tuple[Change, ...]:
    """Two changes for each grant under which such an answer was given and which still holds.

    Raises Busy, Damaged.
    """
    now = letterbox.clock.now()
    relied = _relied_on(letterbox.tables, vault_id, touched(reason, contested), now)
    grants = [
        grant
        for grant in _fetch_grants(letterbox.tables, list(relied))
        if grant.state(now) is GrantState.ACTIVE
    ]
    changes: list[Change] = []
    for grant in grants[:MAX_TOLD]:
        news = Delivery(
            grant_id=grant.grant_id,
            client_id=ClientId(grant.counterparty),
            event_id=letterbox.entropy.token(_EVENT_BYTES).hex(),
            subject=find_pairwise_subject(letterbox.tables, grant),
            initiated_by=InitiatedBy.HUB,
            due_at=now + AFTER,
            corrected=tuple(sorted(relied[grant.grant_id])),
        )
        changes += (put_delivery(news), send(delivery_message(news, news.due_at)))
    return tuple(changes)


def touched(reason: str, contested: Collection[Dataset]) -> frozenset[ClaimRef]:
    """The claims that a decision about a reason and records of these datasets may change."""
    of_score = reason in HUB_FEATURES
    return frozenset(
        ref
        for ref, entry in CATALOGUE.items()
        if (of_score and entry.appealable)
        or (entry.disputable and set(entry.claim.inputs) & set(contested))
    )


def _relied_on(
    tables: Tables, vault_id: VaultId, claims: Collection[ClaimRef], now: datetime
) -> dict[str, set[ClaimRef]]:
    found: dict[str, set[ClaimRef]] = {}
    for release in _releases(tables, vault_id, now):
        told = set(release.claims) & set(claims)
        if told:
            found.setdefault(release.grant_id, set()).update(told)
    return found


def _releases(tables: Tables, vault_id: VaultId, now: datetime) -> Iterator[Release]:
    for row in copies_about(tables, vault_id):
        at, encoded = row.values.get("at"), row.values.get("release")
        if row.values.get("kind") != ANSWERED or not isinstance(encoded, bytes):
            continue
        if datetime.fromisoformat(str(at)) <= now - WINDOW:
            continue
        release = Release.decode(encoded)
        if release.decision is Decision.ALLOW:
            yield release


def _fetch_grants(tables: Tables, named: list[str]) -> Iterator[Grant]:
    for start in range(0, len(named), MAX_FETCH):
        keys = [grant_key(name) for name in named[start : start + MAX_FETCH]]
        yield from map(read_grant, tables.fetch_many(*keys).values())
