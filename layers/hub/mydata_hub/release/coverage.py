"""Coverage: what each answer of a release was and rested on, for the person it is about."""

from __future__ import annotations

from typing import Any

from mydata_hub.fields import GroupId, VaultId
from mydata_hub.ports.tables import Tables
from mydata_hub.release.keeping import Keeper, place_of
from mydata_hub.release.ledger_rows import ledger_key, read_ledger, sealed_answers
from mydata_hub.release.release import Decision, Release
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.vault_keys import VaultKeys


def cover_release(
    tables: Tables, keys: VaultKeys, vault_id: VaultId, release: Release, group: GroupId | None
) -> dict[str, Any]:
    """Claim -> `answer`, `sources`, `complete_until`, as far as the vault still holds it.

    An answer is held for its period, and until it is asked anew. Raises NotOpened for an erased
    vault, Damaged, Busy.
    """
    if release.decision is Decision.DENY or group is None:
        return {}
    secrets, place = secrets_row(vault_id), ledger_key(vault_id, group)
    rows = tables.fetch_many(secrets, place)
    row = rows.get(secrets)
    secret = keys.profile_secret(vault_id, row=row) if row else None
    keeper = Keeper(vault_id=vault_id, keys=keys, row=row, secret=secret)
    ledger = read_ledger(
        rows.get(place), keeper.open(place_of(place), sealed_answers(rows.get(place)))
    )
    found: dict[str, Any] = {}
    for claim in release.claims:
        answer = ledger.answers.get(claim)
        if answer is not None:
            until = answer.coverage.complete_until
            found[claim] = {
                "answer": answer.symbol,
                "period": answer.period,
                "sources": answer.coverage.sources,
                "complete_until": until and until.isoformat(),
            }
    return found
