"""The functions that offers pass through, over one database, called as API Gateway calls them."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime
from typing import Any

from mydata_hub.samples.offers import offers_of
from mydata_hub.web.guards import ROUTES

from tests.unit.web.conftest import Hub
from tests.unit.web.partners import HttpPartner


class OfferHub(Hub):
    """People's pages, for operators to sign in, and the two functions of offers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("grants", "deliveries", "clients", "oauth", "offers", "ledger")
        self.environment |= {f"{name.upper()}_TABLE": name for name in names}
        self.environment |= {
            "IN_FORCE_TABLE": "in-force",
            "OFFERS_BUCKET": "offers",
            "OFFER_KEY": "offer",
            "COUPONS_TABLE": "coupons",
            "COUPON_KEY": "coupon",
            "MATCH_KEY": "match",
        }
        handlers = {"pages": self.handler} | {
            name: importlib.import_module(f"functions.{name}").build(self.environment)
            for name in ("offers", "publish_offers")
        }
        self.press = handlers.pop("publish_offers")
        routes = {
            route.key: handlers[route.function] for route in ROUTES if route.function in handlers
        }
        self.handler = lambda event, context: routes[event["routeKey"]](event, context)

    def sweep(self) -> Any:
        """What publish_offers does each minute."""
        return self.press({"sweep": True}, None)

    def partner(self, client_id: str = "alley", *purposes: str) -> HttpPartner:
        given = purposes or ("personal_offers",)
        return HttpPartner(self, self.environment, client_id=client_id, purposes=given)


def a_document(name: str = "coffee-stamps", trade: str = "alley", **changes: Any) -> str:
    """An offer as a partner sends it: a sample one with changes; None leaves a field out."""
    said = offers_of(trade, datetime.now(UTC))[name] | changes
    return json.dumps({field: value for field, value in said.items() if value is not None})
