"""Turning a vault's keys: new secrets from one commit on, old ones given up when nothing is left.

The commit that turns holds the new secrets, the public key that intake seals to, and manifest and
profile under the new version. Whatever is sealed meanwhile holds on the version that it was sealed
under, so it comes before that commit or is sealed anew: after it nothing can come to lie under an
old version, and what lies there is found by reading the vault's partition once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mydata_hub.errors import Busy, Conflict, NotAllowed, OutcomeUnknown
from mydata_hub.fields import EventId, PartyId, SubjectId, VaultId
from mydata_hub.insights.advance import with_gap
from mydata_hub.insights.favourites import without_payments
from mydata_hub.insights.offers_inbox import without_entries
from mydata_hub.insights.trust_history import without_history
from mydata_hub.own_vault.folding import TRIES, advance_vault, opener_of, write_head
from mydata_hub.own_vault.refolding import fold_everything
from mydata_hub.own_vault.replacing import RECORDS_RESEALED, is_listed, under_other_versions, waits
from mydata_hub.own_vault.strongroom import Strongroom, open_own_profile, own_manifest
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.tables import Change, Check, Put, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.vault.erased_parts import Scope
from mydata_hub.vault.key_rows import present_version, put_present_alone, secrets_row, turned_by
from mydata_hub.vault.manifest import vault_row
from mydata_hub.vault.public_keys import public_key_row
from mydata_hub.vault.turning import next_version, rewrap
from mydata_hub.vault.vault_rows import fetch_vault

# Kinds of event, each of the commit that did it.
WRAPPED: Final = "vault_keys_rewrapped"
TURNED: Final = "vault_keys_turned"
PART_ERASED: Final = "vault_part_erased"
GIVEN_UP: Final = "vault_keys_given_up"
HUB: Final = PartyId("hub")


def wrap_again(room: Strongroom, keys: Keys, vault_id: VaultId) -> bool:
    """Wrap a vault's secrets under the master key of today; False where they are.

    Raises NotOpened, Unopenable, Busy.
    """
    key = secrets_row(vault_id)
    for _ in range(TRIES):
        row = room.tables.fetch_many(key).get(key)
        present_version(row)
        assert row is not None  # what has no row has no version
        put = rewrap(keys, vault_id, row)
        if put is None:
            return False
        if _committed(room, put, _told(room, vault_id, WRAPPED, put)):
            return True
    raise Busy("others keep writing this vault's keys")


def turn_keys(
    room: Strongroom, keys: Keys, vault_id: VaultId, by: str, erased: Scope | None = None
) -> bool:
    """Give a vault new secrets; False where this very act has done so already.

    Everything that was sealed before goes on opening; of a part that is to be `erased` nobody is
    shown anything from this commit on, and what the vault understands is folded afresh without it,
    so that nothing of it ever lies under the new secrets. Raises NotOpened, LimitExceeded, Busy.
    """
    for _ in range(TRIES):
        rows = fetch_vault(room.tables, vault_id, public_key_row(vault_id))
        if turned_by(rows.get(secrets_row(vault_id))) == by:
            return False
        manifest = own_manifest(room.keys, vault_id, rows)
        profile = open_own_profile(room.keys, vault_id, manifest, rows)
        following = replace(manifest, version=manifest.version + 1)
        if erased is not None:
            opener = opener_of(room, vault_id, rows).without(erased)
            profile = without_history(fold_everything(room, profile, manifest, opener))
            profile = without_entries(without_payments(profile, room.clock.now()))
            if erased.since is not None:
                profile = with_gap(profile, erased.until)
        profile = profile.advance(following.version, {}, profile.freshness)
        turned = next_version(keys, vault_id, rows, room.entropy, by, erased)
        secrets = (turned.records, turned.profile)
        kind = TURNED if erased is None else PART_ERASED
        written = write_head(room, following, rows, profile, secrets, kind)
        if _committed(room, *written, *turned.changes):
            return True
    raise Busy("others keep writing into this vault")


def give_up_old_keys(room: Strongroom, vault_id: VaultId) -> bool:
    """Destroy every version of a vault's secrets but the present one; False where that is all.

    Raises NotAllowed while anything that can be read lies under another version, NotOpened, Busy.
    """
    for _ in range(TRIES):
        rows = fetch_vault(room.tables, vault_id)
        secrets, head = rows.get(secrets_row(vault_id)), rows.get(vault_row(vault_id))
        present = present_version(secrets)
        assert secrets is not None  # what has no row has no version
        put = put_present_alone(secrets)
        if put is None:
            return False
        if head is not None and head.values.get("key_version") != present:
            # It was put back to a time before the keys were turned.
            _committed(room, *_head_again(room, vault_id))
            continue
        for page in under_other_versions(room, vault_id, present):
            if any(is_listed(row) or waits(row) for row in page):
                raise NotAllowed("something still lies under the keys that are to be given up")
        assert head is not None
        still = Check(head.key, (VersionIs(head.version),))
        if _committed(room, put, still, _told(room, vault_id, GIVEN_UP, put)):
            return True
    raise Busy("others keep writing into this vault")


def _head_again(room: Strongroom, vault_id: VaultId) -> tuple[Change, ...]:
    """Manifest and profile as they are, under the present version."""
    rows = fetch_vault(room.tables, vault_id)
    manifest = own_manifest(room.keys, vault_id, rows)
    profile = open_own_profile(room.keys, vault_id, manifest, rows)
    following = replace(manifest, version=manifest.version + 1)
    profile = profile.advance(following.version, {}, profile.freshness)
    secret = room.keys.records_secret(vault_id, row=rows.get(secrets_row(vault_id)))
    return advance_vault(room, vault_id, following, rows, profile, secret, RECORDS_RESEALED)


def _told(room: Strongroom, vault_id: VaultId, kind: str, put: Put) -> Put:
    """The event of a change of the row of keys."""
    assert isinstance(put.when, VersionIs)
    event = Event(
        event_id=EventId(room.entropy.token(16).hex()),
        kind=kind,
        subject=SubjectId(vault_id),
        actor=HUB,
        occurred_at=room.clock.now(),
        row=put.key,
        row_version=put.when.version + 1,
        payload=b"",
    )
    return record(event, room.entropy)


def _committed(room: Strongroom, *changes: Change) -> bool:
    """Commit; False where somebody else was first or the outcome is not known: read again."""
    try:
        room.tables.commit(*changes)
    except (Conflict, OutcomeUnknown):
        return False
    return True
