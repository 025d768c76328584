"""Card files: what is unsigned, signed wrongly, older or misspelt is refused, and says why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey
from mydata_hub.base64url import encode_base64url
from mydata_hub.errors import BadInput, NotProven
from mydata_hub.scorecard.card import decode_card, view_card
from mydata_hub.scorecard.signing import (
    admit_card,
    canonical_card,
    decode_file,
    encode_file,
    sign_card,
    verify_card,
)

from tests.unit.scorecard.cards import hub_card, said, sound_cards

KEY = OKPKey.generate_key("Ed25519")
OTHER = OKPKey.generate_key("Ed25519")
CARD = hub_card()
SIGNED = encode_file(CARD, sign_card(CARD, KEY))


def edited(**more):
    members = json.loads(SIGNED)
    return json.dumps({**members, **more}).encode()


@given(sound_cards())
def test_any_sound_card_comes_back_from_its_file_and_its_signature_holds(card):
    file = decode_file(encode_file(card, sign_card(card, KEY)))
    assert file.card == card
    assert verify_card(file, [OTHER, KEY]) == card
    assert decode_card(json.dumps(view_card(card)).encode()) == card


def test_a_signed_card_of_the_hub_is_admitted():
    public = OKPKey.import_key(KEY.as_dict(private=False))
    assert admit_card(SIGNED, [public]) == CARD
    assert admit_card(SIGNED, [public], in_force=replace(CARD, version=1)) == CARD


def test_an_unsigned_card_is_read_by_tools_and_not_admitted():
    assert decode_file(edited(signature=None)).card == CARD
    with pytest.raises(NotProven, match="this card is not signed"):
        admit_card(edited(signature=None), [KEY])


def test_a_card_by_a_key_that_is_not_pinned_is_not_admitted():
    with pytest.raises(NotProven, match="no publisher"):
        admit_card(SIGNED, [OTHER])
    with pytest.raises(NotProven, match="no publisher"):
        admit_card(SIGNED, [])


def test_a_card_that_was_changed_after_it_was_signed_is_not_admitted():
    members = json.loads(SIGNED)
    members["card"]["title"]["en"] = "Another title"
    with pytest.raises(NotProven, match="or of another card"):
        admit_card(json.dumps(members).encode(), [KEY])


def signed_otherwise(header, payload, key=KEY, **more):
    head, body, signature = jws.serialize_compact(header, payload, key, **more).split(".")
    return f"{head}..{signature}", f"{head}.{body}.{signature}"


def test_a_signature_of_the_same_key_over_something_else_or_of_another_type_is_none():
    ed = {"algorithms": ["Ed25519"]}
    bare, _ = signed_otherwise({"alg": "Ed25519"}, canonical_card(CARD), **ed)
    head = {"alg": "Ed25519", "typ": "mydata-scorecard"}
    over, whole = signed_otherwise(head, canonical_card(CARD), **ed)
    assert admit_card(edited(signature=over), [KEY]) == CARD
    other, _ = signed_otherwise(head, b"{}", **ed)
    none = f"{encode_base64url(json.dumps({'alg': 'none', 'typ': head['typ']}).encode())}.."
    for signature in (bare, other, whole, none, "", "a.b", "..", "é..é", over + "A", over[:-2]):
        with pytest.raises(NotProven, match="signature"):
            admit_card(edited(signature=signature), [KEY])


def test_an_older_card_is_refused_though_its_signature_holds():
    with pytest.raises(BadInput, match="version: is 2, and 3 is in force"):
        admit_card(SIGNED, [KEY], in_force=replace(CARD, version=3))


def test_only_a_private_ed25519_key_signs_and_only_a_sound_card_is_signed():
    with pytest.raises(BadInput, match="key: takes a private Ed25519 key"):
        sign_card(CARD, OKPKey.import_key(KEY.as_dict(private=False)))
    with pytest.raises(BadInput, match="key: takes a private Ed25519 key"):
        sign_card(CARD, OKPKey.generate_key("X25519"))
    with pytest.raises(BadInput, match="lowest"):
        sign_card(replace(CARD, lowest=0), KEY)
    with pytest.raises(BadInput, match="key"):
        sign_card(CARD, ECKey.generate_key("P-256"))


@pytest.mark.parametrize(
    ("encoded", "told"),
    [
        (b"", "card: is not JSON"),
        (b"[" * 100_000, "card: is not JSON"),
        (b"\xff", "card: is not JSON"),
        (b"{}", "members card and signature"),
        (b"[]", "members card and signature"),
        (b" " * (1024 * 1024 + 1), "at most 1048576 bytes"),
        (edited(signature=7), "signature: takes a JWS, or null"),
        (edited(card=7), "card: "),
        (edited(note="x"), "members card and signature"),
    ],
)
def test_what_is_no_card_file_says_so(encoded, told):
    with pytest.raises(BadInput, match=told):
        decode_file(encoded)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda card: card["features"][0]["rows"][1].update(points=1.5), "features.0.*points"),
        (lambda card: card["features"][0]["rows"][1].update(points="7"), "features.0.*points"),
        (lambda card: card["features"][0].update(direction="up"), "features.0.*direction"),
        (lambda card: card["features"][0].update(kind="graph"), "features.0"),
        (lambda card: card["features"][0].pop("missing"), "features.0.*missing: field required"),
        (lambda card: card["features"][0].update(weight=3), "features.0.*weight"),
        (lambda card: card.update(format="mydata-scorecard/2"), "format"),
        (lambda card: card.update(version=True), "version"),
        (lambda card: card["scale"].update(anchor_odds=float("inf")), "scale.anchor_odds"),
        (lambda card: card["title"].update(en=""), "wording"),
        (lambda card: card["features"][0].pop("advice"), "leaves out members"),
        (lambda card: card["title"].update(fr="titre"), "leaves out|fr"),
    ],
)
def test_a_misspelt_card_is_refused_by_its_place(change, told):
    members = json.loads(SIGNED)
    change(members["card"])
    with pytest.raises(BadInput, match=told):
        decode_file(json.dumps(members).encode())


def test_a_refusal_repeats_no_value():
    members = json.loads(SIGNED)
    members["card"]["features"][0]["missing"] = "geheim"
    with pytest.raises(BadInput) as refused:
        decode_file(json.dumps(members).encode())
    assert "geheim" not in str(refused.value)
    assert said("x").en == "x"
