"""The report of an offer, for its partner: what people did openly, by days that are over.

No number in it is made from matches: no function that a partner can call knows of any.
"""

from __future__ import annotations

from mydata_hub.errors import NotFound
from mydata_hub.oauth.admission import admit
from mydata_hub.oauth.call import Answer, Call, answering
from mydata_hub.offers.acceptance.tally import read_report
from mydata_hub.offers.acceptance.windows import window_at
from mydata_hub.offers.catalogue.partner_calls import Shop, needed, refusing
from mydata_hub.offers.catalogue.shelf import fetch_offer


def report(shop: Shop, call: Call) -> Answer:
    """200 with how often an offer of this partner's was accepted and redeemed, day by day."""

    def act() -> Answer:
        desk = shop.authority.desk
        with admit(shop.authority, call) as admitted, refusing():
            offer_id = needed(admitted, "offer_id")
            head, _ = fetch_offer(desk.tables, offer_id)
            if head is None or head.client != admitted.client.client_id:
                raise NotFound("there is no such offer of yours")
            now = desk.now()
            days = read_report(desk.tables, offer_id, now)
            # Nothing else is written; the assertion counts once all the same.
            desk.tables.commit(*(one.put for one in admitted.spent))
        body = {
            "offer_id": offer_id,
            # Everything before this instant is counted.
            "until": window_at(now).begins_at.isoformat(),
            "accepted": sum(day.accepted for day in days),
            "redeemed": sum(day.redeemed for day in days),
            "days": [
                {"day": day.day, "accepted": day.accepted, "redeemed": day.redeemed} for day in days
            ],
        }
        return Answer(status=200, body=body)

    return answering(act)
