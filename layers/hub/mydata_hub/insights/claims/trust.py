"""What can be asked of the trust score: its tier, or whether it reaches one."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import trust
from mydata_hub.insights.claim import Sensitivity
from mydata_hub.insights.entries import YEAR_FLOOR, Attribute, Entry, make_entry
from mydata_hub.scorecard.card import TIERS

_TIER: Final = Attribute(
    insight=trust.TIER,
    label=Wording(ko="신뢰 점수 구간", en="Tier of the trust score"),
    cells=tuple(trust.CELLS.values()),
    ordered=True,
)


def _at_least(tier: int, purposes: tuple[str, ...]) -> Entry:
    return make_entry(
        f"trust.at_least_{tier}",
        f"신뢰 점수가 {tier}점 이상인가요?",
        f"Is the trust score at least {tier}?",
        _TIER,
        YEAR_FLOOR,
        purposes,
        yes=tuple(trust.CELLS[one] for one in TIERS if one >= tier),
        disputable=True,
        appealable=True,
        sensitivity=Sensitivity.SENSITIVE,
    )


# The floor asks for one source that is known for a year, such as a card. What else is not connected
# or not fresh counts as not known; the card of the score says how much of it there must be.
ENTRIES: Final = (
    make_entry(
        "trust.tier",
        "신뢰 점수는 어느 구간인가요?",
        "Which tier does the trust score reach?",
        _TIER,
        YEAR_FLOOR,
        ("loan_advice",),
        disputable=True,
        appealable=True,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    _at_least(TIERS[0], ("deposit_waiver",)),
    _at_least(TIERS[1], ("deposit_waiver",)),
    _at_least(TIERS[2], ("deposit_waiver", "personal_offers")),
)
