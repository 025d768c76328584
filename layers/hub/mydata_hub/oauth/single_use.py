"""Single use: what may be presented once is written down in the commit of its effect."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.errors import Conflict, OAuthRefused
from mydata_hub.oauth.authority import secret_key
from mydata_hub.ports.tables import Absent, Change, Put

# Functions' clocks differ a little; the row outlives what it remembers by this.
SLACK: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Spent:
    """The mark that something was presented; `again` is what a second time is told."""

    put: Put
    again: OAuthRefused


def spend(kind: str, name: str, until: datetime, again: OAuthRefused) -> Spent:
    """Mark `name`, which is of no use after `until`."""
    put = Put(key=secret_key(kind, name), values={}, when=Absent(), expires_at=until + SLACK)
    return Spent(put, again)


def require_unspent(desk: Desk, *spent: Spent) -> None:
    """Refuse what was presented before, so that a replay has no effect and learns nothing.

    Of two at once both may pass: the commit decides. Raises OAuthRefused.
    """
    rows = desk.tables.fetch_many(*(one.put.key for one in spent))
    for one in spent:
        if one.put.key in rows:
            raise one.again


def commit_spending(desk: Desk, spent: Sequence[Spent], *changes: Change) -> None:
    """Commit what was presented together with what it does.

    Raises OAuthRefused for what was presented before, Conflict where one of `changes` conflicts.
    """
    puts = [one.put for one in spent]
    if not puts and not changes:
        return
    try:
        desk.tables.commit(*puts, *changes)
    except Conflict as conflict:
        if conflict.change < len(spent):
            raise spent[conflict.change].again from None
        raise Conflict(conflict.change - len(spent), conflict.table) from None


@contextmanager
def spending(desk: Desk, spent: Sequence[Spent]) -> Generator[None]:
    """Whatever is refused in this block still uses up what was presented.

    Threat: an assertion or proof that was seen in a request that failed, used for another one.
    Not so a challenge for a nonce: the client sends the same request again.
    """
    try:
        yield
    except OAuthRefused as error:
        for one in spent if error.code != "use_dpop_nonce" else ():
            with suppress(Conflict):
                desk.tables.commit(one.put)
        raise
