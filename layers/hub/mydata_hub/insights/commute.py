"""Commute: how the first trip of a weekday is made, where it has an hour of its own."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from mydata_hub.collection.record import Record
from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.fold import TRIPS, Finding, State
from mydata_hub.insights.habits import NONE, evidence_of
from mydata_hub.insights.moments import local_day, minute_of, minute_of_day
from mydata_hub.insights.routine import Regularity, Routine, explain_routine, find_routine
from mydata_hub.insights.series import UNKNOWN_COUNT, Facts, Row, SeriesFold, count_byte, short_hash

MODE_WORDS: Final = {
    "subway": ("지하철로", "by subway"),
    "bus": ("버스로", "by bus"),
    "bike": ("자전거로", "by bike"),
    "car": ("차로", "by car"),
    "walk": ("걸어서", "on foot"),
    "mixed": ("여러 교통수단으로", "by several means"),
}
MODES: Final = tuple(MODE_WORDS)
# A distance is kept in units of so many metres.
METRES: Final = 100
_MOST_UNITS: Final = 2**16 - 1
PLACE_BYTES: Final = 4
NOWHERE: Final = bytes(PLACE_BYTES)
# Only these have transfers.
PUBLIC_MODES: Final = frozenset({"subway", "bus", "mixed"})
TRANSFER_CELLS: Final = ("0", "1", "2_or_more")
# The time of day in which a commute sets out.
SETS_OUT: Final = (5 * 60, 11 * 60)
# Of the trips in the hour of the routine, so many by one mode, and with equal transfers.
SAME_MODE_PERCENT: Final = 80
SAME_TRANSFERS_PERCENT: Final = 70
_Counted = TypeVar("_Counted")


def _facts_of(record: Record) -> Facts | None:
    mode = record.body.get("mode")
    if mode not in MODES:
        return None
    told, legs = record.body.get("distance_m"), _legs(record.body.get("legs"))
    metres = told if type(told) is int and told >= 0 else 0
    return (
        MODES.index(mode),
        count_byte(record.body.get("transfers")),
        min(metres // METRES, _MOST_UNITS),
        place_of(legs[0].get("from")),
        place_of(legs[-1].get("to")),
    )


def _legs(told: Any) -> list[Mapping[str, Any]]:
    """The legs that can be read; at least one, which may say nothing."""
    legs = told if isinstance(told, list) else []
    return [leg for leg in legs if isinstance(leg, Mapping)] or [{}]


def place_of(station: object) -> bytes:
    """A station as the fold remembers it: equal ones are equal, and NOWHERE is not told."""
    return short_hash(station, PLACE_BYTES) if isinstance(station, str) and station else NOWHERE


# Four trips a day over three months.
TRIPS_FOLD: Final = SeriesFold(
    id="trips",
    version=2,
    capacities={TRIPS: 360},
    layout=struct.Struct(f">BBH{PLACE_BYTES}s{PLACE_BYTES}s"),
    facts_of=_facts_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommuteInsight:
    """The mode of the commute, or its transfers."""

    attribute: str
    fold = TRIPS_FOLD
    inputs: tuple[Dataset, ...] = (TRIPS,)

    def answer(self, state: State, now: datetime, *, collected_only: bool) -> Finding:
        """Abstains where there is a routine hour but no usual mode, or no routine hour."""
        today = local_day(minute_of(now))
        trips = first_of_each_day(
            row
            for row in TRIPS_FOLD.rows(state, collected_only=collected_only)
            if SETS_OUT[0] <= minute_of_day(row.minute) < SETS_OUT[1]
        )
        routine = find_routine((row.minute for row in trips), today)
        usual = [row for row in trips if row.minute in routine.minutes]
        counted = Counter(MODES[row.facts[0]] for row in usual)
        mode = _share(counted, SAME_MODE_PERCENT)
        transfers = Counter(row.facts[1] for row in usual if MODES[row.facts[0]] == mode)
        cell = None
        if routine.regularity is Regularity.ROUTINE:
            cell = self._cell(mode, transfers)
        elif routine.regularity is Regularity.RARE and self.attribute == MODE.attribute:
            cell = NONE
        return Finding(
            cell=cell,
            evidence={
                **evidence_of(routine),
                "modes": dict(sorted(counted.items())),
                "transfers": {
                    str(times): days
                    for times, days in sorted(transfers.items())
                    if times != UNKNOWN_COUNT
                },
            },
            explanation=_explain(routine, mode),
        )

    def _cell(self, mode: str | None, transfers: Counter[int]) -> str | None:
        if self.attribute == MODE.attribute:
            return mode
        times = _share(transfers, SAME_TRANSFERS_PERCENT)
        if mode not in PUBLIC_MODES or times is None or times == UNKNOWN_COUNT:
            return None
        return TRANSFER_CELLS[min(times, 2)]


def first_of_each_day(rows: Iterable[Row]) -> list[Row]:
    """The earliest row of each local day."""
    first: dict[int, Row] = {}
    for row in rows:
        day = local_day(row.minute)
        if day not in first or row.minute < first[day].minute:
            first[day] = row
    return list(first.values())


def _share(counted: Counter[_Counted], percent: int) -> _Counted | None:
    """The most frequent, if it has that share."""
    for most, times in counted.most_common(1):
        if times * 100 >= percent * counted.total():
            return most
    return None


def _explain(routine: Routine, mode: str | None) -> Wording:
    if routine.regularity is not Regularity.ROUTINE:
        return explain_routine(routine, "아침에 길을 나섰어요", "set out in the morning")
    if mode is None:
        return explain_routine(
            routine,
            "길을 나섰지만 타는 것이 날마다 달라서 답하지 않아요",
            "set out, by varying means, so there is no answer,",
        )
    ko, en = MODE_WORDS[mode]
    return explain_routine(routine, f"{ko} 길을 나섰어요", f"set out {en}")


MODE: Final = CommuteInsight(attribute="commute.mode")
TRANSFERS: Final = CommuteInsight(attribute="commute.transfers")
