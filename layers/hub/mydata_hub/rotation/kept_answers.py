"""Kept answers: what partners were told is sealed again when a vault's keys are turned.

The ledger's charges lie in clear and stay as they are: nothing is refilled. Only the frozen answers
in it are sealed. What the gate remembers of requests for a day is found by the partner's own name
for its request, so it is not sealed again: under a secret that was given up it is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mydata_hub.accounts.rows import rows_of
from mydata_hub.errors import Busy, Conflict, OutcomeUnknown
from mydata_hub.fields import ClaimRef, VaultId
from mydata_hub.own_vault.folding import TRIES
from mydata_hub.own_vault.strongroom import Strongroom
from mydata_hub.ports.tables import Key, Put, VersionIs
from mydata_hub.release.keeping import Keeper, place_of
from mydata_hub.release.ledger_rows import TABLE, encode_answers, read_ledger, sealed_answers
from mydata_hub.vault.key_rows import secrets_row

Forget = Callable[[ClaimRef], bool]


def forget_none(_claim: ClaimRef) -> bool:
    """Every frozen answer stays."""
    return False


def reseal_answers(room: Strongroom, vault_id: VaultId, forget: Forget = forget_none) -> int:
    """Seal a vault's frozen answers under its present secret; gives how many rows were not.

    An answer to `forget` is frozen no more: asked again, it is answered from what there is, at its
    price. Raises NotOpened, Damaged, Busy.
    """
    keys = [row.key for row in rows_of(room.tables, TABLE, vault_id)]
    return sum(_reseal(room, vault_id, key, forget) for key in keys)


def _reseal(room: Strongroom, vault_id: VaultId, key: Key, forget: Forget) -> bool:
    secrets = secrets_row(vault_id)
    for _ in range(TRIES):
        rows = room.tables.fetch_many(secrets, key)
        row, own = rows.get(key), rows.get(secrets)
        kept = sealed_answers(row)
        secret = room.keys.profile_secret(vault_id, row=own)
        keeper = Keeper(vault_id=vault_id, keys=room.keys, row=own, secret=secret)
        if row is None or kept is None or keeper.is_present(kept):
            return False
        ledger = read_ledger(row, keeper.open(place_of(key), kept))
        left = {claim: told for claim, told in ledger.answers.items() if not forget(claim)}
        content = encode_answers(replace(ledger, answers=left))
        again = keeper.keep(place_of(key), content, room.entropy)
        values = {**row.values, "answers": again}
        put = Put(key=key, values=values, when=VersionIs(row.version))
        try:
            room.tables.commit(put, keeper.still())
        except (Conflict, OutcomeUnknown):
            continue  # a partner asked meanwhile
        return True
    raise Busy("partners keep asking about this person")
