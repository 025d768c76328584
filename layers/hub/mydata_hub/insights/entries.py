"""Entries of the catalogue: a claim, with its symbol for each cell of the attribute it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mydata_hub.fields import Purpose, Wording
from mydata_hub.insights.claim import NO_ANSWER, AnswerPeriod, Claim, Floor, Sensitivity
from mydata_hub.insights.fold import Insight
from mydata_hub.insights.rule import ProfileInsight

_DAY: Final = timedelta(days=1)
MONTH_FLOOR: Final = Floor(sources=1, window=30 * _DAY, freshness=7 * _DAY)
HABIT_FLOOR: Final = Floor(sources=1, window=56 * _DAY, freshness=7 * _DAY)
MONTHLY_FLOOR: Final = Floor(sources=1, window=120 * _DAY, freshness=7 * _DAY)
# What began, ended or changed needs the time before, too.
CHANGE_FLOOR: Final = Floor(sources=1, window=180 * _DAY, freshness=7 * _DAY)
QUARTER_FLOOR: Final = Floor(sources=1, window=84 * _DAY, freshness=7 * _DAY)
# Three monthly bills lie two months apart, and change no more once they are paid.
BILLS_FLOOR: Final = Floor(sources=1, window=56 * _DAY, freshness=35 * _DAY)
YEAR_FLOOR: Final = Floor(sources=1, window=330 * _DAY, freshness=35 * _DAY)
# A contract says what holds today; how long its insurer has been connected does not matter.
FACT_FLOOR: Final = Floor(sources=1, window=timedelta(seconds=1), freshness=35 * _DAY)
# What may run out within a month has to be known of this week.
FRESH_FACT_FLOOR: Final = Floor(sources=1, window=timedelta(seconds=1), freshness=7 * _DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """What the leakage ledger charges: one property of a person and its partition."""

    # The insight that finds it; its id is the attribute's.
    insight: Insight | ProfileInsight
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
    # Of a version that is over: it can be read where it was granted or answered, and not be asked.
    retired: bool = False
    # A dispute of a record behind it could better the person's standing (arrears, losses, a tier):
    # while one is open, neither the contested fact nor the person's own word of it is told.
    disputable: bool = False
    # It tells of the trust score: while an appeal against a reason of that is open, it is not told.
    appealable: bool = False

    def symbol(self, cell: str | None) -> str:
        """The answer for a cell; `no_answer` where the insight abstains."""
        return NO_ANSWER if cell is None else self.symbols[cell]


def make_entry(
    claim: str,
    ko: str,
    en: str,
    attribute: Attribute,
    floor: Floor,
    purposes: tuple[str, ...],
    *,
    period: AnswerPeriod = AnswerPeriod.QUARTER,
    yes: tuple[str, ...] = (),
    disputable: bool = False,
    appealable: bool = False,
    sensitivity: Sensitivity = Sensitivity.ORDINARY,
    version: int = 1,
    retired: bool = False,
) -> Entry:
    """A claim that tells the cell itself or, with `yes`, only whether the cell is one of those."""
    symbols = {cell: ("yes" if cell in yes else "no") if yes else cell for cell in attribute.cells}
    # In the published order of the cells, `yes` first where it is one.
    alphabet = ("yes", "no") if yes else attribute.cells
    return Entry(
        claim=Claim(
            id=claim,
            version=version,
            question=Wording(ko=ko, en=en),
            alphabet=(*alphabet, NO_ANSWER),
            attributes=(attribute.id,),
            inputs=attribute.insight.inputs,
            floor=floor,
            answer_period=period,
            valid_for=timedelta(hours=24),
            sensitivity=sensitivity,
            purposes=tuple(Purpose(purpose) for purpose in purposes),
        ),
        attribute=attribute,
        symbols=symbols,
        retired=retired,
        disputable=disputable,
        appealable=appealable,
    )
