"""Folds: what turns records into bounded state, and what an insight reads from that state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from mydata_hub.collection.record import Record
from mydata_hub.fields import Dataset, Wording

# JSON without floats, bounded in size; what it holds is the fold's own.
State = Mapping[str, Any]

CARD: Final = Dataset("card.approvals")
EFIN: Final = Dataset("efin.payments")
BANK: Final = Dataset("bank.transactions")
TRIPS: Final = Dataset("mobility.trips")
CONTRACTS: Final = Dataset("insurance.contracts")
BILLS: Final = Dataset("card.bills")
HOLDINGS: Final = Dataset("invest.balances")


class Fold(Protocol):
    """Bounded memory of records; the same records give the same state, however they arrive.

    For all states s and record lists a, b: fold(fold(s, a), b) == fold(s, a + b) and
    fold(s, a + a) == fold(s, a) and fold(s, a + b) == fold(s, b + a). Of versions of one record
    the one holds that `collection.versions` names. A provider that moves a record in time, over
    the edge of what is remembered or without saying when it did so, may cost that record's place.
    """

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int:
        """What reads or writes the state differently takes the next one, and a fold afresh."""
        ...

    @property
    def inputs(self) -> tuple[Dataset, ...]: ...

    def empty(self) -> State: ...

    def fold(self, state: State, records: Sequence[Record]) -> State:
        """The state after these records; the given state is left as it is. Never fails on data."""
        ...

    def let_go_until(self, state: State, dataset: Dataset) -> int | None:
        """The minute before which records may be missing here, or None if none was let go."""
        ...


def step(fold: Fold, state: State, record: Record) -> State:
    """One record further."""
    return fold.fold(state, (record,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an insight makes of a state: a cell of its attribute, or None where it abstains.

    Evidence and explanation are for the person alone; partners get a claim's symbol for the cell.
    """

    cell: str | None
    evidence: Mapping[str, Any]
    explanation: Wording


class Insight(Protocol):
    """One attribute of the person, read from the state of one fold.

    What rests on several folds is a `rule.ProfileInsight`.
    """

    @property
    def attribute(self) -> str: ...

    @property
    def fold(self) -> Fold: ...

    @property
    def inputs(self) -> tuple[Dataset, ...]: ...

    def answer(self, state: State, now: datetime, *, collected_only: bool) -> Finding:
        """The finding at an instant up to which the sources are complete.

        With `collected_only`, what the person supplied is left out: partners are told what
        providers say.
        """
        ...
