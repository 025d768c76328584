"""Turns the keys of vaults and seals what they hold anew: woken by the outbox's stream, and by a
sweep for what that lost. An operator asks by invoking it directly; no route leads here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, Final

from mydata_hub.aws.streams import row_from_image
from mydata_hub.batches import take_stream, take_swept
from mydata_hub.config import Handler, on_first_use
from mydata_hub.erasure.part_running import erase_part
from mydata_hub.erasure.state import PART_TOPIC
from mydata_hub.errors import HubError
from mydata_hub.observe import logger_for
from mydata_hub.own_vault.replacing import Resealer
from mydata_hub.own_vault.strongroom import Strongroom, believe
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.messages import TABLE
from mydata_hub.ports.tables import Row
from mydata_hub.ports.topics import due_for, message_for
from mydata_hub.rotation.asking import answer_operator
from mydata_hub.rotation.running import FUNCTION, Workshop, take_further
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import ResealSettings
from mydata_hub.wiring import blobs_for, keys_for, signer_for, tables_for

MAX_SWEPT: Final = 20
SHARE: Final = timedelta(seconds=20)


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores and keys that the settings name."""
    logger = logger_for(FUNCTION)
    at = _workshop(ResealSettings.read(env), logger)
    room = at.resealer.room

    def take(row: Row) -> None:
        now = room.clock.now()
        if message := message_for(FUNCTION, row, now):
            (erase_part if message.topic == PART_TOPIC else take_further)(at, message, now + SHARE)

    def handle(event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        if "Records" in event:
            return take_stream(event["Records"], partial(row_from_image, TABLE), take, logger)
        if event.get("sweep"):
            due = islice(due_for(FUNCTION, room.tables, room.clock.now()), MAX_SWEPT)
            return take_swept(due, take, logger.exception)
        return answer_operator(room.tables, room.clock, room.entropy, event)

    return handle


def _workshop(settings: ResealSettings, logger: Any) -> Workshop:
    tables, clock = tables_for(settings), SystemClock()
    master = keys_for(settings, settings.vault_key)
    named = ("collector", "self_supplied", "review", "reseal")
    signers = {one: signer_for(settings, getattr(settings, f"{one}_key"), "ES256") for one in named}
    room = Strongroom(
        tables=tables,
        blobs=blobs_for(settings, settings.segments_bucket),
        keys=VaultKeys(tables, master, clock),
        trusted=believe(signers),
        resealers=trust([(signers["reseal"].public_key(), None)]),
        clock=clock,
        entropy=SystemEntropy(),
    )

    def failed(error: HubError) -> None:
        logger.error("a vault could not be rotated", error=type(error).__name__)

    return Workshop(resealer=Resealer(room, signers["reseal"]), master=master, failed=failed)


handler = on_first_use(build)
