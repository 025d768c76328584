"""The consent sheet and the sheet of an offer: what a partner asks or gives, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import AuthorizeSettings, Handler, on_first_use
from mydata_hub.oauth.authority import Authority, PublishedCatalogue, SigningKeys
from mydata_hub.offers.acceptance.accepting import Counter
from mydata_hub.offers.acceptance.ticket import Tickets
from mydata_hub.offers.catalogue.compiled import told_by_accepting
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.web.accepting import HANDLERS as OFFERS
from mydata_hub.web.accepting import CounterFront
from mydata_hub.web.authorize_page import HANDLERS, ConsentSite
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import signer_for, software_passkeys_allowed, tables_for

FUNCTION: Final = "authorize"


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
    # The public half alone: a vault's word that it let its person accept an offer.
    matches = SigningKeys(signer_for(settings, settings.match_key, "ES256"))
    tickets = Tickets(matches, settings.issuer, desk.clock)
    counter = CounterFront(
        issuer=settings.issuer,
        renderer=site.renderer,
        counter=Counter(desk=desk, tickets=tickets),
        condition_of=told_by_accepting,
    )
    checks = session_checks(desk)
    asked = handler_for(FUNCTION, site, HANDLERS, checks)
    offered = handler_for(FUNCTION, counter, OFFERS, checks)

    def handle(event: dict[str, Any], context: Any) -> Any:
        return (offered if event.get("routeKey") in OFFERS else asked)(event, context)

    return handle


handler = on_first_use(build)
