"""DPoP nonces (RFC 9449 sections 8 and 9): one unpredictable word per window, for all clients.

Kept in table `oauth` so that every instance knows it, and made when it is first needed, so that
nobody can make proofs ahead of time. A row of it is written once and never changed, so whoever has
read it need not read it again.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.errors import Busy, Conflict
from mydata_hub.oauth.authority import TABLE, Nonces
from mydata_hub.ports.tables import Absent, Key, Put

WINDOW: Final = timedelta(minutes=5)
_BYTES: Final = 18


def current_nonce(desk: Desk) -> str:
    """The nonce that the next proof should carry. Raises Busy."""
    now = desk.now()
    key = _key(now)
    row = desk.tables.fetch_many(key).get(key)
    if row is None:
        put = Put(
            key=key,
            values={"nonce": desk.token(_BYTES)},
            when=Absent(),
            expires_at=_begin(now) + 3 * WINDOW,
        )
        with suppress(Conflict):  # another instance was first: its nonce is the one
            desk.tables.commit(put)
        row = desk.tables.fetch_many(key).get(key)
    if row is None:
        raise Busy("the nonce of this moment could not be read")
    return str(row.values["nonce"])


def is_current(desk: Desk, nonces: Nonces, nonce: str) -> bool:
    """Whether a nonce is of this window or the one before, so that no client meets an edge."""
    now = desk.now()
    keys = _key(now), _key(now - WINDOW)
    if any(nonces.of(key.sort) == nonce for key in keys):
        return True
    for key, row in desk.tables.fetch_many(*keys).items():
        nonces.keep(key.sort, str(row.values["nonce"]))
    return any(nonces.of(key.sort) == nonce for key in keys)


def _key(at: datetime) -> Key:
    return Key(TABLE, "dpop_nonce", _begin(at).strftime("%Y%m%dT%H%M%S"))


def _begin(at: datetime) -> datetime:
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(WINDOW.total_seconds()), UTC)
