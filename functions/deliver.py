"""Does what messages to the courier ask for: woken by the outbox's stream, and by a sweep every
minute. A message is settled in the commit of its effect: whoever comes second changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from mydata_hub.accounts import notices
from mydata_hub.aws.streams import row_from_image
from mydata_hub.config import DeliverSettings, Handler, on_first_use
from mydata_hub.errors import HubError
from mydata_hub.observe import logger_for, metrics_for
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.messages import TABLE
from mydata_hub.ports.tables import Row
from mydata_hub.ports.topics import due_for, message_for
from mydata_hub.wiring import tables_for

FUNCTION: Final = "deliver"
TOPICS: Final = {notices.TOPIC: notices.deliver_notices}
MAX_SWEPT: Final = 1000


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the tables that the settings name."""
    tables, logger = tables_for(DeliverSettings.read(env)), logger_for(FUNCTION)

    def handle(event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        metrics = metrics_for(FUNCTION)

        def deliver(row: Row) -> None:
            now = SystemClock().now()
            message = message_for(FUNCTION, row, now)
            if message is None or message.topic not in TOPICS:
                return  # another function's, not yet due, or waiting for its errand to be written
            if TOPICS[message.topic](tables, message, now):
                metrics.add_metric("MessagesSettled", "Count", 1)

        try:
            if event.get("sweep"):
                return _sweep(due_for(FUNCTION, tables, SystemClock().now()), deliver, logger)
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


def _sweep(rows: Iterator[Row], deliver: Callable[[Row], None], logger: Any) -> Mapping[str, Any]:
    failure: HubError | None = None
    for row in islice(rows, MAX_SWEPT):
        try:
            deliver(row)
        except HubError as error:
            logger.exception("a message could not be delivered")
            failure = error
    if failure:  # at the end: no message waits behind a bad one, and yet the run has failed
        raise failure
    return {}


handler = on_first_use(build)
