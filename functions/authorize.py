"""The consent sheet: what a partner asks a person, and the person's answer."""

from __future__ import annotations

from collections.abc import Mapping

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import AuthorizeSettings, Handler, on_first_use
from mydata_hub.oauth.authority import Authority, PublishedCatalogue, SigningKeys
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.web.authorize_page import HANDLERS, ConsentSite
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import software_passkeys_allowed, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the tables that the settings name."""
    settings = AuthorizeSettings.read(env)
    desk = Desk(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
        software_passkeys=software_passkeys_allowed(settings),
    )
    site = ConsentSite(
        issuer=settings.issuer,
        renderer=Renderer(),
        desk=desk,
        engine=settings.engine.partition(":")[0],
        # No key: this function issues codes, and what they are worth another one signs.
        authority=Authority(desk=desk, keys=SigningKeys(), catalogue=PublishedCatalogue()),
    )
    return handler_for("authorize", site, HANDLERS, session_checks(desk))


handler = on_first_use(build)
