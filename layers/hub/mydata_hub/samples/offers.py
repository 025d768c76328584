"""What the sample partners offer, as documents that any partner could publish."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

VALID_DAYS: Final = 300
# (who, what, {field: value}); the dates are of the day on which the sample world begins.
_OFFERS: Final[tuple[tuple[str, str, Mapping[str, Any]], ...]] = (
    (
        "alley",
        "coffee-before-work",
        {
            "category": "cafe",
            "title": {"ko": "출근길 커피 반값", "en": "Half-price coffee on your way in"},
            "text": {
                "ko": "아침에 들르면 아메리카노를 반값에 드려요.",
                "en": "Come by in the morning and an americano is half the price.",
            },
            "purpose": "personal_offers",
            "eligibility": 'context["habits.cafe_morning@1"] == "yes"'
            ' && context["commute.by_subway@1"] == "yes"',
            "trigger": "payment.cafe",
            "benefit": {
                "kind": "coupon",
                "wording": {"ko": "아메리카노 반값", "en": "Half an americano"},
                "amount_minor": 2250,
                "currency": "KRW",
            },
        },
    ),
    (
        "alley",
        "lunch-points",
        {
            "category": "restaurant",
            "title": {"ko": "점심 포인트", "en": "Lunch points"},
            "text": {
                "ko": "단골 식당에서 낸 돈만큼 포인트가 저절로 쌓여요.",
                "en": "Points come by themselves for what you spend at your usual place.",
            },
            "purpose": "personal_offers",
            "eligibility": "",
            "trigger": "payment.restaurant",
            "benefit": {
                "kind": "points",
                "wording": {"ko": "점심 한 그릇", "en": "One lunch"},
                "amount_minor": 9000,
                "currency": "KRW",
                "merchants": ["김밥천국 북창점", "무교동 칼국수", "본죽 시청점"],
                "per_minor": 1000,
                "goal": 100,
                "expires_days": 365,
            },
        },
    ),
    (
        "alley",
        "coffee-stamps",
        {
            "category": "cafe",
            "title": {"ko": "커피 도장 열 개", "en": "Ten coffee stamps"},
            "text": {
                "ko": "열 번 들르면 한 잔은 우리가 내요.",
                "en": "Come ten times and one cup is on us.",
            },
            "purpose": "personal_offers",
            "eligibility": "",
            "trigger": "payment.cafe",
            "benefit": {
                "kind": "stamps",
                "wording": {"ko": "아메리카노 한 잔", "en": "One americano"},
                "amount_minor": 4500,
                "currency": "KRW",
                "merchants": ["메가MGC커피 시청점", "스타벅스 시청역점"],
                "goal": 10,
                "expires_days": 180,
            },
        },
    ),
    (
        "insurer",
        "renewal-discount",
        {
            "category": "insurance",
            "title": {
                "ko": "자동차보험 갈아탈 때 3만 원",
                "en": "30,000 won for changing car cover",
            },
            "text": {
                "ko": "보험이 끝나기 전에 견적을 받으면 첫 보험료에서 3만 원을 빼 드려요.",
                "en": "Ask for a quote before your cover ends and the first premium is less.",
            },
            "purpose": "insurance_quote",
            "eligibility": 'context["insurance.car_cover@1"] == "yes"',
            "trigger": "renewal.car",
            "claims_on_acceptance": ["insurance.loss_free_3_years@1"],
            "benefit": {
                "kind": "coupon",
                "wording": {
                    "ko": "첫 보험료 3만 원 할인",
                    "en": "30,000 won off the first premium",
                },
                "amount_minor": 30000,
                "currency": "KRW",
            },
        },
    ),
    (
        "insurer",
        "car-stays-home",
        {
            "category": "insurance",
            "title": {"ko": "차를 두고 출근하면 2만 원", "en": "20,000 won for leaving the car"},
            "text": {
                "ko": "차가 있어도 지하철로 출근하면 보험료에서 2만 원을 돌려드려요.",
                "en": "Have a car, go to work by subway, and get part of the premium back.",
            },
            "purpose": "insurance_quote",
            "eligibility": 'context["commute.by_subway@1"] == "yes"'
            ' && context["insurance.car_cover@1"] == "yes"',
            "trigger": "always",
            "claims_on_acceptance": ["insurance.loss_free_3_years@1"],
            "benefit": {
                "kind": "coupon",
                "wording": {"ko": "보험료 2만 원 환급", "en": "20,000 won of the premium back"},
                "amount_minor": 20000,
                "currency": "KRW",
            },
        },
    ),
    (
        "bicycle",
        "no-deposit",
        {
            "category": "mobility",
            "title": {"ko": "보증금 없는 자전거", "en": "A bicycle without a deposit"},
            "text": {
                "ko": "신뢰 점수가 600점 이상이면 보증금 5만 원을 받지 않아요.",
                "en": "From a trust score of 600 on there is no deposit of 50,000 won.",
            },
            "purpose": "deposit_waiver",
            "eligibility": "",
            "trigger": "tier.600",
            "benefit": {
                "kind": "perk",
                "wording": {"ko": "보증금 없음", "en": "No deposit"},
                "amount_minor": 50000,
                "currency": "KRW",
            },
        },
    ),
    (
        "bicycle",
        "no-deposit-car",
        {
            "category": "mobility",
            "title": {"ko": "보증금 없는 렌터카", "en": "A rental car without a deposit"},
            "text": {
                "ko": "자전거로 가기 먼 날에는 차를 빌리세요."
                " 신뢰 점수가 650점 이상이면 보증금 20만 원을 받지 않아요.",
                "en": "For days when a bicycle will not do."
                " From a trust score of 650 on there is no deposit of 200,000 won.",
            },
            "purpose": "deposit_waiver",
            "eligibility": "",
            "trigger": "tier.650",
            "benefit": {
                "kind": "perk",
                "wording": {"ko": "보증금 없음", "en": "No deposit"},
                "amount_minor": 200000,
                "currency": "KRW",
            },
        },
    ),
    (
        "travel",
        "airport-lounge",
        {
            "category": "travel",
            "title": {"ko": "공항 라운지 한 번", "en": "One visit to an airport lounge"},
            "text": {
                "ko": "신뢰 점수가 700점 이상이면 떠나는 날 라운지에서 쉬어 가세요.",
                "en": "From a trust score of 700 on, rest in a lounge on the day you leave.",
            },
            "purpose": "personal_offers",
            "eligibility": "",
            "trigger": "tier.700",
            "benefit": {
                "kind": "perk",
                "wording": {"ko": "라운지 한 번 들어가기", "en": "One entry to a lounge"},
                "amount_minor": 40000,
                "currency": "KRW",
            },
        },
    ),
)


def offers_of(trade: str, now: datetime) -> dict[str, dict[str, Any]]:
    """The offers of a sample partner by their names, valid from now on."""
    dates = {
        "valid_from": now.isoformat(timespec="seconds"),
        "valid_until": (now + timedelta(days=VALID_DAYS)).isoformat(timespec="seconds"),
    }
    return {name: {"name": name, **said, **dates} for who, name, said in _OFFERS if who == trade}
