"""Does what messages to the courier ask for: woken by the outbox's stream, and by a sweep every
minute. A message is settled in the commit of its effect: whoever comes second changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from mydata_hub.accounts import notices
from mydata_hub.aws.streams import row_from_image
from mydata_hub.batches import take_stream
from mydata_hub.config import DeliverSettings, Handler, on_first_use
from mydata_hub.consent import deliveries
from mydata_hub.courier.calling import Caller
from mydata_hub.courier.fetching import fetch_client_keys
from mydata_hub.courier.telling import Courier, Round, sweep
from mydata_hub.oauth import fetched_keys
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.observe import logger_for, metrics_for
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.messages import TABLE
from mydata_hub.ports.tables import Row
from mydata_hub.ports.topics import due_for, message_for
from mydata_hub.transparency import cosign_message
from mydata_hub.transparency.cosigning import collect_cosignatures, read_witnesses
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.wiring import blobs_for, loopback_calls_allowed, signer_for, tables_for

FUNCTION: Final = "deliver"


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores, witnesses and key of events that the settings name."""
    settings, logger = DeliverSettings.read(env), logger_for(FUNCTION)
    tables = tables_for(settings)
    courier = Courier(
        tables=tables,
        entropy=SystemEntropy(),
        keys=SigningKeys(signer_for(settings, settings.event_key, "ES256")),
        caller=Caller(loopback_allowed=loopback_calls_allowed(settings)),
        issuer=settings.issuer,
    )
    log = PublishedLog(tables, blobs_for(settings, settings.tiles_bucket))
    witnesses = read_witnesses(settings.witnesses)

    def handle(event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        metrics, this_round = metrics_for(FUNCTION), Round()

        def deliver(row: Row) -> None:
            now = SystemClock().now()
            message = message_for(FUNCTION, row, now)
            if message is None:
                return  # another function's, or not yet due
            if message.topic == deliveries.TOPIC:
                settled = courier.tell_partner(message, now, this_round)
            elif message.topic == fetched_keys.TOPIC:
                entropy, caller = courier.entropy, courier.caller
                settled = fetch_client_keys(tables, caller, entropy, message, now)
            elif message.topic == cosign_message.TOPIC:
                settled = collect_cosignatures(log, witnesses, message, now)
            else:
                settled = notices.deliver_notices(tables, message, now)
            if settled:
                metrics.add_metric("MessagesSettled", "Count", 1)

        try:
            if event.get("sweep"):
                due = due_for(FUNCTION, tables, SystemClock().now())
                return sweep(due, deliver, logger.exception)
            return take_stream(event["Records"], partial(row_from_image, TABLE), deliver, logger)
        finally:
            if metrics.metric_set:
                metrics.flush_metrics()

    return handle


handler = on_first_use(build)
