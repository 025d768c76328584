"""Cover: when a car contract has to be renewed, whether it lapsed, and whether it is twice."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from mydata_hub.insights.fold import CONTRACTS, Finding
from mydata_hub.insights.insurance import (
    CONTRACTS_FOLD,
    OPEN,
    UNTOLD,
    Contract,
    contracts_of,
)
from mydata_hub.insights.moments import date_of
from mydata_hub.insights.rule import Asked, Rule, RuleInsight, cell_in, find

RENEWAL: Final = {0: "within_30", 31: "31_to_60", 61: "61_to_180", 181: "181_or_more"}
LAPSED_DAYS: Final = 365
COVERED: Final = "covered"
LAPSED: Final = "lapsed"
SINGLE: Final = "single"
OVERLAPPING: Final = "overlapping"
# One contract may begin before the other ends by so much without being twice there.
HANDOVER_DAYS: Final = 7


def _of(asked: Asked) -> tuple[list[Contract], list[Contract]]:
    return contracts_of(asked.state, asked.now, collected_only=asked.collected_only)


def _renewal(asked: Asked) -> Finding:
    known, running = _of(asked)
    ends = _ends_by_car(known, running)
    if not ends:
        return _silent(known)
    # With several cars, that of the one whose cover ends first.
    last = min(ends)
    left = last - asked.today
    return find(
        cell_in(RENEWAL, left),
        f"자동차보험이 {left}일 뒤에 끝나요.",
        f"Your car cover ends in {left} days.",
        ends_on=date_of(last).isoformat(),
    )


def _ends_by_car(known: list[Contract], running: list[Contract]) -> list[int]:
    """When the cover of each car ends; of one that an open-ended contract covers it never does.

    A contract that does not tell its car stands for a car of its own.
    """
    by_car: dict[object, list[int]] = defaultdict(list)
    for number, contract in enumerate(running):
        car = number if contract.vehicle == UNTOLD else contract.vehicle
        by_car[car].append(_covered_until(contract, known))
    return [max(ends) for ends in by_car.values() if max(ends) != OPEN]


def _covered_until(contract: Contract, known: list[Contract]) -> int:
    """The last day of a contract, or of those of its car that take over without a gap; or OPEN."""
    end = contract.ends_day
    for following in sorted(known, key=lambda one: one.started_day):
        takes_over = end <= following.started_day <= end + 1
        if following.running and takes_over and _may_be_one_car(contract, following):
            end = max(end, following.ends_day)
    return end


def _may_be_one_car(one: Contract, other: Contract) -> bool:
    return one.vehicle == other.vehicle or UNTOLD in (one.vehicle, other.vehicle)


def _lapsed(asked: Asked) -> Finding:
    known, running = _of(asked)
    ended = [one.ends_day for one in known if one.ends_day < asked.today]
    if running:
        return find(
            COVERED, "자동차보험이 유효해요.", "Your car is covered.", in_force=len(running)
        )
    if not ended or max(ended) < asked.today - LAPSED_DAYS:
        return _silent(known)
    last = date_of(max(ended)).isoformat()
    return find(
        LAPSED,
        "자동차보험이 끝났고 이어지는 계약이 없어요.",
        "Your car cover has ended and none follows.",
        ended_on=last,
    )


def _overlapping(asked: Asked) -> Finding:
    known, running = _of(asked)
    if not running:
        return _silent(known)
    lasting = [one for one in running if one.ends_day - asked.today > HANDOVER_DAYS]
    by_car: dict[bytes, list[Contract]] = defaultdict(list)
    for one in lasting:
        by_car[one.vehicle].append(one)
    untold = by_car.pop(UNTOLD, [])
    # Who connects an insurer again has each contract twice, as records of two connections.
    periods = {
        car: {(one.started_day, one.ends_day) for one in contracts}
        for car, contracts in by_car.items()
    }
    most = max((len(told) for told in periods.values()), default=0)
    if most > 1:
        return find(
            OVERLAPPING,
            "자동차 한 대에 보험 여러 건이 함께 유효해요.",
            "One car has several contracts in force at once.",
            in_force=len(lasting),
        )
    twice = any(len(by_car[car]) > len(told) for car, told in periods.items())
    if twice or (untold and len(lasting) > 1):
        return find(
            None,
            "같은 계약이거나 다른 차의 계약일 수 있어 답하지 않아요.",
            "These may be one contract, told twice, or of different cars: no answer.",
            in_force=len(lasting),
        )
    return find(
        SINGLE,
        "보험이 겹치는 자동차가 없어요.",
        "No car has two contracts at once.",
        in_force=len(running),
    )


def _silent(known: list[Contract]) -> Finding:
    return find(
        None,
        "자동차보험 계약을 알 수 없어 답하지 않아요.",
        "No car contract tells: no answer.",
        contracts=len(known),
    )


def _insight(attribute: str, rule: Rule) -> RuleInsight:
    return RuleInsight(
        attribute=f"insurance.{attribute}", fold=CONTRACTS_FOLD, inputs=(CONTRACTS,), rule=rule
    )


RENEWAL_WINDOW: Final = _insight("renewal", _renewal)
WITHOUT_COVER: Final = _insight("lapsed_cover", _lapsed)
OVERLAP: Final = _insight("overlapping_cover", _overlapping)
