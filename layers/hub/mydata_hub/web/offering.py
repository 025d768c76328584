"""Partners' calls about offers over HTTP, with errors in the words of the OAuth endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from mydata_hub.config import Handler
from mydata_hub.oauth.call import Answer, Call
from mydata_hub.offers.acceptance.reports import report
from mydata_hub.offers.catalogue.partner_calls import (
    MAX_OFFER_BODY_BYTES,
    Shop,
    ShopCall,
    list_own,
    publish,
    withdraw,
)
from mydata_hub.web.guards import Check, Guard
from mydata_hub.web.oauth_endpoints import oauth_handler
from mydata_hub.web.partners import carries_assertion

CALLS: Final[Mapping[str, ShopCall]] = {
    "POST /offers": publish,
    "POST /offers/withdraw": withdraw,
    "POST /offers/list": list_own,
    "POST /offers/report": report,
}
_CHECKS: Final[Mapping[Guard, Check]] = {
    Guard.CLIENT: partial(carries_assertion, max_body_bytes=MAX_OFFER_BODY_BYTES)
}


def shop_handler(shop: Shop, calls: Mapping[str, ShopCall] = CALLS) -> Handler:
    """The handler of these calls."""

    def endpoint(act: ShopCall) -> Any:
        def answer(_authority: Any, call: Call, _grant_id: str) -> Answer:
            return act(shop, call)

        return answer

    endpoints = {route: endpoint(act) for route, act in calls.items()}
    return oauth_handler("offers", shop.authority, endpoints, _CHECKS)
