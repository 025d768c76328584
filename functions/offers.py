"""Offers: partners publish them, operators let them be shown, anyone reads what is published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mydata_hub.accounts.desk import Desk
from mydata_hub.benefits.till_calls import TillDesk
from mydata_hub.config import Handler, OffersSettings, on_first_use
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.fair_use import read_fair_use
from mydata_hub.oauth.authority import Authority, PublishedCatalogue, SigningKeys
from mydata_hub.oauth.clients import Client
from mydata_hub.observe import logger_for
from mydata_hub.offers.acceptance.hastening import count_and_hasten
from mydata_hub.offers.catalogue.check import Checked, check_offer
from mydata_hub.offers.catalogue.compiled import compile_offer
from mydata_hub.offers.catalogue.partner_calls import Shop
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.web import coupons, offer_approval, offer_files, offering
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import blobs_for, policies_folder, signer_for, tables_for

FUNCTION = "offers"


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores that the settings name."""
    settings, logger = OffersSettings.read(env), logger_for(FUNCTION)
    desk = Desk(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
    )
    # No key for tokens: clients prove themselves here, and nothing is issued to them.
    authority = Authority(
        desk=desk, keys=SigningKeys(), catalogue=PublishedCatalogue(), nonce_required=False
    )

    fair_use = read_fair_use(policies_folder())

    def check(document: str, client: Client) -> Checked:
        return check_offer(document, desk.now(), CATALOGUE, fair_use, client)

    front = offer_approval.OfferFront(
        issuer=settings.issuer, renderer=Renderer(), desk=desk, compile_offer=compile_offer
    )
    files = offer_files.OfferFiles(
        tables=desk.tables,
        blobs=blobs_for(settings, settings.offers_bucket),
        keys=SigningKeys(signer_for(settings, settings.offer_key, "ES256")).jwks,
    )
    partners = offering.shop_handler(Shop(authority=authority, check=check))
    # Reading a session here does not lengthen it.
    checks = session_checks(desk, slide=False)
    operators = handler_for(FUNCTION, front, offer_approval.HANDLERS, checks)

    key = AnswerKey(signer_for(settings, settings.coupon_key, "ES256"))
    also = count_and_hasten(desk.tables, desk.clock)
    desk_of_tills = TillDesk(authority=authority, key=key, also=also)
    tills = coupons.coupon_handler(desk_of_tills, front, checks)

    def handle(event: dict[str, Any], context: Any) -> Any:
        route = str(event.get("routeKey", ""))
        if route in offer_files.ROUTES:
            return files.serve(logger, event)
        if route in coupons.ROUTES:
            return tills(event, context)
        return (partners if route in offering.CALLS else operators)(event, context)

    return handle


handler = on_first_use(build)
