"""Batches: of a stream or of a sweep, one that fails holds up none of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

from mydata_hub.errors import HubError
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


def take_swept(
    rows: Iterable[Row], take: Callable[[Row], None], tell: Callable[[str], None]
) -> Mapping[str, Any]:
    """Give each row to `take`; the last failure is raised at the end, so that the run has failed
    and yet nobody waited behind a bad one."""
    failure: HubError | None = None
    for row in rows:
        try:
            take(row)
        except HubError as error:
            tell("what a message asks for could not be done")
            failure = error
    if failure:
        raise failure
    return {}
