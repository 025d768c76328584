"""The review of appeals: the operators' queue, the case of one appeal, and its decision."""

from __future__ import annotations

from collections.abc import Mapping

from mydata_hub.accounts.desk import Desk
from mydata_hub.appeals.deciding import ReviewRoom, decide, read_case, see_queue
from mydata_hub.appeals.review_box import ReviewBox
from mydata_hub.config import Handler, on_first_use
from mydata_hub.own_vault.importing import Letterbox
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.vault_config import ReviewSettings
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.render import Renderer
from mydata_hub.web.reviewing import HANDLERS, ReviewActs, ReviewFront
from mydata_hub.wiring import blobs_for, keys_for, signer_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores and keys that the settings name."""
    settings = ReviewSettings.read(env)
    tables, clock, entropy = tables_for(settings), SystemClock(), SystemEntropy()
    room = ReviewRoom(
        letterbox=Letterbox(
            tables=tables,
            blobs=blobs_for(settings, settings.segments_bucket),
            signer=signer_for(settings, settings.review_key, "ES256"),
            clock=clock,
            entropy=entropy,
        ),
        box=ReviewBox(keys_for(settings, settings.vault_key)),
    )
    acts = ReviewActs(
        queue=lambda: see_queue(room),
        read=lambda session, appeal_id: read_case(room, session, appeal_id),
        decide=lambda session, *decided: decide(room, session, *decided),
    )
    front = ReviewFront(issuer=settings.issuer, renderer=Renderer(), clock=clock, acts=acts)
    desk = Desk(tables=tables, clock=clock, entropy=entropy, issuer=settings.issuer)
    # Reading a session here does not lengthen it: this zone writes nothing of the edge's.
    return handler_for("review", front, HANDLERS, session_checks(desk, slide=False))


handler = on_first_use(build)
