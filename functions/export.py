"""Gives a person everything of theirs, part by part; it opens vaults and writes only the event."""

from __future__ import annotations

from collections.abc import Mapping

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import Handler, on_first_use
from mydata_hub.own_vault.strongroom import Strongroom, believe
from mydata_hub.portability.beginning import ExportRoom
from mydata_hub.portability.exporting import RoomExports
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.published import Checkpoints
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import ExportSettings
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.own_export import HANDLERS, ExportFront
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import blobs_for, keys_for, signer_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores that the settings name."""
    settings = ExportSettings.read(env)
    tables, clock, entropy = tables_for(settings), SystemClock(), SystemEntropy()
    named = ("collector", "self_supplied", "review", "reseal")
    signers = {one: signer_for(settings, getattr(settings, f"{one}_key"), "ES256") for one in named}
    desk = Desk(tables=tables, clock=clock, entropy=entropy, issuer=settings.issuer)
    strongroom = Strongroom(
        tables=tables,
        blobs=blobs_for(settings, settings.segments_bucket),
        keys=VaultKeys(tables, keys_for(settings, settings.vault_key), clock),
        trusted=believe(signers),
        clock=clock,
        entropy=entropy,
        resealers=trust([(signers["reseal"].public_key(), None)]),
    )
    room = ExportRoom(strongroom=strongroom, desk=desk, log=Checkpoints(tables))
    front = ExportFront(
        issuer=settings.issuer,
        renderer=Renderer(),
        desk=desk,
        engine=settings.engine.partition(":")[0],
        exports=RoomExports(room),
    )
    # Reading a session here does not lengthen it: this zone writes nothing of the edge's.
    return handler_for("export", front, HANDLERS, session_checks(desk, slide=False))


handler = on_first_use(build)
