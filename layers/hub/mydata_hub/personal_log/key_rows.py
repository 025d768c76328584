"""Key rows: how people's log keys are kept, and what is left of them after erasure.

Table `log_keys`, format 1. A row for each person under the account's id: `state`, `settled` (no
event of theirs lies open any more, see placing.py) and `periods`, which maps each period to `nonce`
and `wrapped`. The tombstone of an erased person is the same row with `state` "erased" and
`erased_at` alone; it stays, so nobody is given keys under that name again. The partition "intake"
holds the private keys of the intake (intake.py).

Change rule: members may be added; readers accept n - 1.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mydata_hub.errors import Damaged
from mydata_hub.ports.tables import Absent, Key, Put, Row, Value, VersionIs

TABLE: Final = "log_keys"
NONCE_BYTES: Final = 32
PURPOSE: Final = "log"
LIVE: Final = "live"
ERASED: Final = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A period's secret as stored."""

    nonce: bytes
    wrapped: bytes


def person_row(subject: str) -> Key:
    """The row that holds a person's wrapped log keys or their tombstone."""
    return Key(TABLE, subject)


def wrapping_context(subject: str, nonce: bytes, period: str) -> dict[str, str]:
    """The encryption context, which an audit trail shows in clear: it must not name a person.

    The subject is hashed under a nonce that only the row of keys holds, so that bytes moved to
    another row do not open, and nobody can tell whose the trail was once the row is a tombstone.
    """
    digest = hmac.digest(nonce, b"mydata-hub log context 1\0" + subject.encode(), hashlib.sha256)
    return {"person": digest.hex(), "period": period, "purpose": PURPOSE}


def is_erased(row: Row | None) -> bool:
    """Whether a row is a tombstone."""
    return row is not None and row.values.get("state") == ERASED


def is_settled(row: Row | None) -> bool:
    """Whether no event of this person can lie open any more."""
    return row is not None and row.values.get("settled") is True


def periods_of(row: Row | None) -> Mapping[str, Wrapped]:
    """The periods of a person's row; none for no row and for a tombstone. Raises Damaged."""
    if row is None or is_erased(row):
        return {}
    periods = row.values.get("periods")
    if row.values.get("state") != LIVE or not isinstance(periods, Mapping):
        raise Damaged("a row of log keys is malformed")
    return {period: _wrapped(values) for period, values in periods.items()}


def with_period(subject: str, row: Row | None, period: str, made: Wrapped) -> Put:
    """The change that adds a period to a person who is not erased."""
    kept = {name: _values(one) for name, one in periods_of(row).items()}
    return _put(subject, row, {**kept, period: _values(made)}, settled=is_settled(row))


def settled(subject: str, row: Row) -> Put:
    """The change that says so of a person's row."""
    periods = {name: _values(one) for name, one in periods_of(row).items()}
    return _put(subject, row, periods, settled=True)


def tombstone(subject: str, row: Row | None, erased_at: datetime) -> tuple[Put, ...]:
    """The change that ends a person's log keys for good, for the commit of the erasure.

    `row` is the row of `person_row` just read. It needs no key, and is none where a tombstone is
    already: the first instant stays.
    """
    if is_erased(row):
        return ()
    values: dict[str, Value] = {"state": ERASED, "erased_at": erased_at.astimezone(UTC).isoformat()}
    when = VersionIs(row.version) if row else Absent()
    return (Put(key=person_row(subject), values=values, when=when),)


def _put(subject: str, row: Row | None, periods: Mapping[str, Value], *, settled: bool) -> Put:
    values: dict[str, Value] = {"state": LIVE, "periods": periods, "settled": settled}
    return Put(
        key=person_row(subject), values=values, when=VersionIs(row.version) if row else Absent()
    )


def _values(one: Wrapped) -> dict[str, Value]:
    return {"nonce": one.nonce, "wrapped": one.wrapped}


def _wrapped(values: Value) -> Wrapped:
    held = dict(values) if isinstance(values, Mapping) else {}
    nonce, wrapped = held.get("nonce"), held.get("wrapped")
    if not isinstance(nonce, bytes) or not isinstance(wrapped, bytes):
        raise Damaged("a row of log keys is malformed")
    return Wrapped(nonce=nonce, wrapped=wrapped)
