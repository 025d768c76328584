"""Telling: the symbols of claims from the sealed profile in a vault's row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from mydata_hub.fields import ClaimRef, VaultId
from mydata_hub.insights.answers import Coverage, answer_claim, cover_claim
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.entries import Entry
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reading import one_reading
from mydata_hub.ports.tables import Row
from mydata_hub.vault.manifest import read_manifest
from mydata_hub.vault.profiles import open_profile
from mydata_hub.vault.vault_keys import ProfileSecret

# What opens a profile, by the version that the head beside it names.
SecretOf = Callable[[int], ProfileSecret]


@one_reading()
def tell(
    vault_id: VaultId,
    row: Row | None,
    secret_of: SecretOf | None,
    entries: Sequence[Entry],
    now: datetime,
) -> tuple[dict[ClaimRef, str], dict[ClaimRef, Coverage], str | None]:
    """A symbol for each claim, what it rested on, and the name of the error that stood in the way
    of one, if any.

    Threat: an error that only some people's data raises would tell a bit that nobody charged. So
    whatever goes wrong here is `no_answer` outside, and a name for the operator inside.
    """
    if secret_of is None or not entries:
        return _nothing(entries), {}, None
    try:
        profile = _profile(vault_id, row, secret_of)
    except Exception as error:  # noqa: BLE001 (see the threat above)
        return _nothing(entries), {}, type(error).__name__
    told: dict[ClaimRef, str] = {}
    covered: dict[ClaimRef, Coverage] = {}
    trouble = None
    for entry in entries:
        try:
            symbol = NO_ANSWER if profile is None else answer_claim(profile, entry, now)
            told[entry.claim.ref] = entry.claim.alphabet[entry.claim.alphabet.index(symbol)]
            if profile is not None:
                covered[entry.claim.ref] = cover_claim(profile, entry, now)
        except Exception as error:  # noqa: BLE001 (see the threat above)
            told[entry.claim.ref], trouble = NO_ANSWER, type(error).__name__
    return told, covered, trouble


def _nothing(entries: Sequence[Entry]) -> dict[ClaimRef, str]:
    return {entry.claim.ref: NO_ANSWER for entry in entries}


def _profile(vault_id: VaultId, row: Row | None, secret_of: SecretOf) -> Profile | None:
    manifest = read_manifest(vault_id, row)
    assert row is not None  # read_manifest refuses an absent row
    encoded = open_profile(manifest, row, secret_of(manifest.key_version))
    return None if encoded is None else Profile.decode(encoded)
