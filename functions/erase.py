"""Erases people who asked for it, and certifies it: woken by the outbox's stream, and by a sweep
for what that lost and for what is due later, such as the second certificate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any, Final

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from mydata_hub.aws.streams import row_from_image
from mydata_hub.config import Handler, on_first_use
from mydata_hub.erasure.publishing import publish_key
from mydata_hub.erasure.running import FUNCTION, take_further
from mydata_hub.erasure.steps import Workroom
from mydata_hub.errors import HubError
from mydata_hub.observe import logger_for
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.messages import TABLE, read_message
from mydata_hub.ports.topics import due_for, message_for
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency.in_force import signing_keys
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.vault_config import EraseSettings
from mydata_hub.wiring import blobs_for, copies_of, signer_for, tables_for

MAX_SWEPT: Final = 200


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores and the key that the settings name."""
    settings, logger = EraseSettings.read(env), logger_for(FUNCTION)
    tables, copies = tables_for(settings), copies_of(settings)
    room = Workroom(
        tables=tables,
        blobs=blobs_for(settings, settings.segments_bucket),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
        key=AnswerKey(signer_for(settings, settings.certificate_key, "ES256")),
        log=PublishedLog(tables, blobs_for(settings, settings.tiles_bucket)),
        copies_until=copies.keys_until,
        old_copies_until=copies.old_keys_until,
        rows_until=copies.rows_until,
    )

    def handle(event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        if event.get("sweep"):
            return _sweep(room, logger)
        kind = EventType.DynamoDBStreams
        taking = BatchProcessor(kind, raise_on_entire_batch_failure=False, logger=logger)
        with taking(event["Records"], partial(_take, room)):
            taking.process()
        return taking.response()

    return signing_keys(tables, room.clock, room.entropy, certificate=room.key.signer).first(handle)


def _take(room: Workroom, record: Any) -> None:
    image = record.raw_event["dynamodb"].get("NewImage")
    if image and (message := message_for(FUNCTION, row_from_image(TABLE, image), room.clock.now())):
        take_further(room, message)


def _sweep(room: Workroom, logger: Any) -> Mapping[str, Any]:
    publish_key(room.tables, room.key)
    failure: HubError | None = None
    for row in islice(due_for(FUNCTION, room.tables, room.clock.now()), MAX_SWEPT):
        try:
            take_further(room, read_message(row))
        except HubError as error:
            logger.exception("an erasure could not be taken further")
            failure = error
    if failure:  # at the end: nobody waits behind a bad one, and yet the run has failed
        raise failure
    return {}


handler = on_first_use(build)
