"""Triggers: the closed list of happenings in a vault after which an offer may be shown.

What a happening tells of the person is in `needs`: that it happened discloses as much as answers to
these claims do, so an acceptance discloses and is charged for them, and without them there is no
match. What is finer than they are (which day, which shop) stays in the vault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from mydata_hub.fields import ClaimRef, Wording
from mydata_hub.insights.rhythm import SOMETIMES, WEEKLY, categories_of
from mydata_hub.offers.catalogue.eligibility import Answers
from mydata_hub.scorecard.card import TIERS

RECENT_DAYS: Final = 3


class Happening(StrEnum):
    """What must be so in the vault beside the answers."""

    # A payment in one of the categories in the last RECENT_DAYS days.
    PAID = "paid"
    # One of the categories is among the likely needs of the week (insights/next_need.py).
    NEEDED = "needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A happening in categories of payments."""

    happening: Happening
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One happening."""

    id: str
    # Why an offer is shown: "because you ...", "...해서".
    wording: Wording
    # Of each claim that the happening tells of, the answers of those it happens to.
    needs: Answers
    # None where those answers are the happening.
    moment: Moment | None


class _Words(NamedTuple):
    """A category of payments in reasons: what was paid, and what will be needed."""

    paid_ko: str
    paid_en: str
    needed_ko: str
    needed_en: str


_CATEGORIES: Final[Mapping[str, _Words]] = {
    "cafe": _Words("카페에서 결제해서", "paid at a café", "카페에 갈", "go to a café"),
    "bakery": _Words("빵집에서 결제해서", "paid at a bakery", "빵집에 갈", "go to a bakery"),
    "restaurant": _Words("식당에서 결제해서", "paid at a restaurant", "외식할", "eat out"),
    "delivery": _Words("배달을 시켜서", "had food delivered", "배달을 시킬", "have food delivered"),
    "groceries": _Words("장을 봐서", "bought groceries", "장을 볼", "buy groceries"),
    "convenience": _Words(
        "편의점에서 결제해서",
        "paid at a convenience store",
        "편의점에 갈",
        "go to a convenience store",
    ),
    "fuel": _Words("주유해서", "paid for fuel", "주유할", "need fuel"),
    "taxi": _Words("택시를 타서", "took a taxi", "택시를 탈", "take a taxi"),
    "transport": _Words(
        "대중교통을 타서", "took public transport", "대중교통을 탈", "take public transport"
    ),
    "culture": _Words(
        "문화생활에 결제해서", "paid for a film or a show", "문화생활을 할", "see a film or a show"
    ),
    "sport": _Words("운동에 결제해서", "paid for sport", "운동할", "do sport"),
    "travel": _Words("여행에 결제해서", "paid for travel", "여행할", "travel"),
    "shopping": _Words("쇼핑을 해서", "went shopping", "쇼핑할", "go shopping"),
    "beauty": _Words("미용에 결제해서", "paid at a salon", "미용실에 갈", "go to a salon"),
}


# What the answer to one claim tells by itself.
_FACTS: Final = (
    ("life.car_bought", "life.car_bought@1", ("yes",), "차가 생겨서", "you have a new car"),
    ("life.moved", "life.moved@1", ("yes",), "이사한 것 같아서", "you seem to have moved"),
    (
        "life.new_employer",
        "life.new_employer@1",
        ("yes",),
        "급여를 주는 곳이 바뀌어서",
        "your pay has a new payer",
    ),
    (
        "renewal.car",
        "insurance.renewal@2",
        ("within_30", "31_to_60"),
        "자동차보험이 곧 끝나서",
        "your car cover ends soon",
    ),
    (
        "lapse.car",
        "insurance.lapsed_cover@1",
        ("yes",),
        "자동차보험이 이어지지 않아서",
        "your car cover lapsed",
    ),
)


def _triggers() -> Iterator[Trigger]:
    yield _trigger("always", "조건에 맞아서", "because you fit it")
    for category, words in _CATEGORIES.items():
        rhythm, lately = f"spending.rhythm_{category}@1", (SOMETIMES, WEEKLY)
        categories = categories_of(category)
        yield _trigger(
            f"payment.{category}",
            f"얼마 전에 {words.paid_ko}",
            f"because you {words.paid_en} lately",
            rhythm,
            lately,
            Moment(happening=Happening.PAID, categories=categories),
        )
        yield _trigger(
            f"need.{category}",
            f"이번 주에 {words.needed_ko} 것 같아서",
            f"because you are likely to {words.needed_en} this week",
            rhythm,
            lately,
            Moment(happening=Happening.NEEDED, categories=categories),
        )
    for trigger, claim, answers, ko, en in _FACTS:
        yield _trigger(trigger, ko, f"because {en}", claim, answers)
    for tier in TIERS:
        yield _trigger(
            f"tier.{tier}",
            f"신뢰 점수가 {tier}점 이상이라서",
            f"because your trust score is at least {tier}",
            f"trust.at_least_{tier}@1",
            ("yes",),
        )


def _trigger(
    trigger: str,
    ko: str,
    en: str,
    claim: str | None = None,
    answers: tuple[str, ...] = (),
    moment: Moment | None = None,
) -> Trigger:
    return Trigger(
        id=trigger,
        wording=Wording(ko=ko, en=en),
        needs={ClaimRef(claim): frozenset(answers)} if claim else {},
        moment=moment,
    )


TRIGGERS: Final[Mapping[str, Trigger]] = {trigger.id: trigger for trigger in _triggers()}
