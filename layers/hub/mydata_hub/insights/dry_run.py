"""Dry run: what a consent would tell at most and at what price, worked out from what is published.

Nothing of anybody is read: the answer is the same for all people, so asking it reveals nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from mydata_hub.consent.grant import Frequency
from mydata_hub.errors import BadInput
from mydata_hub.fields import Purpose
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.claim import AnswerPeriod, bits_of
from mydata_hub.insights.entries import Entry
from mydata_hub.insights.fair_use import FairUse
from mydata_hub.insights.purposes import find_purpose

# The lengths of answer periods at their shortest, so that no price is told too low.
_DAYS: Final = {
    AnswerPeriod.THIRTY_DAYS: 30,
    AnswerPeriod.QUARTER: 90,
    AnswerPeriod.HALF_YEAR: 181,
    AnswerPeriod.YEAR: 365,
}
MAX_CLAIMS: Final = 32
MAX_DAYS: Final = 366
MAX_BITS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A consent that somebody thinks of asking for."""

    claims: tuple[str, ...]
    purpose: str
    max_bits: int
    frequency: Frequency
    days: int


def run_dry(plan: Plan, fair_use: FairUse) -> dict[str, Any]:
    """What the consent would release, its prices, and why it would be refused, if it would.

    Raises BadInput for a claim or a purpose that is not published, and for numbers out of range.
    """
    if not 0 < len(plan.claims) <= MAX_CLAIMS or len(set(plan.claims)) < len(plan.claims):
        raise BadInput("claims", f"takes 1 to {MAX_CLAIMS} claims, each once")
    if not 1 <= plan.days <= MAX_DAYS:
        raise BadInput("days", f"takes 1 to {MAX_DAYS} days")
    if not 1 <= plan.max_bits <= MAX_BITS:
        raise BadInput("max_bits", f"takes 1 to {MAX_BITS} bits")
    entries = [find_claim(name) for name in plan.claims]
    purpose = find_purpose(plan.purpose).id
    once = sum((entry.claim.bits for entry in entries), Decimal(0))
    whole = sum((entry.claim.bits * _periods(entry, plan.days) for entry in entries), Decimal(0))
    return {
        "claims": [_claim(entry, purpose, plan.days) for entry in entries],
        "attributes": _attributes(entries),
        # Asking each question once, in one period.
        "bits_once": _text(once),
        # Each question in every period that the consent reaches, as far as the consent goes.
        "bits_at_most": _text(min(whole, Decimal(plan.max_bits))),
        "fits_once": once <= plan.max_bits,
        "refused": _refused(plan, entries, purpose, fair_use),
    }


def _claim(entry: Entry, purpose: Purpose, days: int) -> dict[str, Any]:
    claim = entry.claim
    return {
        "claim": claim.ref,
        "question": {"ko": claim.question.ko, "en": claim.question.en},
        "alphabet": list(claim.alphabet),
        "attribute": entry.attribute.id,
        "bits": _text(claim.bits),
        "answer_period": claim.answer_period.value,
        "periods": _periods(entry, days),
        "answered_for_purpose": purpose in claim.purposes,
    }


def _attributes(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """What the claims together tell of each attribute: never more than its cells."""
    found = []
    for attribute in {entry.attribute.id: entry.attribute for entry in entries}.values():
        mine = [entry for entry in entries if entry.attribute is attribute]
        joint = {tuple(entry.symbols[cell] for entry in mine) for cell in attribute.cells}
        found.append(
            {
                "id": attribute.id,
                "charged": _text(sum((entry.claim.bits for entry in mine), Decimal(0))),
                # With no_answer. Where it is less, some of the questions ask the same thing.
                "told_at_most": _text(bits_of(len(joint) + 1)),
            }
        )
    return found


def _refused(
    plan: Plan, entries: Sequence[Entry], purpose: Purpose, fair_use: FairUse
) -> list[dict[str, Any]]:
    """Each rule that the plan breaks, by field; `most` is the bound where the rule has one."""
    found = [
        {
            "field": "claims",
            "rule": "purpose",
            "claim": entry.claim.ref,
            "reason": f"{entry.claim.ref} is not answered for this purpose",
        }
        for entry in entries
        if purpose not in entry.claim.purposes
    ]
    bounds = fair_use.of(purpose)
    if bounds is None:
        reason = "has no bounds of fair use"
        return [*found, {"field": "purpose", "rule": "no_fair_use", "reason": reason}]
    unit = plan.frequency.unit
    broken = [
        ("frequency", plan.frequency.count, bounds.times(unit), f"at most {{}} a {unit} is fair"),
        ("days", plan.days, bounds.days, "at most {} days are fair"),
        ("claims", len(entries), bounds.claims, "at most {} questions are fair"),
    ]
    return found + [
        {
            "field": field,
            "rule": f"fair_{field}",
            "most": most,
            "reason": f"{words.format(most)} for this purpose",
        }
        for field, asked, most, words in broken
        if asked > most
    ]


def _periods(entry: Entry, days: int) -> int:
    """How many periods a span of so many days reaches at most: one more than fit into it."""
    return -(-days // _DAYS[entry.claim.answer_period]) + 1


def _text(bits: Decimal) -> str:
    return format(bits.quantize(Decimal("0.0001")), "f")
