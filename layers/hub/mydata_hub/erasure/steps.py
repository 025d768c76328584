"""The steps of an erasure, in their order: each can be repeated, and none can be taken back.

First nobody may ask or collect any more, then nobody can open anything, then everything goes. The
account goes before what hangs on it: once it is gone, nobody can sign in, or be sent a notice,
between two steps. Whatever an act that was under way left behind is found by the second sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.consent.deliveries import fetch_deliveries, put_delivery
from mydata_hub.consent.endings import erase_grants
from mydata_hub.consent.grants import list_grants
from mydata_hub.erasure import traces
from mydata_hub.erasure.state import Erasure
from mydata_hub.fields import PartyId, VaultId
from mydata_hub.personal_log.key_rows import person_row, tombstone
from mydata_hub.personal_log.recipient import GRACE, INTAKE, Recipient
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Change, Tables
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency.forgetting import forget_subject
from mydata_hub.transparency.log_proof import Log
from mydata_hub.vault.key_rows import erased_at, secrets_row, tombstones
from mydata_hub.vault.public_keys import public_key_row
from mydata_hub.vault.segments import blob_prefix

HUB: Final = PartyId("hub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workroom:
    """What an erasure works with; nothing in it opens anything.

    `copies_until` gives, for keys that were destroyed at an instant, until when a copy of them that
    the hub knows of may still be there, and replaces those within reach; `old_copies_until` tells
    the same and replaces none; `rows_until` is for rows that were deleted, or None where the
    operator alone knows.
    """

    tables: Tables
    blobs: Blobs
    clock: Clock
    entropy: Entropy
    issuer: str
    key: AnswerKey
    log: Log
    copies_until: Callable[[datetime], datetime]
    old_copies_until: Callable[[datetime], datetime]
    rows_until: Callable[[datetime], datetime | None]

    @property
    def desk(self) -> Desk:
        """For what accounts and consents do with a desk."""
        return Desk(tables=self.tables, clock=self.clock, entropy=self.entropy, issuer=self.issuer)


# What a step does at once, before it is marked as done.
Act = Callable[[Workroom, str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """`covers` is what a certificate says of it: a word of a closed list, and a sentence."""

    name: str
    act: Act
    covers: Mapping[str, str]
    # Whether the second sweep does it once more.
    swept_twice: bool = True


def end_grants(room: Workroom, account_id: str) -> None:
    """Partners are told by what ends a grant; news of earlier ends expires when it is old."""
    erase_grants(room.desk, account_id)
    named = [grant.grant_id for grant in list_grants(room.tables, account_id)]
    for delivery in fetch_deliveries(room.tables, named).values():
        if not delivery.erased:
            room.tables.commit(put_delivery(replace(delivery, erased=True)))


def delete_sealed(room: Workroom, account_id: str) -> None:
    """Segments and what is written about them; a blob that nobody announced goes too."""
    for name in list(room.blobs.names(blob_prefix(VaultId(account_id)))):
        room.blobs.delete(name)
    traces.delete_all(room.tables, account_id, traces.sealed, traces.contested)


def forget_events(room: Workroom, account_id: str) -> None:
    """The entries stay in the log, and name nobody: the keys that found and opened them are gone.

    What an older release left open is taken away besides.
    """
    forget_subject(room.tables, account_id)


def _delete(*found: traces.Find) -> Act:
    def act(room: Workroom, account_id: str) -> None:
        traces.delete_all(room.tables, account_id, *found)

    return act


def _nothing(_room: Workroom, _account_id: str) -> None:
    """What `destroy_keys` does is in the commit that marks the step."""


KEYS: Final = "keys"
LOG: Final = "log"
# Until the intake's keys of before an erasure are gone, in all likelihood: the next run of the
# sequencer begins a new one, and the old one is kept for its grace.
INTAKE_ENDS: Final = GRACE + timedelta(minutes=3)
STEPS: Final[Sequence[Step]] = (
    Step("grants", end_grants, {}, swept_twice=False),
    Step("sources", _delete(traces.sources), {"sources": "connections and providers' tokens"}),
    Step(
        KEYS,
        _nothing,
        {"records": "all records and what was understood of them; both secrets are destroyed"},
        swept_twice=False,
    ),
    Step(
        "sealed",
        delete_sealed,
        {
            "answers": "answers kept by the hub, and their charges",
            "appeals": "what was appealed against, and what was decided",
        },
    ),
    Step(
        "consents",
        _delete(traces.consents, traces.coupons),
        {"consents": "consents and what was signed", "coupons": "coupons, used or not"},
    ),
    Step("account", _delete(traces.account), {"account": "name, passkeys, recovery code"}),
    Step(LOG, forget_events, {"log": "what opens and finds the person's log entries"}),
    Step("leftovers", _delete(traces.leftovers), {"leftovers": "sessions and notices"}),
)


def destroy_keys(room: Workroom, erasure: Erasure) -> tuple[Erasure, tuple[Change, ...]]:
    """The tombstones, for the commit that marks the step, and the erasure with its instant.

    From that commit on nobody opens anything: every opening reads the row of keys first.
    """
    vault_id = VaultId(str(erasure.account_id))
    log_keys = person_row(vault_id)
    rows = room.tables.fetch_many(secrets_row(vault_id), public_key_row(vault_id), log_keys)
    at = erased_at(rows.get(secrets_row(vault_id))) or room.clock.now()
    ended = tombstone(vault_id, rows.get(log_keys), at)
    return replace(erasure, inaccessible_at=at), (*tombstones(vault_id, rows, at), *ended)


def keys_gone_at(room: Workroom, erasure: Erasure) -> datetime | None:
    """Since when no key is there any more that opens anything of the person; None while one is.

    The person's own went at once. Those of the log's intake are everybody's: each that was there
    when the person's last event may have been written is waited for (personal_log/intake.py).
    """
    if erasure.inaccessible_at is None or LOG not in erasure.done:
        return None
    row = room.tables.fetch_many(INTAKE).get(INTAKE)
    if row is None:
        return erasure.inaccessible_at  # nothing was ever sealed to an intake
    recipient = Recipient.read(row)
    if recipient.oldest_at <= erasure.done[LOG]:
        return None
    return max(erasure.inaccessible_at, recipient.swept_at)


def keys_gone_by(room: Workroom, erasure: Erasure) -> datetime:
    """When that will be: the first certificate begins a new key, and the old one goes after it."""
    return keys_gone_at(room, erasure) or room.clock.now() + INTAKE_ENDS


def sweep_again(room: Workroom, account_id: str) -> None:
    """Delete what an act that was under way has left behind an erasure."""
    for act in [step.act for step in STEPS if step.swept_twice]:
        act(room, account_id)


def covered() -> dict[str, str]:
    """What a certificate says of all steps together."""
    together: dict[str, str] = {}
    for step in STEPS:
        together |= step.covers
    return together
