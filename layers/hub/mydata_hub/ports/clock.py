"""Time and randomness: the two things that rules never take from the machine themselves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where "now" comes from."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC; may step back when the machine's clock is set."""
        ...


class Entropy(Protocol):
    """Where unpredictable bytes come from."""

    def token(self, size_bytes: int) -> bytes:
        """`size_bytes` bytes from a cryptographic source; never the same ones twice."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemEntropy:
    """The operating system's source of randomness."""

    def token(self, size_bytes: int) -> bytes:
        return secrets.token_bytes(size_bytes)


@dataclass(slots=True)
class SetClock:
    """A clock that stands where a test or a rehearsal sets it."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative span moves it back, as real clocks sometimes do."""
        self.at += by


@dataclass(slots=True)
class CountingEntropy:
    """Bytes that count upwards, so that a test can name them; never wired into a function."""

    count: int = 0

    def token(self, size_bytes: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(8, "big").rjust(size_bytes, b"\0")[-size_bytes:]
