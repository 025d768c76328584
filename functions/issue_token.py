"""The authorization server's endpoints for clients: discovery, PAR, tokens and their grants."""

from __future__ import annotations

from collections.abc import Mapping

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import Handler, IssueTokenSettings, on_first_use
from mydata_hub.insights.fair_use import read_fair_use
from mydata_hub.oauth.authority import Authority, PublishedCatalogue, SigningKeys
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.in_force import signing_keys
from mydata_hub.web.oauth_endpoints import oauth_handler
from mydata_hub.wiring import policies_folder, signer_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the tables and the signing key that the settings name."""
    settings = IssueTokenSettings.read(env)
    desk = Desk(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
    )
    token = signer_for(settings, settings.token_key, "ES256")
    event = signer_for(settings, settings.event_key, "ES256")
    receipt = signer_for(settings, settings.receipt_key, "ES256")
    authority = Authority(
        desk=desk,
        keys=SigningKeys(token),
        catalogue=PublishedCatalogue(),
        fair_use=read_fair_use(policies_folder()),
        event_keys=SigningKeys(event),
        receipt_keys=SigningKeys(receipt),
        nonce_required=settings.dpop_nonce == "required",
    )
    signs = {"token": token, "event": event, "receipt": receipt}
    keys = signing_keys(desk.tables, desk.clock, desk.entropy, **signs)
    return keys.first(oauth_handler("issue_token", authority))


handler = on_first_use(build)
