"""Collects from providers: woken by the outbox's stream, and by a sweep every minute for what the
stream lost, what was not yet due, and what is due again. It seals what it reads and opens none."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from mydata_hub.aws.streams import row_from_image
from mydata_hub.collection.collecting import Collector, collect, waiting_errands
from mydata_hub.collection.errand import Errand
from mydata_hub.config import CollectSettings, Handler, on_first_use
from mydata_hub.errors import HubError
from mydata_hub.observe import logger_for
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.messages import TABLE
from mydata_hub.ports.topics import message_for
from mydata_hub.wiring import blobs_for, intake_box_for, signer_for, tables_for

FUNCTION: Final = "collect"
MAX_SWEPT: Final = 200
# Of one invocation; what is left is still due, and the next sweep's.
SHARE: Final = timedelta(seconds=50)


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores and keys that the settings name."""
    settings, logger = CollectSettings.read(env), logger_for(FUNCTION)
    at = Collector(
        tables=tables_for(settings),
        blobs=blobs_for(settings, settings.segments_bucket),
        signer=signer_for(settings, settings.collector_key, "ES256"),
        box=intake_box_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        chance=random.random,
        wait=time.sleep,
    )

    def handle(event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        until = at.clock.now() + SHARE
        if event.get("sweep"):
            return _sweep(at, until, logger)

        def take(record: Any) -> None:
            if image := record.raw_event["dynamodb"].get("NewImage"):
                row = row_from_image(TABLE, image)
                if message := message_for(FUNCTION, row, at.clock.now()):
                    collect(at, Errand.told(message, by_stream=True), until)

        kind = EventType.DynamoDBStreams
        processor = BatchProcessor(kind, raise_on_entire_batch_failure=False, logger=logger)
        with processor(event["Records"], take):
            processor.process()
        return processor.response()

    return handle


def _sweep(at: Collector, until: datetime, logger: Any) -> Mapping[str, Any]:
    failure: HubError | None = None
    for errand in islice(waiting_errands(at, MAX_SWEPT), MAX_SWEPT):
        if at.clock.now() >= until:
            break
        try:
            collect(at, errand, until)
        except HubError as error:
            logger.exception("a connection could not be looked after")
            failure = error
    if failure:  # at the end: no connection waits behind a bad one, and yet the run has failed
        raise failure
    return {}


handler = on_first_use(build)
