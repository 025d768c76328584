"""Log keys: unwrapped for minutes, made by the sequencer alone, gone when their person is erased.

Every use reads the row of keys first, strongly consistent: a tombstone counts at once, whatever is
still unwrapped in this process.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from mydata_hub.errors import Busy, Conflict, OutcomeUnknown
from mydata_hub.personal_log.key_rows import (
    NONCE_BYTES,
    Wrapped,
    is_erased,
    periods_of,
    person_row,
    with_period,
    wrapping_context,
)
from mydata_hub.personal_log.period_key import SECRET_BYTES, PeriodKey
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.tables import MAX_FETCH, Key, Row, Tables

CACHED_KEYS: Final = 2048
CACHED_FOR: Final = timedelta(minutes=5)
MAKE_TRIES: Final = 6

# A person and a period.
Whose: TypeAlias = tuple[str, str]


class LogKeys:
    """The log keys of people, as far as this function may unwrap them. Safe between threads."""

    def __init__(self, tables: Tables, keys: Keys, clock: Clock) -> None:
        self._tables = tables
        self._keys = keys
        self._clock = clock
        self._lock = threading.Lock()
        # The digest tells a row that was replaced; a clock that was set back lengthens no life.
        self._held: OrderedDict[tuple[str, str, bytes], tuple[datetime, PeriodKey]] = OrderedDict()

    def rows(self, subjects: Iterable[str]) -> Mapping[str, Row]:
        """The rows of keys of people, as they are now, as far as there are any."""
        wanted = [person_row(subject) for subject in dict.fromkeys(subjects)]
        found: dict[Key, Row] = {}
        for start in range(0, len(wanted), MAX_FETCH):
            found |= self._tables.fetch_many(*wanted[start : start + MAX_FETCH])
        return {key.partition: row for key, row in found.items()}

    def key(self, subject: str, row: Row | None, period: str) -> PeriodKey | None:
        """The key of a period by a row just read; None where there is none. Raises Unopenable,
        Damaged, Busy."""
        stored = periods_of(row).get(period)
        return None if stored is None else self._unwrapped(subject, period, stored)

    def make(self, wanted: Iterable[Whose], entropy: Entropy) -> Mapping[Whose, PeriodKey | None]:
        """The keys of people and periods, made where there are none; None for the erased.

        Whoever races, all get the same key. Raises Busy, and what `key` raises.
        """
        pairs = list(dict.fromkeys(wanted))
        rows = self.rows(subject for subject, _period in pairs)
        return {
            (subject, period): self._make(subject, rows.get(subject), period, entropy)
            if period not in periods_of(rows.get(subject))
            else self.key(subject, rows.get(subject), period)
            for subject, period in pairs
        }

    def _make(
        self, subject: str, row: Row | None, period: str, entropy: Entropy
    ) -> PeriodKey | None:
        for _ in range(MAKE_TRIES):
            if is_erased(row):
                return None
            if period in periods_of(row):
                return self.key(subject, row, period)
            nonce, secret = entropy.token(NONCE_BYTES), entropy.token(SECRET_BYTES)
            made = Wrapped(
                nonce=nonce,
                wrapped=self._keys.wrap(secret, wrapping_context(subject, nonce, period)),
            )
            # Somebody may be first, perhaps we ourselves: the row tells.
            with suppress(Conflict, OutcomeUnknown):
                self._tables.commit(with_period(subject, row, period, made))
            row = self.rows([subject]).get(subject)
        raise Busy("a log key could not be made")

    def _unwrapped(self, subject: str, period: str, stored: Wrapped) -> PeriodKey:
        name = (subject, period, hashlib.sha256(stored.nonce + stored.wrapped).digest())
        now = self._clock.now()
        with self._lock:
            held = self._held.get(name)
            if held and timedelta(0) <= now - held[0] < CACHED_FOR:
                return held[1]
        # Not under the lock: one slow answer of the key service must not hold up everybody.
        context = wrapping_context(subject, stored.nonce, period)
        key = PeriodKey(period=period, secret=self._keys.unwrap(stored.wrapped, context))
        with self._lock:
            self._held[name] = (now, key)
            self._held.move_to_end(name)
            while len(self._held) > CACHED_KEYS:
                self._held.popitem(last=False)
        return key
