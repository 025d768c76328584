"""The vectors that docs/protocol.md publishes are what the code computes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mydata_hub.errors import NotProven
from mydata_hub.personal_log.book import link
from mydata_hub.personal_log.period_key import PeriodKey
from mydata_hub.transparency.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    VerifierKey,
    verify_checkpoint,
)
from mydata_hub.transparency.cosignature import verify_cosignature
from mydata_hub.transparency.leaf import (
    AUDIT_DOMAIN,
    PERSON_DOMAIN,
    Leaf,
    Opening,
    person_tag,
    unkeyed_tag,
)
from mydata_hub.transparency.merkle import leaf_hash
from mydata_hub.transparency.signing import sign_checkpoint

from tests.faults.sequencer_world import MemorySigner

PAGE = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
VALUES = dict(re.findall(r"^\| ([a-z ]+) \| `(.+)` \|$", PAGE, re.MULTILINE))
NOTE = re.search(r"```\n(hub\.example/log\n.*?)```", PAGE, re.DOTALL)[1]
COUNTING = bytes(range(96))
PERSONAL = Opening(COUNTING[:32], VALUES["person payload"].encode())
AUDIT = Opening(COUNTING[32:64], VALUES["audit payload"].encode())
LEAF = Leaf(
    tag=unkeyed_tag(PERSONAL.salt),
    person=PERSONAL.commitment(PERSON_DOMAIN),
    audit=AUDIT.commitment(AUDIT_DOMAIN),
)


def test_the_leaf_and_its_parts_are_those_of_the_page():
    assert LEAF.person.hex() == VALUES["person commitment"]
    assert LEAF.audit.hex() == VALUES["audit commitment"]
    assert LEAF.tag.hex() == VALUES["unkeyed tag"]
    keyed = person_tag(COUNTING[64:], LEAF.person, LEAF.audit)
    assert keyed.hex() == VALUES["person tag"]
    assert LEAF.encode().hex() == VALUES["leaf"]
    assert leaf_hash(LEAF.encode()).hex() == VALUES["leaf hash"]


def test_the_keys_of_a_period_and_what_is_sealed_with_them_are_those_of_the_page():
    key = PeriodKey(period="2026-11", secret=COUNTING[64:])
    assert key.shown.tag_key.hex() == VALUES["tag key"]
    assert key.shown.payload_key.hex() == VALUES["payload key"]
    assert key.book_key.hex() == VALUES["book key"]
    sealed = key.seal("e1", PERSONAL, COUNTING[:12])
    assert sealed.hex() == VALUES["sealed opening"]
    assert key.shown.open("e1", sealed) == PERSONAL
    assert link(bytes(32), 0, LEAF.encode()).hex() == VALUES["chain"]


def test_the_checkpoint_and_its_key_are_those_of_the_page():
    signer = MemorySigner()
    assert str(VerifierKey.of("hub.example/log", signer.public_key())) == VALUES["verifier key"]
    checkpoint = Checkpoint("hub.example/log", 1, leaf_hash(LEAF.encode()))
    assert sign_checkpoint(checkpoint, signer) == NOTE.encode()
    assert verify_checkpoint(NOTE.encode(), VerifierKey.parse(VALUES["verifier key"])) == checkpoint


def test_the_cosignature_and_its_key_are_those_of_the_page():
    seed = Ed25519PrivateKey.from_private_bytes(COUNTING[32:64])
    key = VerifierKey("witness.example/w1", seed.public_key().public_bytes_raw(), COSIGNATURE)
    assert str(key) == VALUES["witness key"]
    (line,) = re.findall(r"^— witness.example/w1 .*\n", PAGE, re.MULTILINE)
    at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert verify_cosignature((NOTE + line).encode(), key) == at
    assert verify_checkpoint((NOTE + line).encode(), VerifierKey.parse(VALUES["verifier key"]))


def test_a_leaf_reads_back_and_another_length_or_version_does_not():
    assert Leaf.decode(LEAF.encode()) == LEAF
    for entry in (b"", LEAF.encode()[:-1], LEAF.encode() + b"\0", b"\x02" + LEAF.encode()[1:]):
        with pytest.raises(NotProven, match="not a leaf of version 1"):
            Leaf.decode(entry)


def test_two_entries_of_one_person_have_nothing_in_common_without_the_key():
    other = Opening(COUNTING[1:33], PERSONAL.payload).commitment(PERSON_DOMAIN)
    assert other != LEAF.person
    log_key = COUNTING[64:]
    assert person_tag(log_key, other, LEAF.audit) != person_tag(log_key, LEAF.person, LEAF.audit)


def test_an_opening_opens_its_own_commitment_only():
    assert PERSONAL.commitment(PERSON_DOMAIN) != PERSONAL.commitment(AUDIT_DOMAIN)
    moved = Opening(PERSONAL.salt, PERSONAL.payload + b" ")
    assert moved.commitment(PERSON_DOMAIN) != PERSONAL.commitment(PERSON_DOMAIN)


def test_the_hour_of_an_audit_opening_is_no_finer_than_an_hour():
    # The page promises "2026-11-20T09Z" for anything between nine and ten.
    at = datetime(2026, 11, 20, 9, 59, 59, 999_999, tzinfo=UTC)
    assert at.strftime("%Y-%m-%dT%HZ") in VALUES["audit payload"]
