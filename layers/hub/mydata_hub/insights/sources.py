"""Sources: which connections delivered what and since when, and whether that meets a floor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.collection.record import Provenance, Record
from mydata_hub.fields import ConnectionId, Dataset
from mydata_hub.insights.claim import Floor
from mydata_hub.insights.fold import BANK, BILLS, CARD, CONTRACTS, EFIN, HOLDINGS, TRIPS, State
from mydata_hub.insights.moments import instant_of, minute_of
from mydata_hub.insights.profile import MAX_CONNECTIONS

# Records are remembered by the minute: a shorter window asks for no time.
_A_LOOK: Final = timedelta(minutes=1)
# dataset -> the minute before which a full series has let records go, or None
LetGo = Callable[[Dataset], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesFold:
    """The earliest record of each connection and dataset; cancelled ones show that time, too.

    `gap` is there once the person erased a time out of their vault: the minute behind it. Before
    that minute records may be missing of any source, so no floor reaches back over it. It comes
    from no record, and outlives a fold afresh.
    """

    id: str = "sources"
    version: int = 2
    inputs: tuple[Dataset, ...] = (CARD, EFIN, BANK, TRIPS, CONTRACTS, BILLS, HOLDINGS)

    def empty(self) -> State:
        """No source yet."""
        return {"since": {}}

    def fold(self, state: State, records: Sequence[Record]) -> State:
        """The state after these records: a minimum, so their order is free."""
        since: dict[str, dict[str, dict[str, int]]] = {}
        for record in records:
            if record.dataset not in self.inputs:
                continue
            connection = record.connection_id
            if connection not in since:
                known = state["since"].get(connection, {})
                since[connection] = {name: dict(by) for name, by in known.items()}
            earliest = since[connection].setdefault(record.dataset, {})
            minute = minute_of(record.occurred_at)
            provenance = record.provenance.value
            earliest[provenance] = min(minute, earliest.get(provenance, minute))
        together = {**state["since"], **since}
        # More than a profile can hold the freshness of; which stay does not hang on the order.
        kept = sorted(together)[:MAX_CONNECTIONS]
        return {**state, "since": {connection: together[connection] for connection in kept}}

    def afresh(self, state: State) -> State:
        """No source yet, and what no record tells as it was."""
        return {**self.empty(), **({"gap": state["gap"]} if "gap" in state else {})}

    def with_gap(self, state: State, until: datetime) -> State:
        """The state once everything of a time before `until` is gone."""
        return {**state, "gap": max(minute_of(until), state.get("gap", 0))}

    def let_go_until(self, state: State, dataset: Dataset) -> int | None:
        """Nothing is: a minimum needs no more room with time."""
        return None

    def since(
        self, state: State, connection: ConnectionId, dataset: Dataset, *, collected_only: bool
    ) -> int | None:
        """The minute of the earliest record, or None where there is none."""
        by = state["since"].get(connection, {}).get(dataset, {})
        minutes = [
            minute
            for provenance, minute in by.items()
            if provenance == Provenance.COLLECTED or not collected_only
        ]
        return min(minutes, default=None)


SOURCES: Final = SourcesFold()


def delivering(
    state: State, inputs: Sequence[Dataset], *, collected_only: bool
) -> list[ConnectionId]:
    """The connections that told anything of these inputs."""
    return [
        connection
        for connection in map(ConnectionId, state["since"])
        if any(
            SOURCES.since(state, connection, dataset, collected_only=collected_only) is not None
            for dataset in inputs
        )
    ]


def complete_until(
    state: State,
    freshness: Mapping[ConnectionId, datetime],
    inputs: Sequence[Dataset],
    now: datetime,
    *,
    collected_only: bool,
    floor: Floor | None = None,
    let_go: LetGo = lambda _: None,
) -> datetime | None:
    """The instant up to which the sources of these inputs are complete, or None.

    With a floor: None unless enough connections are fresh and complete over its window, which ends
    with the instant: the oldest of theirs, so that a habit is counted as missed neither on days
    that have not arrived nor on days before a source began. Without: the latest, since the person
    sees whatever there is.
    """
    told: list[tuple[datetime, datetime]] = []
    for connection, at in freshness.items():
        delivered = [
            (dataset, since)
            for dataset in inputs
            if (since := SOURCES.since(state, connection, dataset, collected_only=collected_only))
            is not None
        ]
        if not delivered:
            continue
        until = min(at, now)
        # It is there since its first record, but remembered only since the last one let go.
        gaps = [gap for dataset, _ in delivered if (gap := let_go(dataset)) is not None]
        gaps += [state["gap"]] if "gap" in state else []
        begun = instant_of(max([min(since for _, since in delivered), *gaps]))
        told.append((begun, until))
    if floor is None:
        return max((until for _, until in told), default=None)
    oldest = now - floor.freshness
    fresh = [(begun, until) for begun, until in told if until >= oldest and begun <= now]
    if floor.window >= _A_LOOK:
        return _over_window(fresh, floor)
    # What is collected is complete up to when its collection began, a little before the look.
    return min(until for _, until in fresh) if len(fresh) >= floor.sources else None


def _over_window(fresh: Sequence[tuple[datetime, datetime]], floor: Floor) -> datetime | None:
    """The oldest instant of the connections whose time reaches back a window from it."""
    window = floor.window
    until = min((end for begun, end in fresh if begun <= end - window), default=None)
    if until is None:
        return None
    enough = sum(begun <= until - window for begun, _ in fresh) >= floor.sources
    return until if enough else None
