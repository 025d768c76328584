"""Batches of a stream: one record that fails holds up none of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

from mydata_hub.ports.tables import Row


def take_stream(
    records: list[Any], read: Callable[[Any], Row], take: Callable[[Row], None], logger: Any
) -> Mapping[str, Any]:
    """Give each new row of a stream, as `read` makes it, to `take`; answers which ones failed."""

    def take_record(record: Any) -> None:
        if image := record.raw_event["dynamodb"].get("NewImage"):  # else a message was settled
            take(read(image))

    # Each invocation has its own: it keeps state. Where a whole batch failed it must not raise,
    # because that error holds the texts of errors that are not ours.
    kind = EventType.DynamoDBStreams
    processor = BatchProcessor(kind, raise_on_entire_batch_failure=False, logger=logger)
    with processor(records, take_record):
        processor.process()
    return processor.response()
