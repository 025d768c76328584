"""Segments: what intake seals opens in the vault it was sealed for, and nowhere else, unchanged."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import BadInput, Conflict, Damaged, LimitExceeded, Taken
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.vault.announcements import (
    announce,
    is_unfolded,
    settle_folded,
    settle_refused,
    waiting_segments,
)
from mydata_hub.vault.opening import load_records_secret
from mydata_hub.vault.public_keys import Recipient
from mydata_hub.vault.refusal import TEXT, Cause, NotOpened
from mydata_hub.vault.segment import Segment
from mydata_hub.vault.segment_opening import load_segment, open_segment, read_segment, trust
from mydata_hub.vault.segments import (
    Attribution,
    blob_name,
    header_of,
    new_segment_id,
    read_envelope,
    seal_segment,
    signed_message,
    store_segment,
)

from tests.unit.vault import second_vault
from tests.unit.vault.vault_world import ATTRIBUTION, World, batch, records, refused


def resigned(world: World, segment: Segment) -> Segment:
    """As only the collector itself could forge it: sign what stands there now."""
    envelope = read_envelope(segment.sealed)
    header = header_of(segment, envelope.attribution, envelope.signer)
    message = signed_message(header, segment.sealed)
    return replace(segment, signature=world.signer.sign(message))


def test_what_intake_seals_the_vault_opens(world: World):
    segment = world.seal("vault-1")
    row = world.announced(segment)
    assert load_segment(world.blobs, row) == segment
    assert world.open(segment) == records()


def test_sealing_the_same_records_twice_gives_different_bytes(world: World):
    first = world.seal("vault-1", segment_id="s")
    again = world.seal("vault-1", segment_id="s")
    assert first.sealed[-1100:] != again.sealed[-1100:]


def test_no_record_shows_in_a_stored_segment(world: World):
    segment = world.seal("vault-1", records=records(1, counterparty="CANARY"))
    world.announced(segment)
    assert b"CANARY" not in segment.sealed
    assert b"CANARY" not in world.stored(segment)
    assert b"CANARY" in world.open(segment)[0]


@pytest.mark.parametrize("field", ["sealed", "signature"])
def test_each_byte_of_a_segment_counts(world: World, field: str):
    segment = world.seal("vault-1", records=records(1))
    whole: bytes = getattr(segment, field)
    for at in range(len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises(NotOpened) as caught:
            world.open(replace(segment, **{field: flipped}))
        assert str(caught.value) == TEXT
        if field == "signature":
            assert caught.value.cause is Cause.SIGNATURE


def test_each_byte_under_the_seal_counts_even_without_the_signature(world: World):
    segment = world.seal("vault-1", records=records(1))
    envelope = read_envelope(segment.sealed)
    header = header_of(segment, envelope.attribution, envelope.signer)
    secret = world.vault_keys.records_secret("vault-1")
    salt = segment.segment_id.encode()
    assert secret.open(envelope.body, header=header, salt=salt)
    for at in range(len(envelope.body)):
        flipped = bytearray(envelope.body)
        flipped[at] ^= 0x80
        refused(Cause.SEALED, lambda f=flipped: secret.open(bytes(f), header=header, salt=salt))
    for at in range(len(header)):
        changed = bytearray(header)
        changed[at] ^= 1
        refused(
            Cause.SEALED, lambda c=changed: secret.open(envelope.body, header=bytes(c), salt=salt)
        )
    refused(Cause.SEALED, lambda: secret.open(envelope.body, header=header, salt=b"another"))


@pytest.mark.parametrize("kept", [0, 1, 2, 3, 10, 50, 200, 1200, 1300, 1500, -1, -17, -33])
def test_a_truncated_segment_is_refused(world: World, kept: int):
    segment = world.seal("vault-1", records=records(1))
    cut = segment.sealed[:kept] or b"\1"
    with pytest.raises(NotOpened) as caught:
        world.open(replace(segment, sealed=cut))
    assert str(caught.value) == TEXT
    envelope = read_envelope(segment.sealed)
    secret = world.vault_keys.records_secret("vault-1")
    header = header_of(segment, envelope.attribution, envelope.signer)
    body = envelope.body[:kept]
    refused(Cause.SEALED, lambda: secret.open(body, header=header, salt=b"s"))


@pytest.mark.parametrize(
    "changed",
    [
        {"segment_id": "segment-2"},
        {"vault_id": "vault-2"},
        {"dataset": "card.bills"},
        {"version": 2},
        {"schema_hash": bytes(32)},
        {"count": 2},
    ],
)
def test_no_field_of_a_segment_can_be_changed(world: World, changed: dict[str, object]):
    segment = replace(world.seal("vault-1"), **changed)
    secret = world.vault_keys.records_secret("vault-1")
    refused(Cause.SIGNATURE, lambda: open_segment(segment, secret, world.trusted))
    # Not even by who may sign: the seal itself is bound to the field.
    signed = resigned(world, segment)
    refused(Cause.SEALED, lambda: open_segment(signed, secret, world.trusted))


def test_a_segment_for_one_person_does_not_open_for_another(world: World):
    segment = world.seal("vault-1")
    moved = resigned(world, replace(segment, vault_id="vault-2"))
    refused(Cause.SEALED, lambda: world.open(moved))
    refused(Cause.SEALED, lambda: world.open(segment, "vault-2"))


def test_a_key_version_that_was_never_made_is_named(world: World):
    segment = resigned(world, replace(world.seal("vault-1"), key_version=2))
    refused(Cause.KEY_VERSION, lambda: world.open(segment))
    refused(Cause.KEY_VERSION, lambda: world.vault_keys.records_secret("vault-1", key_version=2))


@pytest.mark.parametrize(
    "head", [b"\x02\x00\x01", b"\x01\x00\x02", b"\x00\x00\x01", b"\x01\x01\x01"]
)
def test_an_unknown_format_or_suite_is_refused_before_a_key_is_touched(world: World, head: bytes):
    segment = world.seal("vault-1")
    segment = replace(segment, sealed=head + segment.sealed[3:])
    refused(Cause.SUITE, lambda: world.open(segment))


def test_an_unsigned_segment_is_refused(world: World):
    for signature in (b"\0", bytes(64), bytes(63), b"\xff" * 64, bytes(65)):
        segment = replace(world.seal("vault-1"), signature=signature)
        refused(Cause.SIGNATURE, lambda s=segment: world.open(s))


def test_a_segment_that_another_key_signed_is_foreign(world: World):
    stranger = LocalSigner(world.folder, "stranger", "ES256")
    recipient = Recipient(
        vault_id="vault-1",
        key_version=1,
        public_key=world.vault_keys.records_secret("vault-1").public_key,
    )
    segment = seal_segment(batch(), recipient, stranger, world.entropy)
    refused(Cause.SIGNER, lambda: world.open(segment))
    # Naming the trusted key does not help: it did not sign.
    envelope = read_envelope(segment.sealed)
    trusted_name = hashlib.sha256(world.signer.public_key()).digest()
    posing = segment.sealed.replace(envelope.signer, trusted_name)
    refused(Cause.SIGNATURE, lambda: world.open(replace(segment, sealed=posing)))


@pytest.mark.parametrize("name", ["provider_id", "connection_id", "grant_id"])
def test_a_segment_cannot_be_attributed_to_another_source(world: World, name: str):
    segment = world.seal("vault-1")
    row = world.announced(segment)
    told = replace(row, values={**row.values, name: "other"})
    refused(Cause.ATTRIBUTION, lambda: load_segment(world.blobs, told))
    # Nor inside the envelope, where the signature and the seal cover it.
    other = replace(ATTRIBUTION, **{name: getattr(ATTRIBUTION, name)[:-1] + "2"})
    moved = segment.sealed.replace(ATTRIBUTION.encode(), other.encode())
    assert moved != segment.sealed
    refused(Cause.SIGNATURE, lambda: world.open(replace(segment, sealed=moved)))
    signed = resigned(world, replace(segment, sealed=moved))
    refused(Cause.SEALED, lambda: world.open(signed))


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataset": "card.bills"},
        {"connection_id": "connection-2"},
        {"provenance": "self_supplied"},
    ],
)
def test_records_that_are_not_what_the_header_says_are_refused(
    world: World, wrong: dict[str, object]
):
    segment = world.seal("vault-1", records=(*records(1), *records(1, **wrong)))
    refused(Cause.CONTENT, lambda: world.open(segment))


@pytest.mark.parametrize("told", [1, 3])
def test_a_count_that_is_not_that_of_the_records_is_refused(world: World, told: int):
    """The hub's own sealing counts for itself; a faulty collector might not."""
    model = world.seal("vault-1")
    made = {name: getattr(model, name) for name in ("dataset", "segment_id", "version")}
    made |= {"schema_hash": model.schema_hash.hex(), "count": told}
    made |= {"provider_id": "provider-1", "connection_id": "connection-1", "grant_id": "grant-1"}
    signer = read_envelope(model.sealed).signer
    header = second_vault.segment_header("vault-1", 1, made, signer)
    public_key = world.vault_keys.records_secret("vault-1").public_key
    sealed = second_vault.seal_records(public_key, b"\3" * 32, made, header, [*records(2)])
    segment = resigned(world, replace(model, count=told, sealed=sealed))
    refused(Cause.CONTENT, lambda: world.open(segment))


@pytest.mark.parametrize("record", [b"{", b"[]", b"1", b"[" * 100_000, b"\xff", b'{"object":"x"}'])
def test_what_is_no_record_is_refused(world: World, record: bytes):
    refused(Cause.CONTENT, lambda: world.open(world.seal("vault-1", records=(record,))))


def test_a_signer_of_uploads_cannot_pass_them_off_as_collected(world: World):
    uploads = LocalSigner(world.folder, "uploads", "ES256")
    trusted = trust([(uploads.public_key(), "self_supplied")])
    recipient = Recipient(
        vault_id="vault-1",
        key_version=1,
        public_key=world.vault_keys.records_secret("vault-1").public_key,
    )
    secret = world.vault_keys.records_secret("vault-1")
    posing = seal_segment(batch(), recipient, uploads, world.entropy)
    refused(Cause.CONTENT, lambda: open_segment(posing, secret, trusted))
    supplied = records(2, provenance="self_supplied")
    honest = seal_segment(batch(records=supplied), recipient, uploads, world.entropy)
    assert open_segment(honest, secret, trusted) == supplied


def test_trust_takes_only_keys_on_p_256(world: World):
    ed25519 = LocalSigner(world.folder, "log", "EdDSA")
    with pytest.raises(BadInput):
        trust([(ed25519.public_key(), "collected")])
    recipient = Recipient(vault_id="vault-1", key_version=1, public_key=bytes(1216))
    with pytest.raises(BadInput):
        seal_segment(batch(), recipient, ed25519, world.entropy)


def test_other_bytes_under_an_announced_name_are_named(world: World):
    segment, other = world.seal("vault-1"), world.seal("vault-1")
    row, _ = world.announced(segment), world.announced(other)
    refused(Cause.REPLACED, lambda: read_segment(world.stored(other), row))
    refused(Cause.REPLACED, lambda: read_segment(world.stored(segment)[:-1], row))
    posing = replace(row, values={**row.values, "digest": hashlib.sha256(b"{}").digest()})
    refused(Cause.MALFORMED, lambda: read_segment(b"{}", posing))


def test_a_foreign_segment_is_named_though_its_row_agrees(world: World):
    other = world.seal("vault-2")
    theirs = world.announced(other)
    mine = world.announced(world.seal("vault-1"))
    posing = replace(mine, values=theirs.values)
    refused(Cause.FOREIGN, lambda: read_segment(world.stored(other), posing))


def test_an_announced_segment_that_is_not_there_is_missing(world: World):
    segment = world.seal("vault-1")
    row = world.announced(segment)
    world.blobs.delete(blob_name("vault-1", segment.segment_id, 1))
    refused(Cause.MISSING, lambda: load_segment(world.blobs, row))
    with pytest.raises(Damaged):
        load_segment(world.blobs, replace(row, values={}))


def test_a_stored_segment_is_never_overwritten(world: World):
    segment = world.seal("vault-1", segment_id="s")
    assert store_segment(world.blobs, segment) == store_segment(world.blobs, segment)
    with pytest.raises(Taken):
        store_segment(world.blobs, world.seal("vault-1", segment_id="s"))


def test_a_segment_is_announced_once(world: World):
    segment = world.seal("vault-1")
    row = world.announced(segment)
    with pytest.raises(Conflict):
        world.tables.commit(announce(segment, row.values["digest"], world.clock.now()))


def test_what_waits_is_listed_until_it_is_settled(world: World):
    rows = [world.announced(world.seal(vault)) for vault in ("vault-1", "vault-2", "vault-1")]
    assert {row.key for row in waiting_segments(world.tables, 10)} == {row.key for row in rows}
    world.tables.commit(settle_folded(rows[0]), settle_refused(rows[1], Cause.SIGNATURE))
    assert [row.key for row in waiting_segments(world.tables, 10)] == [rows[2].key]
    folded, set_aside = world.row(rows[0].key), world.row(rows[1].key)
    assert not is_unfolded(folded)
    assert (set_aside.values["state"], set_aside.values["cause"]) == ("refused", "signature")
    assert folded.values["digest"] == rows[0].values["digest"]


def test_a_batch_that_no_segment_takes_is_refused_to_the_collector(world: World):
    with pytest.raises(LimitExceeded):
        world.seal("vault-1", records=())
    with pytest.raises(LimitExceeded):
        world.seal("vault-1", records=records(1) * 10_001)
    with pytest.raises(BadInput):
        world.seal("vault-1", records=(b"{\n}",))
    with pytest.raises(BadInput):
        Attribution(provider_id="", connection_id="c", grant_id="g")


def test_a_public_key_that_is_none_is_named_to_the_collector(world: World):
    good = world.vault_keys.records_secret("vault-1").public_key
    for wrong in (b"", good[:-1], bytes([255]) * 1216, good + b"\0"):
        recipient = Recipient(vault_id="vault-1", key_version=1, public_key=wrong)
        with pytest.raises(Damaged):
            seal_segment(batch(), recipient, world.signer, world.entropy)


def test_a_key_share_of_small_order_is_refused_on_both_sides(world: World):
    secret = world.vault_keys.records_secret("vault-1")
    recipient = Recipient(
        vault_id="vault-1", key_version=1, public_key=secret.public_key[:-32] + bytes(32)
    )
    with pytest.raises(Damaged):
        seal_segment(batch(), recipient, world.signer, world.entropy)
    body = read_envelope(world.seal("vault-1").sealed).body
    poisoned = body[:1088] + bytes(32) + body[1120:]
    refused(Cause.SEALED, lambda: secret.open(poisoned, header=b"h", salt=b"s"))


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=20))
def test_whatever_is_sealed_comes_back_in_order(memos: list[bytes]):
    secret = load_records_secret(b"\5" * 64, 1)
    recipient = Recipient(vault_id="v", key_version=1, public_key=secret.public_key)
    told = tuple(
        json.dumps(
            {
                "object": "record",
                "dataset": "payments",
                "connection_id": "connection-1",
                "provenance": "collected",
                "memo": memo.hex(),
            }
        ).encode()
        for memo in memos
    )
    signer = _OnceMade.signer()
    entropy = SystemEntropy()
    made = batch(records=told, segment_id=new_segment_id(entropy))
    segment = seal_segment(made, recipient, signer, entropy)
    again = Segment.decode(segment.encode())
    trusted = trust([(signer.public_key(), "collected")])
    assert open_segment(again, secret, trusted) == told


class _OnceMade:
    """A signer in memory: hypothesis runs a test many times in one temporary folder."""

    algorithm = "ES256"
    _made: _OnceMade | None = None

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self._key = ec.generate_private_key(ec.SECP256R1())

    @classmethod
    def signer(cls) -> _OnceMade:
        cls._made = cls._made or cls()
        return cls._made

    def public_key(self) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.hashes import SHA256

        numbers = utils.decode_dss_signature(self._key.sign(message, ec.ECDSA(SHA256())))
        return b"".join(number.to_bytes(32, "big") for number in numbers)
