"""One line of the benchmark table: ours beside a peer or a limit of the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """`ours / theirs`, both in `unit`, measured interleaved in one process or run."""

    what: str
    ours: float
    peer: str
    theirs: float
    unit: str
    goal: str = "reported"

    @property
    def value(self) -> float:
        return self.ours / self.theirs

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"ratio": self.value}


def interleaved(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int, each: int
) -> tuple[float, float]:
    """Median calls per second of both, in turns, so that a noisy machine disturbs both alike."""
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, kept in zip((ours, theirs), rates, strict=True):
            begun = time.perf_counter()
            for _ in range(each):
                call()
            kept.append(each / (time.perf_counter() - begun))
    return statistics.median(rates[0]), statistics.median(rates[1])
