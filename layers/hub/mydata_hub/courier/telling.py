"""Telling a partner that a grant has ended, that what it was told under one is corrected, or that
an offer of its was accepted: again and again for a day, until it confirms.

Each try is written down before it is made and settled after it, so whoever falls over in between
leaves a message that is tried again: a partner may hear the same event twice, by the same `jti`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from mydata_hub.accounts.desk import until_settled
from mydata_hub.consent.deliveries import (
    Delivery,
    DeliveryState,
    delivery_message,
    fetch_deliveries,
    named_in,
    put_delivery,
)
from mydata_hub.courier.calling import REFUSALS, Caller
from mydata_hub.errors import Conflict, Damaged, HubError
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.oauth.security_events import TYPE, event_claims
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.ports.tables import Change, Row, Tables

FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=2)
GIVEN_UP_AFTER: Final = timedelta(hours=24)
# A try that nobody has settled for so long was cut off; longer than any try can take.
TRY_TAKES_AT_MOST: Final = timedelta(seconds=60)
# Of one invocation, so that it ends within a function's 28 seconds whatever partners do.
ROUND_S: Final = 18.0
MAX_SWEPT: Final = 1000
_OPEN: Final = frozenset({DeliveryState.WAITING, DeliveryState.SENT, DeliveryState.NOT_CONFIRMED})


@dataclass(slots=True)
class Round:
    """One invocation. A partner that failed in it is not called again, so that it holds up no
    other; what else was to be told to it counts as tried, or it would fill every sweep."""

    ends_at: float = field(default_factory=lambda: time.monotonic() + ROUND_S)
    # Whoever was called in vain, by their id or origin -> what was wrong.
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """What telling takes: `keys` sign events and nothing else."""

    tables: Tables
    entropy: Entropy
    keys: SigningKeys
    caller: Caller
    issuer: str

    def tell_partner(self, message: Message, now: datetime, this_round: Round) -> bool:
        """Try once to tell the partner of the grant in `message`; True if the message is settled.

        Not settled is what somebody else is about, or what waits for the next round. Raises
        Damaged, Busy, OutcomeUnknown (safe to repeat).
        """
        delivery = self._fetch(message)
        if delivery is None or delivery.state not in _OPEN:
            return self._commit(settle(message))
        client = fetch_client(self.tables, delivery.client_id)
        if client is None or client.event_endpoint is None:
            return self._close(message, DeliveryState.NO_ADDRESS)
        known = this_round.failed.get(delivery.client_id)
        if _is_being_tried(delivery, now) or (known is None and this_round.is_over):
            return False
        if not self._commit(put_delivery(_tried(delivery, now))):
            return False
        if known is not None:
            return self._try_later(message, known, now)
        token = self.keys.sign(TYPE, event_claims(self.issuer, delivery))
        trouble = self.caller.push(client.event_endpoint, token)
        if trouble is None:
            return self._close(message, DeliveryState.ACKNOWLEDGED, now)
        if trouble not in REFUSALS:
            this_round.failed[delivery.client_id] = trouble
        return self._try_later(message, trouble, now)

    def _try_later(self, message: Message, trouble: str, now: datetime) -> bool:
        def act() -> bool:
            found = self._fetch(message)
            if found is None or found.state not in _OPEN:
                return self._commit(settle(message))
            delivery = replace(found, trouble=trouble)
            until = (delivery.first_tried_at or now) + GIVEN_UP_AFTER
            if now >= until:
                given_up = replace(delivery, state=DeliveryState.GIVEN_UP, code="")
                return self._settle(message, put_delivery(given_up))
            later = min(now + pause_after(delivery.tries, self.entropy), until)
            waiting = replace(delivery, state=DeliveryState.NOT_CONFIRMED)
            again = send(delivery_message(waiting, later))
            return self._settle(message, put_delivery(waiting), again)

        return until_settled(act)

    def _close(self, message: Message, state: DeliveryState, now: datetime | None = None) -> bool:
        def act() -> bool:
            found = self._fetch(message)
            if found is None:
                return self._commit(settle(message))
            delivery = replace(found, acknowledged_at=now, code="")
            # A partner may attest before its acknowledgement is back; that says more.
            if delivery.state in _OPEN:
                delivery = replace(delivery, state=state)
            return self._settle(message, put_delivery(delivery))

        return until_settled(act)

    def _settle(self, message: Message, *changes: Change) -> bool:
        """Settle with these changes; False if somebody else settled, Conflict for the others."""
        try:
            self.tables.commit(settle(message), *changes)
        except Conflict as conflict:
            if conflict.change == 0:
                return False
            raise
        return True

    def _commit(self, *changes: Change) -> bool:
        try:
            self.tables.commit(*changes)
        except Conflict:
            return False
        return True

    def _fetch(self, message: Message) -> Delivery | None:
        """The delivery, or None once it has expired, long after an erasure."""
        name = named_in(message)
        if name is None:
            raise Damaged("a message does not say which grant it is about")
        return fetch_deliveries(self.tables, [name]).get(name)


def sweep(
    rows: Iterable[Row], deliver: Callable[[Row], None], tell: Callable[[str], None]
) -> Mapping[str, object]:
    """Deliver what is due, each for itself; the last failure is raised at the end, so that no
    message waits behind a bad one and yet the run has failed."""
    failure: HubError | None = None
    for row in islice(rows, MAX_SWEPT):
        try:
            deliver(row)
        except HubError as error:
            tell("a message could not be delivered")
            failure = error
    if failure:
        raise failure
    return {}


def pause_after(tries: int, entropy: Entropy) -> timedelta:
    """How long to wait after so many tries: doubled each time, of which a random half is kept, so
    that partners that failed together are not called together."""
    longest = min(FIRST_PAUSE * 2.0 ** min(tries - 1, 20), LONGEST_PAUSE)
    return longest * (0.5 + int.from_bytes(entropy.token(4)) / 2**33)


def _tried(delivery: Delivery, now: datetime) -> Delivery:
    return replace(
        delivery,
        state=DeliveryState.SENT,
        tries=delivery.tries + 1,
        first_tried_at=delivery.first_tried_at or now,
        tried_at=now,
        trouble=None,
    )


def _is_being_tried(delivery: Delivery, now: datetime) -> bool:
    if delivery.state is not DeliveryState.SENT or delivery.tried_at is None:
        return False
    return now - delivery.tried_at < TRY_TAKES_AT_MOST
