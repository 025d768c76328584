"""Does what messages to the courier ask for: woken by the outbox's stream, and by a sweep every
minute. A message is settled in the commit of its effect: whoever comes second changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from mydata_hub.accounts import notices
from mydata_hub.aws.streams import row_from_image
from mydata_hub.config import DeliverSettings, Handler, on_first_use
from mydata_hub.consent import deliveries
from mydata_hub.courier.calling import Caller
from mydata_hub.courier.telling import Courier, Round, sweep
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.observe import logger_for, metrics_for
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.messages import TABLE
from mydata_hub.ports.tables import Row
from mydata_hub.ports.topics import due_for, message_for
from mydata_hub.wiring import loopback_calls_allowed, signer_for, tables_for

FUNCTION: Final = "deliver"


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the tables and the key of events that the settings name."""
    settings, logger = DeliverSettings.read(env), logger_for(FUNCTION)
    tables = tables_for(settings)
    courier = Courier(
        tables=tables,
        entropy=SystemEntropy(),
        keys=SigningKeys(signer_for(settings, settings.event_key, "ES256")),
        caller=Caller(loopback_allowed=loopback_calls_allowed(settings)),
        issuer=settings.issuer,
    )

    def handle(event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        metrics, this_round = metrics_for(FUNCTION), Round()

        def deliver(row: Row) -> None:
            now = SystemClock().now()
            message = message_for(FUNCTION, row, now)
            if message is None:
                return  # another function's, or not yet due
            if message.topic == deliveries.TOPIC:
                settled = courier.tell_partner(message, now, this_round)
            else:
                settled = notices.deliver_notices(tables, message, now)
            if settled:
                metrics.add_metric("MessagesSettled", "Count", 1)

        try:
            if event.get("sweep"):
                due = due_for(FUNCTION, tables, SystemClock().now())
                return sweep(due, deliver, logger.exception)
            return _take(event["Records"], deliver, logger)
        finally:
            if metrics.metric_set:
                metrics.flush_metrics()

    return handle


def _take(records: list[Any], deliver: Callable[[Row], None], logger: Any) -> Mapping[str, Any]:
    def take(record: Any) -> None:
        if image := record.raw_event["dynamodb"].get("NewImage"):  # else a message was settled
            deliver(row_from_image(TABLE, image))

    # Each invocation has its own: it keeps state. Where a whole batch failed it must not raise,
    # because that error holds the texts of errors that are not ours.
    kind = EventType.DynamoDBStreams
    processor = BatchProcessor(kind, raise_on_entire_batch_failure=False, logger=logger)
    with processor(records, take):
        processor.process()
    return processor.response()


handler = on_first_use(build)
