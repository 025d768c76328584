"""Erasure certificates verify offline, and each altered letter is noticed and named."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey
from mydata_hub.erasure.certificate import (
    make_certificate,
    signing_key,
    verify_certificate,
)
from mydata_hub.erasure.published import erasure_document, with_proof
from mydata_hub.erasure.state import NOT_COVERED, Kind
from mydata_hub.erasure.steps import covered
from mydata_hub.errors import NotProven
from mydata_hub.ports.signer import MAX_SIGNED_BYTES
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.leaf import Leaf, Opening
from mydata_hub.transparency.published import PublishedLog

from tests.unit.erasure.erasure_world import World


def certificates(world: World) -> list[dict[str, Any]]:
    """Both certificates of somebody, with their proofs."""
    jiu = world.live()
    erasure = world.erase(jiu)
    world.sequence()
    world.clock.advance(timedelta(days=8))
    world.take_further()
    world.sequence()
    world.clock.advance(timedelta(minutes=1))
    world.take_further()
    found: list[dict[str, Any]] = erasure_document(world.erasure(erasure.certificate_id))[
        "certificates"
    ]
    return found


def check(world: World, certificate: dict[str, Any]) -> Any:
    encoded = json.dumps(certificate).encode()
    key = signing_key(encoded, [world.certificate_key.public])
    log_key = VerifierKey.parse(PublishedLog(world.tables, world.tiles).key())
    return verify_certificate(encoded, key, log_key)


def test_both_certificates_verify_with_two_public_keys_and_say_when_and_what(world: World) -> None:
    first, second = (check(world, one) for one in certificates(world))
    assert [one.facts["kind"] for one in (first, second)] == list(Kind)
    assert first.index is not None
    assert second.index is not None
    assert second.index > first.index
    for one in (first, second):
        assert one.facts["irrecoverable_at"] > one.facts["inaccessible_at"]
        assert one.facts["covers"] == covered()
        assert one.facts["not_covered"] == dict(NOT_COVERED)
        assert one.facts["fades"]["until"] > one.facts["irrecoverable_at"]
    assert first.facts["certificate_id"] == second.facts["certificate_id"]


def test_before_its_entry_has_a_place_a_certificate_verifies_without_one(world: World) -> None:
    erasure = world.erase(world.live())
    (one,) = erasure_document(erasure)["certificates"]
    world.sequence()
    assert one["log"] is None
    assert check(world, one).index is None


def test_what_is_signed_fits_the_signer(world: World) -> None:
    first, second = certificates(world)
    for one in (first, second):
        signed = one["statement"].rpartition(".")[0]
        assert len(signed.encode()) <= MAX_SIGNED_BYTES - 256


def changed(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda certificate: certificate.update({name: value})


def flipped(name: str) -> Callable[[dict[str, Any]], None]:
    def flip(certificate: dict[str, Any]) -> None:
        content = bytearray(base64.urlsafe_b64decode(certificate[name] + "=="))
        content[len(content) // 2] ^= 1
        certificate[name] = base64.urlsafe_b64encode(bytes(content)).decode().rstrip("=")

    return flip


def resigned(**facts: Any) -> Callable[[dict[str, Any]], None]:
    """Other facts under the same signature."""

    def act(certificate: dict[str, Any]) -> None:
        head, body, signature = certificate["statement"].split(".")
        told = json.loads(base64.urlsafe_b64decode(body + "==")) | facts
        body = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
        certificate["statement"] = f"{head}.{body}.{signature}"

    return act


@pytest.mark.parametrize(
    ("spoil", "thing"),
    [
        (changed("object", "answer_receipt"), "certificate"),
        (changed("format", 2), "certificate"),
        (lambda certificate: certificate.pop("salt"), "certificate"),
        (changed("more", 1), "certificate"),
        (changed("statement", "a.b.c"), "certificate"),
        (resigned(irrecoverable_at="2026-01-01T00:00:00Z"), "signature"),
        (resigned(kind="irrecoverable"), "signature"),
        (flipped("entry"), "entry"),
        (flipped("salt"), "opening"),
        (flipped("payload"), "opening"),
        (changed("log", "c2sp.org/tlog-proof@v1\nindex 0\n\nnote"), "checkpoint"),
        (changed("log", "nothing"), "log proof"),
        (changed("log", 7), "certificate"),
    ],
)
def test_whatever_is_altered_is_named(
    world: World, spoil: Callable[[dict[str, Any]], None], thing: str
) -> None:
    certificate = copy.deepcopy(certificates(world)[0])
    assert check(world, certificate)
    spoil(certificate)
    with pytest.raises(NotProven) as caught:
        check(world, certificate)
    assert caught.value.thing == thing


def test_the_proof_of_the_other_certificate_does_not_pass(world: World) -> None:
    first, second = certificates(world)
    with pytest.raises(NotProven):
        check(world, {**first, "log": second["log"]})


def test_another_hub_s_key_and_an_honest_signature_over_another_entry_are_refused(
    world: World,
) -> None:
    certificate = certificates(world)[0]
    encoded = json.dumps(certificate).encode()
    with pytest.raises(NotProven, match="none of the hub's"):
        signing_key(encoded, [ECKey.generate_key("P-256")])
    # The hub signs facts that its log does not hold: the entry gives it away.
    entry = Leaf.decode(base64.urlsafe_b64decode(certificate["entry"] + "=="))
    opening = Opening(
        base64.urlsafe_b64decode(certificate["salt"] + "=="),
        base64.urlsafe_b64decode(certificate["payload"] + "=="),
    )
    facts = {**check(world, certificate).facts, "inaccessible_at": "2020-01-01T00:00:00Z"}
    lie = make_certificate(facts, entry, opening, world.certificate_key)
    with pytest.raises(NotProven, match="another erasure"):
        check(world, with_proof(lie, None))


@pytest.mark.parametrize("encoded", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b"x" * 300_000])
def test_what_is_no_certificate_is_refused(world: World, encoded: bytes) -> None:
    with pytest.raises(NotProven):
        signing_key(encoded, [world.certificate_key.public])
