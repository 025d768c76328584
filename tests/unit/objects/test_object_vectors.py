"""Frozen vectors: the canonical bytes of one object of each kind and format, and their SHA-256.

vectors/<sample>.<format>.json holds the bytes, exactly. A vector that fails means that stored
objects no longer read and that hashes people signed no longer match: take the next format instead.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.unit.objects.samples import SAMPLES

VECTORS = Path(__file__).with_name("vectors")
DIGESTS = {
    "grant.1": "99633730d97029631f6bdc4348cb32a77256af1b928db228b14bb30cf0ad2e08",
    "collect_grant.1": "0b49101c28bc8757d3ac0a6de73d44ef0eeaa91731f3cff3fa675af83c7c0ebf",
    "record.1": "dfb659dab1b12e79b45e6246ae7e275a651b74e18851864f393c97e75b0a9606",
    "segment.1": "adf6362faa32eea7993f8fa79f47bbcae28fa7872bd5e811210604f65d524a30",
    "profile.1": "c05e72983bf465a614f9fb9965a763d73a74b9b066d809e2dda29469afef5735",
    "claim.1": "ae8a692a04334cb9f3488b5c07a2bcdd8c455de98c717e3302134d760e6ed8a7",
    "release.1": "651833b8de15ed9166d8680ebfd6e1cb2f099fb198c6702481ab2488b20ce690",
    "event.1": "28db967330841f95406f3483415b9a05c509843e658037ce05706b378d3db36f",
    "offer.1": "9ea541aeddfcf57a3d811ceb75338f83adc4528d3482220e13301560b137732f",
    "programme_offer.1": "52f2941828684f1b12943bc54631d8caafc996366eadbf7188270a51769e7467",
}


@pytest.mark.parametrize("vector", DIGESTS)
def test_an_object_still_encodes_to_its_frozen_bytes(vector: str):
    value = SAMPLES[vector.partition(".")[0]]
    frozen = (VECTORS / f"{vector}.json").read_bytes()
    assert value.encode() == frozen
    assert value.digest().hex() == hashlib.sha256(frozen).hexdigest() == DIGESTS[vector]


@pytest.mark.parametrize("vector", DIGESTS)
def test_frozen_bytes_still_decode_to_the_object(vector: str):
    value = SAMPLES[vector.partition(".")[0]]
    assert type(value).decode((VECTORS / f"{vector}.json").read_bytes()) == value


def test_every_sample_has_its_vector_and_every_vector_its_digest():
    assert {f"{name}.{value.object_format}" for name, value in SAMPLES.items()} <= DIGESTS.keys()
    assert {path.stem for path in VECTORS.glob("*.json")} == DIGESTS.keys()
