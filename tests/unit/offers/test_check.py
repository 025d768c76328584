"""The check of an offer: what is wrong has its field and a remedy, and what is right a price."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.errors import BadInput
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.fair_use import FairUse
from mydata_hub.offers.catalogue.check import Checked, check_offer
from mydata_hub.offers.catalogue.document import MAX_DOCUMENT_BYTES
from mydata_hub.offers.catalogue.offer import Offer

from tests.unit.objects.samples import PNG
from tests.unit.offers.documents import (
    CAFE,
    DOCUMENT,
    FAIR_USE,
    NOW,
    PARTNER,
    SUBWAY,
    without,
    written,
)

IMAGE = {"content": base64.b64encode(PNG).decode(), "alt": {"ko": "커피", "en": "Coffee"}}
POINTS = {
    "kind": "points",
    "wording": {"ko": "점심 한 그릇", "en": "One lunch"},
    "amount_minor": 9000,
    "currency": "KRW",
    "merchants": ["김밥나라"],
    "per_minor": 1000,
    "goal": 100,
    "expires_days": 365,
}
COUPON = DOCUMENT["benefit"]


def check(document: str, client: Any = PARTNER, fair_use: FairUse = FAIR_USE) -> Checked:
    return check_offer(document, NOW, CATALOGUE, fair_use, client)


def refused(document: str, **more: Any) -> BadInput:
    with pytest.raises(BadInput) as found:
        check(document, **more)
    return found.value


def test_a_sound_offer_has_its_condition_and_all_that_accepting_it_discloses_at_its_price():
    checked = check(written(image=IMAGE))
    offer = checked.offer
    assert (offer.offer_id, offer.client, offer.version) == ("alley.morning", "alley", 1)
    assert offer.image is not None
    assert (offer.image.content, offer.image.media_type) == (PNG, "image/png")
    assert checked.condition == (
        {"habits.cafe_morning@1": {"yes"}, "commute.by_subway@1": {"yes"}},
    )
    # Of eligibility, trigger and acceptance, in that order.
    assert checked.discloses == (
        "habits.cafe_morning@1",
        "commute.by_subway@1",
        "spending.rhythm_cafe@1",
        "commute.window@1",
    )
    priced = [CATALOGUE[claim].claim.bits for claim in checked.discloses]
    assert checked.bits == sum(priced) == Decimal("7.7550")


def test_a_claim_that_has_two_reasons_is_disclosed_and_charged_once():
    checked = check(
        written(
            eligibility='context["spending.rhythm_cafe@1"] == "weekly"',
            claims_on_acceptance=["spending.rhythm_cafe@1"],
        )
    )
    assert checked.discloses == ("spending.rhythm_cafe@1",)
    assert checked.bits == CATALOGUE["spending.rhythm_cafe@1"].claim.bits


def test_an_offer_for_everybody_discloses_nothing_and_costs_nothing():
    checked = check(written(eligibility="", trigger="always", claims_on_acceptance=[]))
    assert (checked.condition, checked.discloses, checked.bits) == (({},), (), Decimal(0))


def test_it_is_the_same_offer_however_its_document_is_written():
    spaced = json.dumps(DOCUMENT, indent=4, sort_keys=True, ensure_ascii=False)
    assert check(spaced).offer.encode() == check(written()).offer.encode()
    short = {k: v for k, v in DOCUMENT.items() if k not in ("eligibility", "trigger", "stock")}
    assert check(json.dumps(short)).offer.trigger == "always"


def test_without_a_partner_only_what_holds_for_all_of_them_is_checked():
    loan = written(
        purpose="loan_advice",
        category="finance",
        eligibility='context["payments.repays_loan@1"] == "yes"',
        trigger="always",
        claims_on_acceptance=[],
    )
    assert check(loan, client=None).offer.client == "partner"
    assert refused(loan).field == "purpose"


def said(text: str) -> dict[str, str]:
    return {"ko": "커피", "en": text}


WRONG: dict[str, tuple[str, str, str]] = {
    # what is wrong -> the document, its field, a word of the remedy
    "no JSON": ("{", "offer", "JSON"),
    "half a letter": ('{"name": "\ud800"}', "offer", "JSON"),
    "a list": ("[]", "offer", "object"),
    "a name twice": ('{"name": "a", "name": "b"}', "offer", "once"),
    "too large": (written(text=said("x" * MAX_DOCUMENT_BYTES)), "offer", "at most"),
    "a field missing": (without("benefit"), "benefit", "needed"),
    "an unknown field": (written(audience="all"), "audience", "no such field"),
    "an unknown part": (
        written(benefit={**COUPON, "barcode": "1"}),
        "benefit.barcode",
        "no such field",
    ),
    "a name with capitals": (written(name="Morning"), "name", "lower-case"),
    "another's name": (written(name="other.morning"), "name", "lower-case"),
    "a version of one's own": (written(version=2), "version", "no such field"),
    "an id of one's own": (written(offer_id="other.morning"), "offer_id", "no such field"),
    "a category of one's own": (written(category="coffee"), "category", "one of"),
    "one language": (written(title={"en": "Coffee"}), "title.ko", "needed"),
    "an empty text": (written(text={"ko": "", "en": "x"}), "text", "ko and en"),
    "a long title": (written(title=said("x" * 61)), "title", "60"),
    "markup": (written(text=said("<b>Free</b>")), "text", "markup"),
    "a script": (written(text=said("<script>alert(1)</script>")), "text", "script"),
    "a script's address": (written(title=said("javascript:alert(1)")), "title", "address"),
    "remote content": (written(text=said("See https://cafe")), "text", "address"),
    "a domain": (written(text=said("See cafe.example")), "text", "address"),
    "a script in the benefit": (
        written(benefit={**COUPON, "wording": said("<i>off")}),
        "benefit.wording",
        "markup",
    ),
    "a script in a shop": (
        written(benefit={**POINTS, "merchants": ["<i>"]}),
        "benefit.merchants",
        "markup",
    ),
    "an image elsewhere": (
        written(image={**IMAGE, "content": "https://cafe.example/a.png"}),
        "image.content",
        "no address",
    ),
    "an image by its address": (written(image="https://cafe.example/a.png"), "image", "object"),
    "an SVG": (
        written(image={**IMAGE, "content": base64.b64encode(b"<svg onload='x()'/>").decode()}),
        "image",
        "PNG",
    ),
    "a large image": (
        written(
            image={
                **IMAGE,
                "content": base64.b64encode(PNG[:8] + bytes(50_000) + PNG[-8:]).decode(),
            }
        ),
        "image",
        "bytes",
    ),
    "a script beside the image": (written(image={**IMAGE, "alt": said("<b>")}), "image", "markup"),
    "a purpose of one's own": (written(purpose="marketing"), "purpose", "published"),
    "a purpose that is not the partner's": (
        written(purpose="mobility_service"),
        "purpose",
        "registered",
    ),
    "no expression": (written(eligibility="coffee lovers"), "eligibility", "Cedar"),
    "outside the catalogue": (
        written(eligibility='context["habits.tea@1"] == "yes"'),
        "eligibility",
        "published catalogue",
    ),
    "a trigger outside the list": (written(trigger="payment.health"), "trigger", "published list"),
    "acceptance outside the catalogue": (
        written(claims_on_acceptance=["habits.tea"]),
        "claims_on_acceptance",
        "published catalogue",
    ),
    "acceptance twice": (
        written(claims_on_acceptance=["commute.window", "commute.window@1"]),
        "claims_on_acceptance",
        "once",
    ),
    "an answer outside the alphabet": (
        written(eligibility='context["habits.cafe_morning@1"] == "often"'),
        "eligibility",
        "alphabet",
    ),
    "no answer as an answer": (
        written(eligibility='context["habits.cafe_morning@1"] == "no_answer"'),
        "eligibility",
        "no_answer is none",
    ),
    "a contradiction": (
        written(eligibility=f"{CAFE} && !({CAFE})"),
        "eligibility",
        "contradicts itself",
    ),
    "a contradiction within one attribute": (
        written(
            eligibility='context["habits.cafe_time@1"] == "after_18" && ' + CAFE,
        ),
        "eligibility",
        "contradicts itself",
    ),
    "a trigger that can never happen": (
        written(eligibility='context["spending.rhythm_cafe@1"] == "not_at_all"'),
        "trigger",
        "never happen",
    ),
    "a claim that decides nothing": (
        written(eligibility=f"{CAFE} && ({SUBWAY} || !({SUBWAY}))"),
        "eligibility",
        "commute.by_subway@1",
    ),
    "a retired claim": (
        written(eligibility='context["insurance.renewal@1"] == "within_30"'),
        "eligibility",
        "retired",
    ),
    "eligibility for another purpose": (
        written(eligibility='context["payments.repays_loan@1"] == "yes"'),
        "eligibility",
        "not answered for this purpose",
    ),
    "a trigger for another purpose": (
        written(trigger="life.moved"),
        "trigger",
        "not answered for this purpose",
    ),
    "acceptance for another purpose": (
        written(claims_on_acceptance=["trust.tier"]),
        "claims_on_acceptance",
        "not answered for this purpose",
    ),
    "a benefit of one's own": (
        written(benefit={**COUPON, "kind": "cash"}),
        "benefit.kind",
        "one of",
    ),
    "an amount in floats": (
        written(benefit={**COUPON, "amount_minor": 10.5}),
        "benefit.amount_minor",
        "whole number",
    ),
    "points without a goal": (
        written(benefit={**POINTS, "goal": None}),
        "benefit.goal",
        "needed",
    ),
    "a date": (written(valid_until="2026-06-01"), "valid_until", "with its zone"),
    "an instant without its zone": (
        written(valid_from="2026-03-01T00:00:00"),
        "valid_from",
        "with its zone",
    ),
    "an offer that is over": (
        written(valid_from="2026-01-01T00:00:00Z", valid_until="2026-03-01T09:30:00Z"),
        "valid_until",
        "over",
    ),
    "an end before its beginning": (
        written(valid_from="2026-07-01T00:00:00Z"),
        "valid_until",
        "after valid_from",
    ),
    "an offer for ever": (written(valid_until="2036-01-01T00:00:00Z"), "valid_until", "days"),
    "nothing in stock": (written(stock=0), "stock", "1 to"),
    "stock in words": (written(stock="many"), "stock", "whole number"),
}


@pytest.mark.parametrize(("document", "field", "word"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_by_its_field_and_with_its_remedy(document, field, word):
    found = refused(document)
    assert found.field == field
    assert word in found.remedy


def test_more_claims_than_fair_use_are_refused_at_the_field_that_goes_beyond():
    four = FairUse(
        {"personal_offers": FAIR_USE.bounds["personal_offers"].model_copy(update={"claims": 4})}
    )
    three = FairUse(
        {"personal_offers": FAIR_USE.bounds["personal_offers"].model_copy(update={"claims": 3})}
    )
    one = FairUse(
        {"personal_offers": FAIR_USE.bounds["personal_offers"].model_copy(update={"claims": 1})}
    )
    assert len(check(written(), fair_use=four).discloses) == 4
    for bounds, field in ((three, "claims_on_acceptance"), (one, "eligibility")):
        found = refused(written(), fair_use=bounds)
        assert found.field == field
        assert "fair use" in found.remedy
    assert refused(written(), fair_use=FairUse({})).field == "purpose"


def test_more_bits_than_a_group_may_learn_are_refused_at_the_field_that_goes_beyond():
    wide = [
        "habits.groceries_time",
        "habits.cafe_time",
        "commute.mode",
        "habits.deliveries",
        "spending.eating_out",
        "spending.groceries",
        "commute.window",
        "mobility.trips",
        "mobility.distance",
        "payments.subscriptions",
    ]
    bits = [CATALOGUE[f"{name}@1"].claim.bits for name in wide]
    fits = next(count for count in range(1, 11) if sum(bits[: count + 1]) > 24)
    assert fits >= 2
    alone = {"eligibility": "", "trigger": "always"}
    within = check(written(**alone, claims_on_acceptance=wide[:fits]))
    assert within.bits == sum(bits[:fits]) <= 24
    found = refused(written(**alone, claims_on_acceptance=wide[: fits + 1]))
    assert found.field == "claims_on_acceptance"
    assert "24.0000 bits" in found.remedy


def test_what_this_partner_may_not_ask_is_refused_wherever_it_stands():
    for claims, field in (
        (("commute.by_subway", "spending.rhythm_cafe", "commute.window"), "eligibility"),
        (("habits.cafe_morning", "commute.by_subway", "commute.window"), "trigger"),
        (
            ("habits.cafe_morning", "commute.by_subway", "spending.rhythm_cafe"),
            "claims_on_acceptance",
        ),
    ):
        found = refused(written(), client=replace(PARTNER, claims=claims))
        assert found.field == field
        assert "not registered" in found.remedy


def test_no_refusal_repeats_what_was_written():
    secret = "hong-gildong"
    for document in (
        written(title=said(f"<{secret}>")),
        written(purpose=secret),
        written(category=secret),
        written(eligibility=f'context["{secret}"] == "{secret}"'),
        written(trigger=secret),
        written(valid_from=secret),
        written(**{f"{secret} 010": 1}),
        written(image={**IMAGE, "content": secret}),
    ):
        assert secret not in str(refused(document))


def test_more_claims_than_an_offer_holds_are_refused():
    found = refused(written(claims_on_acceptance=[*CATALOGUE][:33]))
    assert found.field == "claims_on_acceptance"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
PARTS = st.sampled_from(
    [(name,) for name in DOCUMENT]
    + [("benefit", name) for name in POINTS]
    + [("title", "ko"), ("image",), ("benefit", "till"), ("audience",)]
)


@settings(max_examples=200, deadline=None)
@given(part=PARTS, value=JSON)
def test_whatever_is_written_is_a_sound_offer_or_refused_by_a_field(part, value):
    document = json.loads(written(benefit=POINTS))
    inside = document if len(part) == 1 else document[part[0]]
    inside[part[-1]] = value
    found = outcome(json.dumps(document))
    if isinstance(found, BadInput):
        assert found.field.split(".")[0] in (part[0], "offer", "valid_until")
    else:
        assert Offer.decode(found.offer.encode()) == found.offer


def outcome(document: str) -> Checked | BadInput:
    try:
        return check(document)
    except BadInput as refusal:
        return refusal
