"""The sample partners' offers on a laptop's hub: published, and approved by whoever serves it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.laptop import environment_of
from mydata_hub.config import OffersSettings
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.errors import NotFound
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.wiring import policies_folder, tables_for

if TYPE_CHECKING:
    from mydata_hub.offers.catalogue.publishing import OnShelf
    from mydata_hub.offers.catalogue.shelf import Submitted


def publish_samples(deployment: Deployment, trade: str, client_id: str) -> None:
    """Put a sample partner's offers on the shelf; those that are there already stay as they are.

    Raises BadInput, Busy.
    """
    from mydata_hub.offers.catalogue.shelf import names_of
    from mydata_hub.samples.offers import offers_of

    desk = desk_of_offers(deployment)
    there = set(names_of(desk.tables, client_id))
    for name, document in offers_of(trade, desk.now()).items():
        if name not in there:
            kept = submit_sample(desk, client_id, json.dumps(document, ensure_ascii=False))
            _approve(desk, kept.latest)


def desk_of_offers(deployment: Deployment) -> Desk:
    """The desk of the function that takes offers in; whoever can read the folder may use it."""
    settings = OffersSettings.read(environment_of(deployment, "offers"))
    return Desk(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
    )


def submit_sample(desk: Desk, client_id: str, document: str) -> OnShelf:
    """Publish an offer as its partner would, without the call. Raises BadInput, NotFound, Busy."""
    # Only a hub that begins pays for what checks offers.
    from mydata_hub.insights.catalogue import CATALOGUE
    from mydata_hub.insights.fair_use import read_fair_use
    from mydata_hub.oauth.clients import fetch_client
    from mydata_hub.offers.catalogue.check import check_offer
    from mydata_hub.offers.catalogue.publishing import submit_offer

    client, fair_use = fetch_client(desk.tables, client_id), read_fair_use(policies_folder())
    if client is None:
        raise NotFound("there is no such partner")
    return submit_offer(desk, check_offer(document, desk.now(), CATALOGUE, fair_use, client))


def _approve(desk: Desk, kept: Submitted) -> None:
    from mydata_hub.offers.catalogue.compiled import compile_offer
    from mydata_hub.offers.catalogue.deciding import Decision, Outcome, decide_offer

    decision = Decision(offer_id=kept.offer_id, version=kept.version, outcome=Outcome.APPROVED)
    decide_offer(desk, None, decision, compile_offer)
