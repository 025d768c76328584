"""What an offer refuses to be: half a benefit, a picture that is none, words that are no words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from mydata_hub.errors import BadInput
from mydata_hub.fields import Wording
from mydata_hub.offers.catalogue.offer import MAX_IMAGE_BYTES, Benefit, OfferImage

from tests.unit.objects.samples import COUPON, GIVEN_AT, OFFER, PNG, STAMPS

NAIVE = datetime(2026, 3, 1)  # noqa: DTZ001
WORDS = Wording(ko="커피", en="Coffee")
POINTS = replace(STAMPS, kind="points", per_minor=1000)
JPEG = b"\xff\xd8\xff\xe0 \xff\xd9"
WEBP = b"RIFF\x0c\x00\x00\x00WEBPVP8 ...."

WRONG: list[tuple[str, Any]] = [
    ("offer_id", "client-2.morning"),
    ("offer_id", "morning"),
    ("offer_id", "client-1."),
    ("offer_id", "client-1.Morning"),
    ("offer_id", "client-1." + "a" * 41),
    ("offer_id", "client-1.a.b"),
    ("version", 0),
    ("category", "Café"),
    ("purpose", "Offers!"),
    ("eligibility", "x" * 2001),
    ("eligibility", None),
    ("trigger", "Payment"),
    ("claims_on_acceptance", ("trust_tier",)),
    ("claims_on_acceptance", ("trust_tier@1", "trust_tier@1")),
    ("claims_on_acceptance", tuple(f"c{number}@1" for number in range(33))),
    ("valid_from", NAIVE),
    ("valid_until", NAIVE),
    ("valid_until", OFFER.valid_from),
    ("valid_until", OFFER.valid_from + timedelta(days=367)),
    ("stock", 0),
    ("stock", True),
]


@pytest.mark.parametrize(("field", "wrong"), WRONG)
def test_a_wrong_offer_is_refused_by_the_name_of_its_field(field: str, wrong: Any):
    with pytest.raises(BadInput) as refused:
        replace(OFFER, **{field: wrong})
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("benefit", "change", "field"),
    [
        (COUPON, {"kind": "discount"}, "kind"),
        (COUPON, {"amount_minor": None, "currency": None}, "amount_minor"),
        (COUPON, {"amount_minor": 0}, "amount_minor"),
        (COUPON, {"currency": None}, "amount_minor"),
        (COUPON, {"currency": "krw"}, "currency"),
        (COUPON, {"till": "a till"}, "till"),
        (COUPON, {"merchants": ("Shop",)}, "merchants"),
        (COUPON, {"per_minor": 1000}, "per_minor"),
        (COUPON, {"goal": 10}, "goal"),
        (COUPON, {"expires_days": 30}, "expires_days"),
        (STAMPS, {"till": "till-1"}, "till"),
        (STAMPS, {"merchants": ()}, "merchants"),
        (STAMPS, {"merchants": ("Shop", "Shop")}, "merchants"),
        (STAMPS, {"merchants": ("<b>Shop",)}, "merchants"),
        (STAMPS, {"merchants": tuple(f"Shop {number}" for number in range(21))}, "merchants"),
        (STAMPS, {"per_minor": 1000}, "per_minor"),
        (STAMPS, {"goal": None}, "goal"),
        (STAMPS, {"goal": 0}, "goal"),
        (STAMPS, {"expires_days": None}, "expires_days"),
        (STAMPS, {"expires_days": 29}, "expires_days"),
        (STAMPS, {"expires_days": 1096}, "expires_days"),
        (STAMPS, {"amount_minor": None, "currency": None}, "amount_minor"),
        (POINTS, {"per_minor": None}, "per_minor"),
        (POINTS, {"per_minor": 0}, "per_minor"),
        (COUPON, {"wording": Wording(ko="x" * 121, en="x")}, "wording"),
    ],
)
def test_half_a_benefit_is_refused_by_the_name_of_what_is_wrong(benefit, change, field: str):
    with pytest.raises(BadInput) as refused:
        replace(benefit, **change)
    assert refused.value.field == f"benefit.{field}"


def test_a_perk_may_be_without_an_amount_and_only_points_and_stamps_are_programmes():
    perk = Benefit(kind="perk", wording=WORDS)
    assert perk.amount_minor is None
    assert [one.is_programme for one in (COUPON, perk, POINTS, STAMPS)] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "Tap <b>here",
        "&lt;b&gt;",
        "{{ config }}",
        "`id`",
        "[tap](cafe)",
        "https://cafe",
        "See cafe.example today",
        "카페.한국에서 만나요",
        "cafe。kr",
        "JavaScript:alert(1)",
        "data:text/html",
        "mailto:a",
        "two\nlines",
        "turned \u202e round",
        "hid\u200bden",
        " ",
        "",
    ],
)
@pytest.mark.parametrize("field", ["title", "text"])
def test_words_carry_neither_markup_nor_script_nor_an_address(field: str, text: str):
    with pytest.raises(BadInput) as refused:
        replace(OFFER, **{field: _said(text)})
    assert refused.value.field in (field, "wording")
    assert text.strip() == "" or text not in str(refused.value)


def _said(text: str) -> Wording:
    return Wording(ko="커피", en=text)


@pytest.mark.parametrize(
    "text",
    [
        "1.5 l for 3,000 won. Until 9!",
        "커피 & 빵: 10% 할인 (평일)",
        "50/50",
        "A+B ♥ 이벤트",
        "Your data: safe",
    ],
)
def test_ordinary_words_pass(text: str):
    assert replace(OFFER, text=_said(text)).text.en == text


def test_texts_are_bounded_in_both_languages():
    for field, most in (("title", 60), ("text", 400)):
        assert replace(OFFER, **{field: Wording(ko="가" * most, en="a" * most)})
        for wording in (
            Wording(ko="가" * (most + 1), en="a"),
            Wording(ko="가", en="a" * (most + 1)),
        ):
            with pytest.raises(BadInput) as refused:
                replace(OFFER, **{field: wording})
            assert refused.value.field == field


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")],
)
def test_a_picture_is_what_its_bytes_say(content: bytes, media_type: str):
    assert OfferImage(content=content, alt=WORDS).media_type == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a",
        b"https://cafe.example/a.png",
        PNG[:-1],
        PNG + b"<script>",
        JPEG + b"<?php ?>",
        b" " + PNG,
        WEBP + b"<script>",
        PNG[:8] + bytes(MAX_IMAGE_BYTES) + PNG[-8:],
    ],
)
def test_what_is_no_small_picture_and_nothing_else_is_refused(content: bytes):
    with pytest.raises(BadInput) as refused:
        OfferImage(content=content, alt=WORDS)
    assert refused.value.field == "image"


def test_an_offer_is_open_from_its_first_to_its_last_instant_and_while_in_stock():
    tick = timedelta(microseconds=1)
    assert OFFER.is_open(GIVEN_AT, accepted=499)
    assert not OFFER.is_open(GIVEN_AT, accepted=500)
    assert not OFFER.is_open(GIVEN_AT - tick, accepted=0)
    assert OFFER.is_open(OFFER.valid_until - tick, accepted=0)
    assert not OFFER.is_open(OFFER.valid_until, accepted=0)
    assert replace(OFFER, stock=None).is_open(GIVEN_AT, accepted=10**9)
