"""The pages of people, auditors and operators, and the calls their scripts make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.push_services import PushServices
from mydata_hub.config import Handler, PagesSettings, on_first_use
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.web import entrances, own_account, own_erasure, own_notifications, public_pages
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import (
    loopback_calls_allowed,
    signer_for,
    software_passkeys_allowed,
    tables_for,
)

HANDLERS: Final[Mapping[str, own_notifications.PagesHandler]] = {
    **public_pages.HANDLERS,
    **entrances.HANDLERS,
    **own_account.HANDLERS,
    **own_notifications.HANDLERS,
    **own_erasure.HANDLERS,
}


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the tables that the settings name."""
    settings = PagesSettings.read(env)
    desk = Desk(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
        software_passkeys=software_passkeys_allowed(settings),
    )
    engine = settings.engine.partition(":")[0]
    loopback = loopback_calls_allowed(settings)
    site = own_notifications.PagesSite(
        issuer=settings.issuer,
        renderer=Renderer(),
        desk=desk,
        engine=engine,
        push_keys=SigningKeys(signer_for(settings, settings.push_key, "ES256")),
        services=PushServices.read(settings.push_services, loopback_allowed=loopback),
    )
    return handler_for("pages", site, HANDLERS, session_checks(desk))


handler = on_first_use(build)
