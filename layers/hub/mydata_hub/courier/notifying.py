"""Notifying a person: one push without content to each of their browsers, at most once a day, and
never in their quiet hours.

What becomes of it no partner can see: these messages have a function of their own, which calls push
services and nobody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from mydata_hub.accounts.push_services import PushServices, origin_of
from mydata_hub.accounts.subscriptions import Reach, Subscription, read_reach
from mydata_hub.courier.calling import GONE, REFUSED, Caller
from mydata_hub.courier.telling import Round, pause_after
from mydata_hub.courier.vapid import Vapid
from mydata_hub.errors import Conflict, Damaged
from mydata_hub.fields import LOCAL
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.ports.tables import Change, Tables, Value

# With the pauses between them, about two hours; what is new is then told by the next of it.
MAX_TRIES: Final = 8
_SETTLED: Final = (None, GONE, REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of a message: how many browsers took it, and how many would not."""

    taken: int = 0
    refused: int = 0


class _Outcome(NamedTuple):
    pushed: Pushed
    # Browsers that are to be forgotten, and those that could not be reached, by their names.
    gone: Sequence[str]
    failed: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """What notifying takes: `vapid` signs for push services and nothing else."""

    tables: Tables
    entropy: Entropy
    caller: Caller
    vapid: Vapid
    services: PushServices

    def notify(self, message: Message, now: datetime, this_round: Round) -> Pushed:
        """Push once to whom `message` names, and settle it; what could not be reached is tried
        later. Raises Damaged, Busy, OutcomeUnknown (safe to repeat)."""
        account_id, left, tries = _read(message)
        if this_round.is_over:
            return Pushed()  # the next sweep finds it
        reach = read_reach(self.tables, account_id)
        today = now.astimezone(LOCAL).date()
        over_at = reach.quiet_hours.over_at(now)
        if reach.subscriptions and over_at is not None:
            self._settle(message, send(replace(message, due_at=over_at)))
            return Pushed()
        if not reach.subscriptions or (left is None and reach.told_on == today.isoformat()):
            self._settle(message)
            return Pushed()
        outcome = self._push(reach, left, now, this_round)
        changes: list[Change] = [reach.remove(one) for one in outcome.gone]
        if left is None:
            changes.append(reach.tell_on(today))
        if outcome.failed and tries + 1 < MAX_TRIES:
            left_over: Mapping[str, Value] = {"left": outcome.failed, "tries": tries + 1}
            later = now + pause_after(tries + 1, self.entropy)
            again = replace(message, body={**message.body, **left_over}, due_at=later)
            changes.append(send(again))
        self._settle(message, *changes)
        return outcome.pushed

    def _push(
        self, reach: Reach, left: Sequence[str] | None, now: datetime, this_round: Round
    ) -> _Outcome:
        """Push to those that are left; everybody where none is named."""
        named = {one.subscription_id: one for one in reach.subscriptions}
        told = {
            name: self._call(one, now, this_round)
            for name, one in named.items()
            if left is None or name in left
        }
        kinds = Counter(told.values())
        return _Outcome(
            Pushed(taken=kinds[None], refused=kinds[REFUSED]),
            gone=[name for name, trouble in told.items() if trouble == GONE],
            failed=[name for name, trouble in told.items() if trouble not in _SETTLED],
        )

    def _call(self, one: Subscription, now: datetime, this_round: Round) -> str | None:
        if not self.services.serves(one.endpoint):
            return GONE  # the operator calls this service no more
        origin = origin_of(one.endpoint)
        # A service that failed in this round is not called again, so that it holds up no other.
        if origin in this_round.failed or this_round.is_over:
            return "unavailable"
        trouble = self.caller.notify(one.endpoint, self.vapid.authorization(one.endpoint, now))
        if trouble is not None and trouble not in _SETTLED:
            this_round.failed[origin] = trouble
        return trouble

    def _settle(self, message: Message, *changes: Change) -> None:
        # In conflict somebody else settled it, or a browser was added or forgotten meanwhile; then
        # it is there for the next sweep, and hearing the same word twice harms nobody.
        with suppress(Conflict):
            self.tables.commit(settle(message), *changes)


def _read(message: Message) -> tuple[str, Sequence[str] | None, int]:
    account_id, left = message.body.get("account_id"), message.body.get("left")
    tries = message.body.get("tries", 0)
    if not isinstance(account_id, str) or not isinstance(tries, int):
        raise Damaged("a message does not say who is to be notified")
    if left is None:
        return account_id, None, tries
    if isinstance(left, (str, bytes)) or not isinstance(left, Sequence):
        raise Damaged("a message does not say which browsers are left")
    return account_id, [str(one) for one in left], tries
