"""Where the shipped card's points come from: `python -m tests.evaluation.shipped_card OUT`.

Payment history and use of limits are fitted on the credit cards of Taiwan (UCI, CC BY 4.0), whose
columns are mapped to what the hub computes in a vault. For everything else there is no public data
with such a feature and an outcome: those points are set by people, small beside the fitted ones,
and marked so. None of them is ever below 0, and what is missing gives what the lowest row gives:
connecting such a source cannot cost anybody points, and keeping one away cannot win any.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from mydata_hub.cli.score_building import Named, build_card, with_sums
from mydata_hub.cli.score_fitting import fit
from mydata_hub.cli.score_table import Column
from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import (
    Card,
    Family,
    Floor,
    NumericFeature,
    Source,
    Span,
)
from mydata_hub.scorecard.check import require_of_hub
from mydata_hub.scorecard.evaluate import Value
from mydata_hub.scorecard.features import FAMILIES, HUB_FEATURES
from mydata_hub.scorecard.signing import encode_file

from tests.evaluation.real_data import VARIABLE, evaluation_data

ID: Final = "mydata.trust"
VERSION: Final = 1
TARGET: Final = "default.payment.next.month"
WEIGHTS: Final = {
    "payment_history": 40,
    "utilisation": 15,
    "bills": 15,
    "mobile_payments": 10,
    "savings": 10,
    "history": 10,
}
REQUIRED: Final = {"payment_history"}
FLOOR: Final = Floor(families=2, confidence=50)
# Feature: where its rows begin, the points from there on, and what somebody usual has.
EXPERT: Final = {
    "regular_bills_paid": ((1, 6, 12, 24), (0, 5, 10, 20, 30), 10),
    "payment_weeks": ((1, 8, 18), (0, 4, 8, 12), 8),
    "saving_percent": ((1, 10, 20), (0, 5, 12, 20), 5),
    "holds_investments": ((1,), (0, 10), 0),
    "history_months": ((6, 12, 24), (0, 5, 12, 20), 12),
}
UNITS: Final = {
    "late_bills": ("건", ""),
    "overdue_now": ("개월", " months"),
    "utilisation_percent": ("%", " %"),
    "regular_bills_paid": ("건", ""),
    "payment_weeks": ("주", " weeks"),
    "saving_percent": ("%", " %"),
    "history_months": ("개월", " months"),
}
ADVICE: Final = {
    "late_bills": (
        "카드 대금을 낼 날에 내 보세요. 늦은 기록은 12개월이 지나면 세지 않아요.",
        "Pay card bills by their day; a late one is no longer counted after 12 months.",
    ),
    "overdue_now": (
        "밀린 카드 대금을 내면 바로 반영돼요.",
        "Pay the card bill that is overdue; it counts as soon as it is paid.",
    ),
    "utilisation_percent": (
        "한도에 가깝게 쓰지 않으면 점수가 올라가요.",
        "Use less of the card limits; the last three months count.",
    ),
    "regular_bills_paid": (
        "공과금·통신비·월세·보험료를 연결한 계좌에서 꾸준히 내 보세요.",
        "Keep paying utilities, phone, rent and premiums from an account that is connected.",
    ),
    "saving_percent": (
        "수입에서 남기는 몫을 조금 늘려 보세요.",
        "Keep a little more of what comes in.",
    ),
}


def mapped(row: Mapping[str, str]) -> dict[str, float]:
    """A row of Taiwan as the hub would compute it from six months of card bills.

    The status of a month is how many months its payment is delayed; below 1 it was paid in time.
    """
    delays = [int(float(row[f"PAY_{month}"])) for month in (0, 2, 3, 4, 5, 6)]
    billed = sum(float(row[f"BILL_AMT{month}"]) for month in (1, 2, 3))
    return {
        "late_bills": float(sum(delay >= 1 for delay in delays)),
        "overdue_now": float(max(delays[0], 0)),
        "utilisation_percent": float(billed * 100 // (3 * float(row["LIMIT_BAL"]))),
    }


def read_mapped(data: Path) -> tuple[list[dict[str, float]], list[bool], list[dict[str, str]]]:
    """Everybody's features, whether they defaulted, and their rows as they stand."""
    path = data / "taiwan_credit" / "UCI_Credit_Card.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [mapped(row) for row in rows], [row[TARGET] == "1" for row in rows], rows


def make_card(people: list[dict[str, float]], bads: list[bool]) -> Card:
    """The card of these people, unsigned, with the points that people have set."""
    columns = [Column(name=name, numeric=True, values=_values(people, name)) for name in people[0]]
    ways = {name: HUB_FEATURES[name].direction for name in people[0]}
    named = Named(
        id=ID,
        version=VERSION,
        title=Wording(ko="나의 신뢰 점수표", en="Your own trust score"),
        data=Wording(
            ko=f"대만 신용카드 이용자 {len(people):,}명(2005년, UCI, CC BY 4.0)으로 맞춘 점수와, "
            "자료가 없어 사람이 정한 점수예요. 한국의 신용점수가 아니에요.",
            en=f"Fitted on {len(people):,} credit card clients in Taiwan (2005, UCI, CC BY 4.0); "
            "where there is no data, points are set by people. Not a Korean credit score.",
        ),
        bad="1",
    )
    fitted = build_card(fit(columns, bads, lambda _: None, ways), named)
    usual = sum(typical for _, _, typical in EXPERT.values())
    features = [_of_hub(one) for one in fitted.features if isinstance(one, NumericFeature)]
    features += [_expert(name, *told) for name, told in EXPERT.items()]
    families = tuple(
        Family(id=name, label=FAMILIES[name], weight=weight, required=name in REQUIRED)
        for name, weight in WEIGHTS.items()
    )
    card = replace(
        fitted,
        base_points=fitted.base_points - usual,
        features=tuple(features),
        families=families,
        floor=FLOOR,
    )
    return require_of_hub(with_sums(card))


def _values(people: list[dict[str, float]], name: str) -> tuple[Value, ...]:
    return tuple(one[name] for one in people)


def _of_hub(feature: NumericFeature) -> NumericFeature:
    meant = HUB_FEATURES[feature.id]
    advice = ADVICE.get(feature.id)
    return replace(
        feature,
        family=meant.family,
        label=meant.label,
        direction=meant.direction,
        rows=tuple(replace(row, label=_label(feature.id, row)) for row in feature.rows),
        advice=None if advice is None else Wording(ko=advice[0], en=advice[1]),
    )


def _expert(
    name: str, edges: tuple[int, ...], points: tuple[int, ...], typical: int
) -> NumericFeature:
    ends = [None, *map(float, edges), None]
    rows = tuple(
        Span(at_least=begin, below=end, points=given)
        for (begin, end), given in zip(pairwise(ends), points, strict=True)
    )
    return _of_hub(
        NumericFeature(
            kind="numeric",
            id=name,
            family=HUB_FEATURES[name].family,
            source=Source.EXPERT,
            label=HUB_FEATURES[name].label,
            direction=HUB_FEATURES[name].direction,
            whole=True,
            rows=rows,
            missing=points[0],
            typical=typical,
        )
    )


def _label(name: str, row: Span) -> Wording:
    if name == "holds_investments":
        held = row.at_least is not None
        return Wording(ko="있음" if held else "없음", en="held" if held else "none")
    ko, en = UNITS[name]
    begin = None if row.at_least is None else int(row.at_least)
    last = None if row.below is None else int(row.below) - 1
    if begin is None:
        if last == 0 and name != "saving_percent":
            return Wording(ko="없음", en="none")
        return Wording(ko=f"{last}{ko} 이하", en=f"{last}{en} or less")
    if last is None:
        return Wording(ko=f"{begin}{ko} 이상", en=f"{begin}{en} or more")
    if begin == last:
        return Wording(ko=f"{begin}{ko}", en=f"{begin}{en.rstrip('s') if begin == 1 else en}")
    return Wording(ko=f"{begin}~{last}{ko}", en=f"{begin} to {last}{en}")


def main() -> int:
    """Write the card, unsigned, to the path that is given; `mydata score sign` does the rest."""
    data = evaluation_data()
    if data is None:
        print(f"There is no evaluation data: name its folder in {VARIABLE}.")
        return 2
    people, bads, _ = read_mapped(data)
    Path(sys.argv[1]).write_bytes(encode_file(make_card(people, bads), None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
