"""Entries of the change feed as DynamoDB Streams gives them to Lambda, and what came of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mydata_hub.aws.streams import image_of, keys_of
from mydata_hub.embedded.event_sources import StreamLink
from mydata_hub.embedded.feed import FeedEntry


def stream_event(link: StreamLink, entries: Sequence[FeedEntry]) -> dict[str, Any]:
    """The event of one batch; it holds the images that the table's StreamViewType names."""
    return {"Records": [_record(link, entry) for entry in entries]}


def handled(link: StreamLink, entries: Sequence[FeedEntry], result: object) -> int:
    """How many entries of a batch are done, from its front, by the handler's answer.

    Only where the link reports item failures, and then by Lambda's rules: no answer or no failures
    is success, the first failed record is where the next batch begins, and an answer that names
    no record of the batch is a failure of the whole.
    """
    if not link.reports_item_failures or result is None:
        return len(entries)
    if not isinstance(result, dict):
        return 0
    failures = result.get("batchItemFailures")
    if failures is None or failures == []:
        return len(entries)
    places = {_number(entry): place for place, entry in enumerate(entries)}
    try:
        return min(places[failure["itemIdentifier"]] for failure in failures)
    except (KeyError, TypeError):
        return 0


def _record(link: StreamLink, entry: FeedEntry) -> dict[str, Any]:
    change: dict[str, Any] = {
        "Keys": keys_of(entry.key),
        "SequenceNumber": _number(entry),
        "StreamViewType": link.view,
    }
    if entry.new is not None and link.view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        change["NewImage"] = image_of(entry.new)
    if entry.old is not None and link.view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        change["OldImage"] = image_of(entry.old)
    return {
        "eventID": f"{link.table}-{entry.position}",
        "eventName": entry.kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "local",
        "eventSourceARN": (
            f"arn:aws:dynamodb:local:000000000000:table/{link.table}/stream/2020-01-01T00:00:00.000"
        ),
        "dynamodb": change,
    }


def _number(entry: FeedEntry) -> str:
    # As long as DynamoDB's, so that numbers sort as text too.
    return f"{entry.position:021d}"
