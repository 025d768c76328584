"""What a person has consented to, how it ends, which sources they connect, and what happened; and
which partners an operator lets ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import ConsentSettings, Handler, on_first_use
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.in_force import signing_keys
from mydata_hub.web import (
    operating,
    own_activity,
    own_consents,
    own_grants,
    own_parts,
    own_sources,
)
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.own_consents import ConsentsHandler, ConsentsSite
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import signer_for, software_passkeys_allowed, tables_for

HANDLERS: Final[Mapping[str, ConsentsHandler]] = {
    **own_grants.HANDLERS,
    **own_consents.HANDLERS,
    **own_sources.HANDLERS,
    **own_parts.HANDLERS,
    **own_activity.HANDLERS,
    **operating.HANDLERS,
}


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the tables that the settings name."""
    settings = ConsentSettings.read(env)
    desk = Desk(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
        software_passkeys=software_passkeys_allowed(settings),
    )
    engine = settings.engine.partition(":")[0]
    receipt = signer_for(settings, settings.receipt_key, "ES256")
    site = ConsentsSite(
        issuer=settings.issuer,
        renderer=Renderer(),
        desk=desk,
        engine=engine,
        receipt_keys=SigningKeys(receipt),
    )
    keys = signing_keys(desk.tables, desk.clock, desk.entropy, receipt=receipt)
    return keys.first(handler_for("consent", site, HANDLERS, session_checks(desk)))


handler = on_first_use(build)
