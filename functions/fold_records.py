"""Opens new segments and folds them into people's sealed profiles; opens vaults that are asked for.

Woken by the streams of segments and outbox, and by a sweep every minute. What is to be done is read
from the tables, so a repeated or reordered delivery changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from mydata_hub.aws.streams import key_from_record, row_from_image
from mydata_hub.config import Handler, on_first_use
from mydata_hub.errors import HubError
from mydata_hub.observe import logger_for, measure
from mydata_hub.offers.matching.after_fold import after_fold
from mydata_hub.offers.matching.reading import latest_snapshots
from mydata_hub.own_vault.folding import Folded
from mydata_hub.own_vault.strongroom import Strongroom, believe
from mydata_hub.own_vault.waking import FUNCTION, Task, swept_tasks, told_message, told_segments
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.messages import TABLE
from mydata_hub.transparency.in_force import signing_keys
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import FoldRecordsSettings
from mydata_hub.wiring import blobs_for, keys_for, signer_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores that the settings name."""
    settings, clock = FoldRecordsSettings.read(env), SystemClock()
    tables, logger = tables_for(settings), logger_for(FUNCTION)
    named = ("collector", "self_supplied", "review", "reseal")
    signers = {one: signer_for(settings, getattr(settings, f"{one}_key"), "ES256") for one in named}
    offers = blobs_for(settings, settings.offers_bucket)
    vouches = signer_for(settings, settings.offer_key, "ES256")
    read = latest_snapshots(tables, offers, vouches, settings.issuer)
    room = Strongroom(
        tables=tables,
        blobs=blobs_for(settings, settings.segments_bucket),
        keys=VaultKeys(tables, keys_for(settings, settings.vault_key), clock),
        trusted=believe(signers),
        clock=clock,
        entropy=SystemEntropy(),
        resealers=trust([(signers["reseal"].public_key(), None)]),
        after_fold=after_fold(tables, read, logger.exception),
    )
    keys = signing_keys(tables, clock, room.entropy, **signers)

    def handle(event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        done, failed, failure, swept = Folded(), list[str](), None, bool(event.get("sweep"))
        for task in swept_tasks(room) if swept else _told(room, event["Records"]):
            try:
                done = done.add(task.act())
            except HubError as error:
                logger.exception("a vault could not be folded or opened")
                failed, failure = [*failed, *task.marks], error
        measure(FUNCTION, RecordsFolded=done.records, SegmentsRefused=sum(done.refused.values()))
        if swept and failure:  # at the end: nobody waits behind a bad one, and yet the run failed
            raise failure
        return {"batchItemFailures": [{"itemIdentifier": mark} for mark in failed]}

    return keys.first(handle)


def _told(room: Strongroom, records: list[Any]) -> list[Task]:
    segments, messages = [], []
    for change in (record["dynamodb"] for record in records):
        mark = change["SequenceNumber"]
        # The stream of segments has keys alone; a message comes with what it says.
        if image := change.get("NewImage"):
            messages.append(told_message(room, mark, partial(row_from_image, TABLE, image)))
        else:
            segments.append((mark, key_from_record("segments", change)))
    return [*told_segments(room, segments), *messages]


handler = on_first_use(build)
