"""Rhythms: how often a category was paid in the last 30 days, as coarsely as offers need it.

Whatever an offer follows or foresees (a payment, a need of the week) tells a partner at most the
rhythm of its category: that is the claim an acceptance discloses for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from mydata_hub.insights.fold import CARD, EFIN, Finding
from mydata_hub.insights.moments import DAY_MINUTES, WEEK_DAYS, local_day, minute_of
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.rule import SAME_WEEKS_PERCENT, Asked, RuleInsight, find

SPAN_DAYS: Final = 30
# In most of the last four weeks is weekly: one week away ends no rhythm.
WEEKS: Final = 4
NOT_AT_ALL: Final = "not_at_all"
SOMETIMES: Final = "sometimes"
WEEKLY: Final = "weekly"
# What an attribute of these is called, and the category behind it.
RHYTHM: Final = "spending.rhythm_"
CELLS: Final = (NOT_AT_ALL, SOMETIMES, WEEKLY)


class Rhythm(NamedTuple):
    """A category in words: its name, what is asked of it, and what was done."""

    ko: str
    en: str
    ask_ko: str
    ask_en: str
    did_ko: str
    did_en: str
    # The categories of payments that count as it, where it is more than its own.
    categories: tuple[str, ...] = ()


# Of the remembered categories those that somebody chooses to go to: no bill, and nothing that
# tells of health, belief or family.
RHYTHMS: Final[Mapping[str, Rhythm]] = {
    "cafe": Rhythm(
        "카페", "cafés", "카페에 얼마나 자주 갔나요?", "pay at a café",
        "카페에서 결제했어요", "paid at a café",
    ),
    "bakery": Rhythm(
        "빵집", "bakeries", "빵집에 얼마나 자주 갔나요?", "pay at a bakery",
        "빵집에서 결제했어요", "paid at a bakery",
    ),
    "restaurant": Rhythm(
        "식당", "restaurants", "식당에 얼마나 자주 갔나요?", "pay at a restaurant",
        "식당에서 결제했어요", "paid at a restaurant",
    ),
    "delivery": Rhythm(
        "배달", "deliveries", "배달이나 치킨을 얼마나 자주 시켰나요?", "have food delivered",
        "배달이나 치킨을 시켰어요", "had food delivered", ("delivery", "chicken"),
    ),
    "groceries": Rhythm(
        "장보기", "groceries", "얼마나 자주 장을 봤나요?", "buy groceries",
        "장을 봤어요", "bought groceries",
    ),
    "convenience": Rhythm(
        "편의점", "convenience stores", "편의점에 얼마나 자주 갔나요?",
        "pay at a convenience store", "편의점에서 결제했어요", "paid at a convenience store",
    ),
    "fuel": Rhythm(
        "주유", "fuel", "얼마나 자주 주유했나요?", "pay for fuel",
        "주유했어요", "paid for fuel",
    ),
    "taxi": Rhythm(
        "택시", "taxis", "택시를 얼마나 자주 탔나요?", "take a taxi",
        "택시를 탔어요", "took a taxi",
    ),
    "transport": Rhythm(
        "대중교통", "public transport", "대중교통비를 얼마나 자주 냈나요?",
        "pay for public transport", "대중교통비를 냈어요", "paid for public transport",
    ),
    "culture": Rhythm(
        "책과 영화", "books and films", "책이나 영화에 얼마나 자주 돈을 썼나요?",
        "pay for books or films", "책이나 영화에 돈을 썼어요", "paid for books or films",
    ),
    "sport": Rhythm(
        "운동", "sport", "운동에 얼마나 자주 돈을 썼나요?", "pay for sport",
        "운동에 돈을 썼어요", "paid for sport",
    ),
    "travel": Rhythm(
        "여행", "travel", "여행에 얼마나 자주 돈을 썼나요?", "pay for travel",
        "여행에 돈을 썼어요", "paid for travel",
    ),
    "shopping": Rhythm(
        "쇼핑", "shopping", "쇼핑을 얼마나 자주 했나요?", "go shopping",
        "쇼핑을 했어요", "went shopping",
    ),
    "beauty": Rhythm(
        "미용", "hair and beauty", "미용에 얼마나 자주 돈을 썼나요?", "pay for hair or beauty",
        "미용에 돈을 썼어요", "paid for hair or beauty",
    ),
}  # fmt: skip


def categories_of(category: str) -> tuple[str, ...]:
    """The categories of payments that a rhythm counts."""
    return RHYTHMS[category].categories or (category,)


def _insight(category: str) -> RuleInsight:
    words, counted = RHYTHMS[category], categories_of(category)

    def rule(asked: Asked) -> Finding:
        until = minute_of(asked.now) + 1
        paid = PAYMENTS.payments(
            asked.state,
            collected_only=asked.collected_only,
            inputs=asked.inputs,
            between=(until - SPAN_DAYS * DAY_MINUTES, until),
        )
        days = {local_day(one.minute) for one in paid if one.category in counted}
        ago = {(asked.today - day) // WEEK_DAYS for day in days}
        weeks = len(ago & set(range(WEEKS)))
        if not days:
            return find(
                NOT_AT_ALL,
                f"{words.ko}: 지난 {SPAN_DAYS}일 동안 없었어요.",
                f"Nothing for {words.en} in the last {SPAN_DAYS} days.",
                days=0,
            )
        return find(
            WEEKLY if weeks * 100 >= SAME_WEEKS_PERCENT * WEEKS else SOMETIMES,
            f"지난 {SPAN_DAYS}일 중 {len(days)}일 {words.did_ko}.",
            f"On {len(days)} of the last {SPAN_DAYS} days you {words.did_en}.",
            days=len(days),
            weeks=weeks,
        )

    attribute = RHYTHM + category
    return RuleInsight(attribute=attribute, fold=PAYMENTS, inputs=(CARD, EFIN), rule=rule)


INSIGHTS: Final[Mapping[str, RuleInsight]] = {one: _insight(one) for one in RHYTHMS}
