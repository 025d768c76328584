"""Push subscriptions: at which of their browsers a person is told that there is something new, and
at which hours they are not.

Nothing is told but that: a push has no content (docs/decisions/0044). Table `notices`, format 1:
partition the account, sort "push#to#<subscription>", "push#quiet" and "push#told".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from mydata_hub.accounts.desk import Desk, is_plain, until_settled
from mydata_hub.accounts.notices import TABLE
from mydata_hub.accounts.push_services import PushServices
from mydata_hub.accounts.rows import read_row, rows_of, values_of
from mydata_hub.errors import BadInput, NotFound
from mydata_hub.fields import LOCAL
from mydata_hub.ports.tables import Absent, Change, Delete, Key, Put, Row, Tables, Value, VersionIs

PREFIX: Final = "push#"
MAX_SUBSCRIPTIONS: Final = 10
_TO: Final = f"{PREFIX}to#"
_QUIET: Final = f"{PREFIX}quiet"
_TOLD: Final = f"{PREFIX}told"
_HOURS: Final = 24
_NAME_LETTERS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A browser: `endpoint` is its push resource (RFC 8030 section 2), which only the courier and
    the browser may know, since whoever has it can wake the browser."""

    subscription_id: str
    endpoint: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From this local hour until that one nobody is told anything; the same hour twice is never."""

    from_hour: int
    until_hour: int

    def __post_init__(self) -> None:
        for field in ("from_hour", "until_hour"):
            if not 0 <= getattr(self, field) < _HOURS:
                raise BadInput(field, "takes a whole hour from 0 to 23")

    def over_at(self, now: datetime) -> datetime | None:
        """When they are over, if it is quiet now."""
        local = now.astimezone(LOCAL)
        length = (self.until_hour - self.from_hour) % _HOURS
        if (local.hour - self.from_hour) % _HOURS >= length:
            return None
        hour = local.replace(minute=0, second=0, microsecond=0)
        return hour + timedelta(hours=(self.until_hour - local.hour) % _HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """The local day on which somebody was last told something, as ISO 8601 writes it."""

    day: str


# What Korean law asks of advertisements where nobody said otherwise (Network Act, article 50 (3)).
USUAL: Final = QuietHours(from_hour=21, until_hour=8)
_SUBSCRIPTIONS: Final = TypeAdapter(Subscription)
_QUIET_HOURS: Final = TypeAdapter(QuietHours)
_LAST_TOLD: Final = TypeAdapter(_Told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a person can be reached, as the rows say it, the oldest subscription first."""

    account_id: str
    subscriptions: tuple[Subscription, ...]
    quiet_hours: QuietHours
    # The local day on which they were last told something.
    told_on: str | None
    rows: dict[str, Row]

    def remove(self, subscription_id: str) -> Change:
        """The change that forgets a browser."""
        row = self.rows[_TO + subscription_id]
        return Delete(row.key, VersionIs(row.version))

    def tell_on(self, day: date) -> Change:
        """The change that remembers when the person was told."""
        return self.put(_TOLD, values_of(_Told(day=day.isoformat())))

    def put(self, sort: str, values: Mapping[str, Value]) -> Put:
        """The change of one of these rows."""
        row = self.rows.get(sort)
        when = Absent() if row is None else VersionIs(row.version)
        return Put(key=Key(TABLE, self.account_id, sort), values=values, when=when)


def read_reach(tables: Tables, account_id: str) -> Reach:
    """How a person can be reached now. Raises Damaged, Busy."""
    rows = {row.key.sort: row for row in rows_of(tables, TABLE, account_id, prefix=PREFIX)}
    found = [
        read_row(_SUBSCRIPTIONS, row, subscription_id=sort.removeprefix(_TO))
        for sort, row in rows.items()
        if sort.startswith(_TO)
    ]
    quiet, told = rows.get(_QUIET), rows.get(_TOLD)
    return Reach(
        account_id=account_id,
        subscriptions=tuple(sorted(found, key=lambda one: one.added_at)),
        quiet_hours=USUAL if quiet is None else read_row(_QUIET_HOURS, quiet),
        told_on=None if told is None else read_row(_LAST_TOLD, told).day,
        rows=rows,
    )


def subscribe(desk: Desk, account_id: str, endpoint: str, services: PushServices) -> Subscription:
    """Tell a person at one more browser; the same address twice is one, and of too many the oldest
    is forgotten. Raises BadInput, Busy."""
    services.require(endpoint)
    name = hashlib.sha256(endpoint.encode()).hexdigest()[:_NAME_LETTERS]
    made = Subscription(subscription_id=name, endpoint=endpoint, added_at=desk.now())

    def act() -> Subscription:
        reach = read_reach(desk.tables, account_id)
        for known in reach.subscriptions:
            if known.subscription_id == name:
                return known
        too_many = reach.subscriptions[: max(0, len(reach.subscriptions) + 1 - MAX_SUBSCRIPTIONS)]
        desk.tables.commit(
            reach.put(_TO + name, values_of(made, "subscription_id")),
            *(reach.remove(one.subscription_id) for one in too_many),
        )
        return made

    return until_settled(act)


def unsubscribe(desk: Desk, account_id: str, subscription_id: str) -> None:
    """Tell a person no more at a browser. Raises NotFound, Busy."""

    def act() -> None:
        reach = read_reach(desk.tables, account_id)
        if not is_plain(subscription_id) or _TO + subscription_id not in reach.rows:
            raise NotFound("there is no such subscription")
        desk.tables.commit(reach.remove(subscription_id))

    until_settled(act)


def keep_quiet(desk: Desk, account_id: str, hours: QuietHours) -> None:
    """From now on, these are the hours at which a person is told nothing. Raises Busy."""

    def act() -> None:
        reach = read_reach(desk.tables, account_id)
        desk.tables.commit(reach.put(_QUIET, values_of(hours)))

    until_settled(act)
