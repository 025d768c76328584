"""However busy a life, its profile can be sealed into the vault's row."""

from __future__ import annotations

import base64
import random
from dataclasses import replace

from mydata_hub.insights.advance import FOLDS, new_profile
from mydata_hub.insights.payments import MAX_NAME_BYTES
from mydata_hub.insights.profile import FoldState
from mydata_hub.insights.series import SeriesFold
from mydata_hub.vault.manifest import HASH_BYTES, PAGES, Manifest
from mydata_hub.vault.profiles import MAX_SEALED_BYTES, seal_profile
from mydata_hub.vault.vault_keys import ProfileSecret

NAMED_PAYEES = 60


def test_a_profile_of_which_every_series_is_full_of_noise_can_still_be_sealed():
    draw = random.Random(1)
    profile = new_profile("vault-1")
    folds = dict(profile.folds)
    for fold in FOLDS.values():
        if not isinstance(fold, SeriesFold):
            continue
        series = {
            dataset: base64.b64encode(draw.randbytes(capacity * fold.row_bytes)).decode()
            for dataset, capacity in fold.capacities.items()
        }
        folds[fold.id] = FoldState(version=fold.version, state={**fold.empty(), "series": series})
    names = {
        draw.randbytes(5).hex(): [draw.randbytes(MAX_NAME_BYTES // 2).hex(), "KRW"]
        for _ in range(NAMED_PAYEES)
    }
    payments = folds["payments"]
    folds["payments"] = replace(payments, state={**payments.state, "names": names})
    head = Manifest(
        vault_id="vault-1", version=1, key_version=1, segments=1, pages=bytes(PAGES * HASH_BYTES)
    )
    secret = ProfileSecret(key_version=1, key=bytes(32))

    class Fixed:
        def token(self, size):
            return draw.randbytes(size)

    encoded = replace(profile, folds=folds).encode()
    assert len(seal_profile(encoded, 1, head, secret, Fixed())) <= MAX_SEALED_BYTES
