"""docs/vault-format.md: its vectors hold for the hub and for a second reading of the page."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.ports.tables import Key, Row
from mydata_hub.vault.committing import seal_committed
from mydata_hub.vault.content import unpack
from mydata_hub.vault.key_rows import Purpose, wrapping_context
from mydata_hub.vault.manifest import NO_PAGE, PAGES, Manifest, authenticate, vault_row
from mydata_hub.vault.manifest_pages import Entry, advance, read_entries
from mydata_hub.vault.opening import load_records_secret
from mydata_hub.vault.profiles import open_profile
from mydata_hub.vault.sealing import KEY_LABEL
from mydata_hub.vault.segment import Segment
from mydata_hub.vault.segment_opening import open_segment, trust
from mydata_hub.vault.segments import blob_name, header_of, read_envelope, signed_message
from mydata_hub.vault.vault_keys import ProfileSecret

from tests.unit.vault import second_vault as second
from tests.unit.vault.vault_world import World, names, records

DOCUMENT = Path(__file__).parents[3] / "docs" / "vault-format.md"


def raw(value: str | list[str]) -> bytes:
    return bytes.fromhex(value if isinstance(value, str) else "".join(value))


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    text = DOCUMENT.read_text()
    return json.loads(text[text.index("```json") + 7 : text.rindex("```")])


@pytest.fixture
def segment(vectors: dict[str, Any]) -> Segment:
    told = vectors["segment"]
    return Segment(
        segment_id=told["segment_id"],
        vault_id=vectors["vault_id"],
        dataset=told["dataset"],
        version=told["version"],
        schema_hash=bytes.fromhex(told["schema_hash"]),
        key_version=vectors["key_version"],
        count=told["count"],
        signature=raw(vectors["signature"]),
        sealed=raw(vectors["sealed"]),
    )


def header(vectors: dict[str, Any]) -> bytes:
    signer = hashlib.sha256(raw(vectors["signing_key"])).digest()
    return second.segment_header("vault-1", 1, vectors["segment"], signer)


def expected(vectors: dict[str, Any]) -> tuple[bytes, ...]:
    return tuple(record.encode() for record in vectors["records"])


def test_the_hub_opens_the_segment_of_the_document(vectors: dict[str, Any], segment: Segment):
    secret = load_records_secret(raw(vectors["records_secret"]), 1)
    trusted = trust([(raw(vectors["signing_key"]), "collected")])
    assert secret.public_key == raw(vectors["public_key"])
    assert open_segment(segment, secret, trusted) == expected(vectors)
    assert hashlib.sha256(segment.encode()).hexdigest() == vectors["stored_sha256"]
    assert blob_name("vault-1", "segment-1", 1) == vectors["blob"]


def test_the_second_implementation_opens_it_too(vectors: dict[str, Any]):
    secret = raw(vectors["records_secret"])
    found = second.open_sealed(secret, "segment-1", header(vectors), raw(vectors["sealed"]))
    assert tuple(found) == expected(vectors)
    assert second.public_key(secret) == raw(vectors["public_key"])


def test_both_unpack_the_content_of_the_document(vectors: dict[str, Any]):
    told = vectors["packed"]
    packed = raw(told["head_and_encoded"]).ljust(told["bucket"], b"\0")
    for content in (unpack(packed), second.unpack_content(packed)):
        assert hashlib.sha256(content).hexdigest() == told["content_sha256"]


def test_both_write_the_same_header_and_signed_bytes(vectors: dict[str, Any], segment: Segment):
    envelope = read_envelope(segment.sealed)
    ours = header_of(segment, envelope.attribution, envelope.signer)
    assert ours == header(vectors) == raw(vectors["segment_header"])
    assert signed_message(ours, segment.sealed) == second.signed_bytes(ours, segment.sealed)


def test_the_seed_of_the_document_gives_its_ciphertext_in_both(vectors: dict[str, Any]):
    seed, head = raw(vectors["seed"]), header(vectors)
    end = raw(vectors["sealed"])[-(32 + 1024 + 16) :]
    # The compressed bytes are the vector's: another build of zlib may write others.
    content = second.commit_open(seed, b"segment-1", KEY_LABEL, head, end)
    ours = seal_committed(seed, salt=b"segment-1", label=KEY_LABEL, header=head, content=content)
    theirs = second.commit_seal(seed, b"segment-1", KEY_LABEL, head, content)
    assert ours == theirs == end
    assert unpack(content) == b"\n".join(expected(vectors))


def test_what_the_second_implementation_seals_opens_in_the_hub(world: World):
    secret = world.vault_keys.records_secret("vault-1")
    key = world.signer.public_key()
    told = {
        "segment_id": "second-1",
        "dataset": "payments",
        "version": 1,
        "schema_hash": bytes(32).hex(),
        "count": 2,
        "provider_id": "provider-1",
        "connection_id": "connection-1",
        "grant_id": "grant-1",
    }
    head = second.segment_header("vault-1", 1, told, hashlib.sha256(key).digest())
    sealed = second.seal_records(secret.public_key, b"\7" * 32, told, head, [*records(2)])
    segment = Segment(
        segment_id="second-1",
        vault_id="vault-1",
        dataset="payments",
        version=1,
        schema_hash=bytes(32),
        key_version=1,
        count=2,
        signature=world.signer.sign(second.signed_bytes(head, sealed)),
        sealed=sealed,
    )
    assert names(world.open(segment)) == ["record-0", "record-1"]


def test_the_context_of_the_document_is_the_hubs(vectors: dict[str, Any]):
    nonce = raw(vectors["nonce"])
    theirs = second.mac(nonce, b"mydata-hub vault context 1\0vault-1").hex()
    ours = wrapping_context("vault-1", nonce, 1, Purpose.RECORDS)
    assert ours["vault"] == theirs == vectors["context_vault"]
    assert (ours["version"], ours["purpose"]) == ("1", "records")


def manifest_row(vectors: dict[str, Any]) -> tuple[Row, dict[Key, Row]]:
    told = vectors["manifest"]
    entries = told["entries"].encode()
    pages = bytearray(32 * 64)
    at = 32 * told["page"]
    pages[at : at + 32] = second.page_hash("vault-1", told["page"], entries)
    values = {
        "manifest_version": told["version"],
        "key_version": 1,
        "segments": told["segments"],
        "pages": bytes(pages),
        "tag": bytes.fromhex(told["tag"]),
        "profile_version": vectors["profile_version"],
        "profile": raw(vectors["profile_sealed"]),
    }
    page = Key("vaults", "vault-1", f"page#{told['page']:02d}")
    return Row(vault_row("vault-1"), 2, values), {page: Row(page, 1, {"entries": entries})}


def test_the_manifest_of_the_document_is_authentic_in_both(vectors: dict[str, Any]):
    told = vectors["manifest"]
    row, pages = manifest_row(vectors)
    manifest = authenticate("vault-1", row, load_records_secret(raw(vectors["records_secret"]), 1))
    theirs = second.manifest_bytes("vault-1", 1, 1, 1, row.values["pages"])
    assert manifest.encode() == theirs
    assert manifest.digest().hex() == second.sha(theirs).hex() == told["digest"]
    assert second.mac(raw(vectors["records_secret"])[32:], theirs).hex() == told["tag"]
    assert [*read_entries(manifest, pages, told["page"])] == ["segment-1"]


def test_taking_up_the_segment_of_the_document_gives_its_manifest(vectors: dict[str, Any]):
    empty = Manifest(
        vault_id="vault-1", version=0, key_version=1, segments=0, pages=NO_PAGE * PAGES
    )
    entry = Entry(
        segment_id="segment-1",
        version=1,
        key_version=1,
        dataset="payments",
        digest=bytes.fromhex(vectors["stored_sha256"]),
    )
    manifest, (put,) = advance(empty, {}, take=[entry])
    assert manifest.digest().hex() == vectors["manifest"]["digest"]
    assert put.values["entries"] == vectors["manifest"]["entries"].encode()


def test_both_open_the_profile_of_the_document(vectors: dict[str, Any]):
    row, _ = manifest_row(vectors)
    manifest = authenticate("vault-1", row, load_records_secret(raw(vectors["records_secret"]), 1))
    secret = raw(vectors["profile_secret"])
    ours = open_profile(manifest, row, ProfileSecret(key_version=1, key=secret))
    theirs = second.open_profile(
        secret, "vault-1", 1, 1, manifest.encode(), raw(vectors["profile_sealed"])
    )
    assert ours == theirs == vectors["profile"].encode()
