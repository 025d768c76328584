"""The catalogue: the closed list of claims, and the attributes whose cells they are made of.

Each attribute has one published partition into cells, and every symbol of a claim is a union of
its cells, so all claims on an attribute together tell at most the cell. A change of a claim's
alphabet, cells, inputs or floor takes the next version; a change of a partition takes a new
attribute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from mydata_hub.errors import BadInput
from mydata_hub.fields import ClaimRef, Purpose, Wording
from mydata_hub.insights.claim import NO_ANSWER, AnswerPeriod, Claim, Floor, Sensitivity
from mydata_hub.insights.commute import MODE, MODES, TRANSFER_CELLS, TRANSFERS
from mydata_hub.insights.fold import Insight
from mydata_hub.insights.habits import CAFE, NONE, TIME_CELLS
from mydata_hub.insights.insurance import CAR_COVER, IN_FORCE, LOSS_FREE, NOT_IN_FORCE, YEARS
from mydata_hub.insights.recurring import RECURRING

_DAY: Final = timedelta(days=1)
_HABIT_FLOOR: Final = Floor(sources=1, window=56 * _DAY, freshness=7 * _DAY)
_MONTHLY_FLOOR: Final = Floor(sources=1, window=120 * _DAY, freshness=7 * _DAY)
# A contract says what holds today; how long its insurer has been connected does not matter.
_FACT_FLOOR: Final = Floor(sources=1, window=timedelta(seconds=1), freshness=35 * _DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """What the leakage ledger charges: one property of a person and its partition."""

    # The insight that finds it; its id is the attribute's.
    insight: Insight
    label: Wording
    # In their order, where `ordered`.
    cells: tuple[str, ...]
    ordered: bool

    @property
    def id(self) -> str:
        return self.insight.attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A claim, and the symbol it has for each cell of its attribute."""

    claim: Claim
    attribute: Attribute
    symbols: Mapping[str, str]

    def symbol(self, cell: str | None) -> str:
        """The answer for a cell; `no_answer` where the insight abstains."""
        return NO_ANSWER if cell is None else self.symbols[cell]


_RECURRING: Final = Attribute(
    insight=RECURRING,
    label=Wording(ko="매달 나가는 돈의 건수", en="Number of monthly payments"),
    cells=("0", "1_to_2", "3_to_5", "6_or_more"),
    ordered=True,
)
_CAFE: Final = Attribute(
    insight=CAFE,
    label=Wording(ko="평일에 카페에 가는 시간대", en="Time of the weekday café visit"),
    cells=(NONE, *TIME_CELLS),
    ordered=False,
)
_MODE: Final = Attribute(
    insight=MODE,
    label=Wording(ko="출근 교통수단", en="Means of the commute"),
    cells=(NONE, *MODES),
    ordered=False,
)
_TRANSFERS: Final = Attribute(
    insight=TRANSFERS,
    label=Wording(ko="출근길 환승 횟수", en="Transfers on the commute"),
    cells=TRANSFER_CELLS,
    ordered=True,
)
_CAR_COVER: Final = Attribute(
    insight=CAR_COVER,
    label=Wording(ko="자동차보험 유효 여부", en="Car cover in force"),
    cells=(IN_FORCE, NOT_IN_FORCE),
    ordered=False,
)
_LOSS_FREE: Final = Attribute(
    insight=LOSS_FREE,
    label=Wording(ko="자동차보험 무사고 기간", en="Years without a loss on the car"),
    cells=tuple(cell for _, cell in reversed(YEARS)),
    ordered=True,
)


def _entry(
    claim: str,
    ko: str,
    en: str,
    attribute: Attribute,
    floor: Floor,
    purposes: tuple[str, ...],
    *,
    period: AnswerPeriod = AnswerPeriod.QUARTER,
    yes: tuple[str, ...] = (),
) -> Entry:
    """A claim that tells the cell itself or, with `yes`, only whether the cell is one of those."""
    symbols = {cell: ("yes" if cell in yes else "no") if yes else cell for cell in attribute.cells}
    # In the published order of the cells, `yes` first where it is one.
    alphabet = ("yes", "no") if yes else attribute.cells
    return Entry(
        claim=Claim(
            id=claim,
            version=1,
            question=Wording(ko=ko, en=en),
            alphabet=(*alphabet, NO_ANSWER),
            attributes=(attribute.id,),
            inputs=attribute.insight.inputs,
            floor=floor,
            answer_period=period,
            valid_for=timedelta(hours=24),
            sensitivity=Sensitivity.ORDINARY,
            purposes=tuple(Purpose(purpose) for purpose in purposes),
        ),
        attribute=attribute,
        symbols=symbols,
    )


_OFFERS: Final = ("personal_offers",)
_TRAVEL: Final = ("mobility_service", "personal_offers", "insurance_quote")
_COVER: Final = ("insurance_quote", "accident_settlement")
_ENTRIES: Final = (
    _entry(
        "payments.recurring_count",
        "매달 같은 곳에 같은 금액으로 나가는 돈이 몇 건인가요?",
        "How many payments go to the same place at the same amount every month?",
        _RECURRING,
        _MONTHLY_FLOOR,
        ("personal_offers", "loan_advice", "deposit_waiver"),
    ),
    _entry(
        "habits.cafe_time",
        "평일에 카페에 가는 시간대가 언제인가요?",
        "At what time of a weekday does the person usually visit a café?",
        _CAFE,
        _HABIT_FLOOR,
        _OFFERS,
    ),
    _entry(
        "habits.cafe_morning",
        "평일 오전에 카페에 가는 습관이 있나요?",
        "Does the person usually visit a café on weekday mornings (before 11)?",
        _CAFE,
        _HABIT_FLOOR,
        _OFFERS,
        yes=("before_7", "7_to_9", "9_to_11"),
    ),
    _entry(
        "commute.mode",
        "평일 출근에 주로 무엇을 타나요?",
        "How does the person usually commute on weekdays?",
        _MODE,
        _HABIT_FLOOR,
        _TRAVEL,
    ),
    _entry(
        "commute.by_subway",
        "평일에 지하철로 출근하나요?",
        "Does the person commute by subway on weekdays?",
        _MODE,
        _HABIT_FLOOR,
        _TRAVEL,
        yes=("subway",),
    ),
    _entry(
        "commute.transfers",
        "출근길에 몇 번 갈아타나요?",
        "How many transfers does the weekday commute have?",
        _TRANSFERS,
        _HABIT_FLOOR,
        _TRAVEL,
    ),
    _entry(
        "insurance.car_cover",
        "연결된 보험사에 유효한 자동차보험이 있나요?",
        "Is a car contract with a connected insurer in force?",
        _CAR_COVER,
        _FACT_FLOOR,
        (*_COVER, "mobility_service"),
        period=AnswerPeriod.THIRTY_DAYS,
        yes=(IN_FORCE,),
    ),
    _entry(
        "insurance.loss_free_years",
        "자동차보험 무사고 기간이 몇 년인가요?",
        "How many years has the car contract gone without a loss?",
        _LOSS_FREE,
        _FACT_FLOOR,
        _COVER,
    ),
    _entry(
        "insurance.loss_free_3_years",
        "자동차보험 무사고 기간이 3년 이상인가요?",
        "Has the car contract gone at least 3 years without a loss?",
        _LOSS_FREE,
        _FACT_FLOOR,
        (*_COVER, "mobility_service"),
        yes=("3_to_5", "6_to_10", "11_or_more"),
    ),
)
CATALOGUE: Final[Mapping[ClaimRef, Entry]] = {entry.claim.ref: entry for entry in _ENTRIES}
ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    entry.attribute.id: entry.attribute for entry in _ENTRIES
}
# An id alone means its latest version.
_LATEST: Final[Mapping[str, Entry]] = {
    entry.claim.id: entry for entry in sorted(_ENTRIES, key=lambda entry: entry.claim.version)
}


def catalogue_hash() -> str:
    """SHA-256 (hex) of every claim in its canonical encoding, in the order of their names."""
    digest = hashlib.sha256()
    for ref in sorted(CATALOGUE):
        digest.update(CATALOGUE[ref].claim.encode() + b"\n")
    return digest.hexdigest()


def find_claim(name: str) -> Entry:
    """The claim of that id, or of that `<id>@<version>`. Raises BadInput for any other."""
    found = CATALOGUE.get(ClaimRef(name)) or _LATEST.get(name)
    if found is None:
        raise BadInput("claims", "takes claims of the published catalogue")
    return found


def view_catalogue() -> dict[str, Any]:
    """What `GET /catalogue` answers."""
    return {
        "claims": [_view(entry) for entry in CATALOGUE.values()],
        "attributes": [
            {
                "id": attribute.id,
                "label": {"ko": attribute.label.ko, "en": attribute.label.en},
                "ordered": attribute.ordered,
                "cells": list(attribute.cells),
            }
            for attribute in ATTRIBUTES.values()
        ],
    }


def _view(entry: Entry) -> dict[str, Any]:
    claim = entry.claim
    return {
        "id": claim.id,
        "version": claim.version,
        "question": {"ko": claim.question.ko, "en": claim.question.en},
        "alphabet": list(claim.alphabet),
        "bits": float(claim.bits),
        "attributes": list(claim.attributes),
        "cells": dict(entry.symbols),
        "inputs": list(claim.inputs),
        "floor": {
            "sources": claim.floor.sources,
            "window": _duration(claim.floor.window),
            "freshness": _duration(claim.floor.freshness),
        },
        "answer_period": claim.answer_period.value,
        "valid_for": _duration(claim.valid_for),
        "sensitivity": claim.sensitivity.value,
        "purposes": list(claim.purposes),
    }


def _duration(span: timedelta) -> str:
    """ISO 8601: days where they are whole."""
    days, rest = divmod(span, _DAY)
    return f"PT{rest // timedelta(seconds=1)}S" if rest else f"P{days}D"
