"""The card in force: the points that everybody's score is added up from.

Every point of this one is set by people and marked so; a card that is fitted to data takes the next
version.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.scorecard import features as hub
from mydata_hub.scorecard.card import (
    FORMAT,
    TIERS,
    Card,
    Family,
    Floor,
    NumericFeature,
    Scale,
    Source,
    Span,
    all_points,
)

_WEIGHTS: Final = {
    hub.PAYMENT_HISTORY: 35,
    hub.UTILISATION: 20,
    hub.BILLS: 15,
    hub.MOBILE_PAYMENTS: 10,
    hub.SAVINGS: 10,
    hub.HISTORY: 10,
}
_BASE: Final = 560
# Feature, where its rows begin, the points of each row, those of what is not known, and the usual.
_POINTS: Final = (
    ("late_bills", (1, 2, 4), (45, 5, -35, -75), -15, 45),
    ("overdue_now", (1, 2), (25, -70, -120), -5, 25),
    ("utilisation_percent", (30, 60, 90), (30, 10, -15, -45), 0, 10),
    ("regular_bills_paid", (6, 18, 36), (-15, 0, 15, 25), -5, 15),
    ("payment_weeks", (5, 15), (-5, 5, 10), -5, 5),
    ("saving_percent", (0, 10, 30), (-20, 0, 10, 20), -5, 10),
    ("holds_investments", (1,), (0, 10), 0, 0),
    ("history_months", (6, 12, 24), (-25, 0, 10, 20), -25, 10),
)
_NONE: Final = Wording(ko="없음", en="none")
_FIRST: Final = dict.fromkeys(("late_bills", "overdue_now", "holds_investments"), _NONE)
_ADVICE: Final = {
    "late_bills": Wording(
        ko="카드 대금을 제때 내면 늦은 일이 1년 뒤 빠져요.",
        en="Pay each card bill when it is due; what was late drops out after a year.",
    ),
    "overdue_now": Wording(ko="밀린 카드 대금을 내세요.", en="Pay the card bill that is overdue."),
    "utilisation_percent": Wording(
        ko="카드를 한도보다 훨씬 적게 쓰세요.", en="Use less of the card's limit."
    ),
    "regular_bills_paid": Wording(
        ko="공과금과 통신비를 매달 내 이름으로 내세요.",
        en="Pay utilities and phone from your own account every month.",
    ),
    "payment_weeks": Wording(ko="간편결제를 꾸준히 쓰세요.", en="Pay by phone more regularly."),
    "saving_percent": Wording(
        ko="수입 가운데 조금 더 남겨 두세요.", en="Keep a little more of what comes in."
    ),
}


def _feature(
    name: str, edges: Sequence[int], points: Sequence[int], missing: int, typical: int
) -> NumericFeature:
    meant, ends = hub.HUB_FEATURES[name], [None, *map(float, edges), None]
    rows = tuple(
        Span(
            at_least=begin,
            below=end,
            points=given,
            label=_FIRST.get(name) if begin is None else None,
        )
        for (begin, end), given in zip(pairwise(ends), points, strict=True)
    )
    return NumericFeature(
        kind="numeric",
        id=name,
        family=meant.family,
        source=Source.EXPERT,
        label=meant.label,
        direction=meant.direction,
        whole=True,
        rows=rows,
        missing=missing,
        typical=typical,
        advice=_ADVICE.get(name),
    )


@functools.cache
def card_in_force() -> Card:
    """The card that everybody is scored with."""
    found = tuple(_feature(*row) for row in _POINTS)
    return Card(
        format=FORMAT,
        id="hub",
        version=1,
        title=Wording(ko="허브의 신뢰 점수표", en="The hub's trust score card"),
        data=Wording(
            ko="데이터에 맞추지 않고 사람이 정했어요.", en="Set by people, and fitted to no data."
        ),
        base_points=_BASE,
        lowest=_BASE + sum(min(all_points(one)) for one in found),
        highest=_BASE + sum(max(all_points(one)) for one in found),
        tiers=TIERS,
        scale=Scale(points_to_double=40.0, anchor_score=650, anchor_odds=16.0),
        floor=Floor(families=2, confidence=40),
        families=tuple(
            Family(
                id=name,
                label=hub.FAMILIES[name],
                weight=weight,
                required=name == hub.PAYMENT_HISTORY,
            )
            for name, weight in _WEIGHTS.items()
        ),
        features=found,
    )
