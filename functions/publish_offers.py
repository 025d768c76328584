"""Makes the signed snapshot of what operators approved: woken by the outbox's stream, and by a
sweep for what that lost and for offers that are over. Of a batch of messages one press is enough:
it reads all that was approved, after the last of them was sent."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, Final

from mydata_hub.aws.streams import row_from_image
from mydata_hub.batches import take_stream, take_swept
from mydata_hub.config import Handler, PublishOffersSettings, on_first_use
from mydata_hub.errors import Conflict
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.observe import logger_for, measure
from mydata_hub.offers.catalogue.compiled import compile_offer
from mydata_hub.offers.catalogue.press import Press, is_due, publish_snapshot
from mydata_hub.offers.matching.index import build_index
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.messages import TABLE, settle
from mydata_hub.ports.tables import Row
from mydata_hub.ports.topics import due_for, message_for
from mydata_hub.transparency.in_force import signing_keys
from mydata_hub.wiring import blobs_for, signer_for, tables_for

FUNCTION: Final = "publish_offers"
MAX_SWEPT: Final = 200


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores and the key that the settings name."""
    settings, logger = PublishOffersSettings.read(env), logger_for(FUNCTION)
    tables, clock, entropy = tables_for(settings), SystemClock(), SystemEntropy()
    signer = signer_for(settings, settings.offer_key, "ES256")

    def left_out(offer_id: str) -> None:
        logger.error("an approved offer is left out: send it anew", offer_id=offer_id)
        measure(FUNCTION, OffersLeftOut=1)

    press = Press(
        tables=tables,
        blobs=blobs_for(settings, settings.offers_bucket),
        keys=SigningKeys(signer),
        clock=clock,
        entropy=entropy,
        issuer=settings.issuer,
        compile=compile_offer,
        build_index=build_index,
        left_out=left_out,
    )

    def handle(event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        pressed: list[bool] = []

        def take(row: Row) -> None:
            message = message_for(FUNCTION, row, clock.now())
            if message is None:
                return
            if not pressed:
                pressed.append(publish_snapshot(press))
            with suppress(Conflict):  # settled by whoever was first
                tables.commit(settle(message))

        if "Records" in event:
            return take_stream(event["Records"], partial(row_from_image, TABLE), take, logger)
        # All of them before the press: what is sent meanwhile is the next one's.
        due = list(islice(due_for(FUNCTION, tables, clock.now()), MAX_SWEPT))
        if is_due(press):
            pressed.append(publish_snapshot(press))
        return take_swept(due, take, logger.exception)

    return signing_keys(tables, clock, entropy, offer=signer).first(handle)


handler = on_first_use(build)
