"""Hastening: whoever redeems the coupon of an offer is seen to have accepted it, so its partner is
told now and not when the day is over. And each redemption is counted, in its own commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mydata_hub.benefits.coupons import Coupon
from mydata_hub.consent.deliveries import (
    acceptance_of,
    delivery_message,
    fetch_deliveries,
    put_delivery,
)
from mydata_hub.offers.acceptance.tally import count_redemption
from mydata_hub.ports.clock import Clock
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Change, Tables


def count_and_hasten(tables: Tables, clock: Clock) -> Callable[[Coupon], tuple[Change, ...]]:
    """What else the commit that redeems a coupon writes."""

    def also(coupon: Coupon) -> tuple[Change, ...]:
        now = clock.now()
        counted = count_redemption(tables, coupon.offer_id, now)
        return (counted, *(hasten(tables, coupon.grant_id, now) if coupon.grant_id else ()))

    return also


def hasten(tables: Tables, grant_id: str, now: datetime) -> tuple[Change, ...]:
    """The changes that have the news of an acceptance go out at once; none where it is out, or was
    taken back. Raises Damaged, Busy."""
    name = acceptance_of(grant_id)
    news = fetch_deliveries(tables, [name]).get(name)
    if news is None or not news.is_untold or news.due_at <= now:
        return ()
    hastened = replace(news, due_at=now)
    message = delivery_message(hastened, now)
    # The message that waits for the end of the day finds the news told, and is dropped then.
    return put_delivery(hastened), send(replace(message, message_id=f"{message.message_id}-now"))
