"""Insurance: whether a car contract is in force, and how long it has gone without a loss."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from mydata_hub.collection.record import Record
from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.fold import CONTRACTS, Finding, State
from mydata_hub.insights.moments import date_of, day_of, local_day, minute_of
from mydata_hub.insights.series import UNKNOWN_COUNT, Facts, SeriesFold, count_byte, short_hash

CAR: Final = "car"
# One that was still to come when it was collected runs once its first day is there.
RUNNING: Final = ("active", "upcoming")
IN_FORCE: Final = "in_force"
NOT_IN_FORCE: Final = "not_in_force"
# The bands, each named by its first year.
YEARS: Final = ((11, "11_or_more"), (6, "6_to_10"), (3, "3_to_5"), (1, "1_to_2"), (0, "0"))
# No end is told: the contract runs until its status changes.
OPEN: Final = 2**32 - 1
_FIRST: Final = date(1900, 1, 1)
_VEHICLE_BYTES: Final = 4
UNTOLD: Final = bytes(_VEHICLE_BYTES)


class Contract(NamedTuple):
    """A car contract as the fold remembers it."""

    running: bool
    started_day: int
    ends_day: int
    loss_free_years: int
    # Which car, or UNTOLD.
    vehicle: bytes


def _facts_of(record: Record) -> Facts | None:
    body = record.body
    if body.get("kind") != CAR:
        return None
    return (
        body.get("status") in RUNNING,
        _day(body.get("started_on"), 0),
        _day(body.get("ends_on"), OPEN),
        count_byte(body.get("no_claim_years")),
        _vehicle(body.get("vehicle")),
    )


def _vehicle(told: Any) -> bytes:
    return short_hash(told, _VEHICLE_BYTES) if isinstance(told, str) and told else UNTOLD


def _day(told: Any, otherwise: int) -> int:
    try:
        on = date.fromisoformat(told)
    except (TypeError, ValueError):
        return otherwise
    return day_of(max(on, _FIRST))


CONTRACTS_FOLD: Final = SeriesFold(
    id="contracts",
    version=3,
    capacities={CONTRACTS: 48},
    layout=struct.Struct(f">?IIB{_VEHICLE_BYTES}s"),
    facts_of=_facts_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarCoverInsight:
    """Whether a car contract is in force with the connected insurers.

    Without any car contract it abstains: another insurer may have one.
    """

    attribute: str = "insurance.car_cover"
    fold = CONTRACTS_FOLD
    inputs: tuple[Dataset, ...] = (CONTRACTS,)

    def answer(self, state: State, now: datetime, *, collected_only: bool) -> Finding:
        """In force today by its status and its dates."""
        known, running = contracts_of(state, now, collected_only=collected_only)
        cell = (IN_FORCE if running else NOT_IN_FORCE) if known else None
        return Finding(cell=cell, evidence=_evidence(known, running), explanation=_cover(cell))


@dataclass(frozen=True, slots=True, kw_only=True)
class LossFreeInsight:
    """The years without a loss on the car contract in force; the least of several."""

    attribute: str = "insurance.loss_free_years"
    fold = CONTRACTS_FOLD
    inputs: tuple[Dataset, ...] = (CONTRACTS,)

    def answer(self, state: State, now: datetime, *, collected_only: bool) -> Finding:
        """Abstains where a contract in force does not tell its years."""
        known, running = contracts_of(state, now, collected_only=collected_only)
        years = [contract.loss_free_years for contract in running]
        if not years or UNKNOWN_COUNT in years:
            return Finding(
                cell=None,
                evidence=_evidence(known, running),
                explanation=Wording(
                    ko="유효한 자동차보험 계약에서 무사고 기간을 알 수 없어 답하지 않아요.",
                    en="No car contract in force tells its years without a loss: no answer.",
                ),
            )
        least = min(years)
        return Finding(
            cell=next(cell for first, cell in YEARS if least >= first),
            evidence={**_evidence(known, running), "loss_free_years": least},
            explanation=Wording(
                ko=f"자동차보험 계약에 무사고 {least}년으로 적혀 있어요.",
                en=f"Your car contract states {least} years without a loss.",
            ),
        )


def contracts_of(
    state: State, now: datetime, *, collected_only: bool
) -> tuple[list[Contract], list[Contract]]:
    """Every car contract that is known, and those in force at that instant."""
    today = local_day(minute_of(now))
    rows = CONTRACTS_FOLD.rows(state, collected_only=collected_only)
    known = [Contract(*row.facts) for row in rows]
    return known, [
        contract
        for contract in known
        if contract.running and contract.started_day <= today <= contract.ends_day
    ]


def _evidence(known: list[Contract], running: list[Contract]) -> dict[str, Any]:
    ends = [contract.ends_day for contract in running if contract.ends_day != OPEN]
    return {
        "contracts": len(known),
        "in_force": len(running),
        "next_end_on": date_of(min(ends)).isoformat() if ends else None,
    }


def _cover(cell: str | None) -> Wording:
    if cell == IN_FORCE:
        return Wording(ko="자동차보험이 유효해요.", en="A car contract is in force.")
    if cell == NOT_IN_FORCE:
        return Wording(
            ko="연결된 보험사의 자동차보험은 모두 끝났거나 아직 시작하지 않았어요.",
            en="No car contract with a connected insurer is in force today.",
        )
    return Wording(
        ko="연결된 보험사에 자동차보험 계약이 없어 답하지 않아요.",
        en="The connected insurers have no car contract of yours: no answer.",
    )


CAR_COVER: Final = CarCoverInsight()
LOSS_FREE: Final = LossFreeInsight()
