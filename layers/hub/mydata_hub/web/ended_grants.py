"""What became of a grant that ended: was its partner told, did it confirm, did it delete?"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from mydata_hub.accounts.account import Locale
from mydata_hub.consent.deliveries import Delivery, DeliveryState, fetch_deliveries
from mydata_hub.consent.grant import GrantKind
from mydata_hub.consent.grants import list_grants
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.web.language import language_of
from mydata_hub.web.request import Request
from mydata_hub.web.site import Site
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

MAX_SHOWN: Final = 20
# What a person reads; the partner's name stands beside it.
WORDS: Final = {
    DeliveryState.WAITING: _("Not told yet. That happens in a moment."),
    DeliveryState.SENT: _("Told. Not yet confirmed."),
    DeliveryState.NOT_CONFIRMED: _("Not yet confirmed. We tell them again and again for a day."),
    DeliveryState.GIVEN_UP: _("Not confirmed. We told them for a day and have stopped."),
    DeliveryState.NO_ADDRESS: _("Takes no messages. Their next question is refused."),
    DeliveryState.ACKNOWLEDGED: _(
        "Told and confirmed. They have not yet signed that they deleted."
    ),
    DeliveryState.DELETION_ATTESTED: _("Signed that they deleted. We cannot see whether they did."),
    DeliveryState.TAKEN_BACK: _(
        "You took it back before they heard of it. They know nothing of it."
    ),
}
# Of a consent that ended before the hub told anybody.
_UNKNOWN: Final = _("Not told: it ended before the hub could tell. Their questions are refused.")


def ended_grants(site: Site, request: Request) -> list[dict[str, Any]]:
    """The partners that may ask no more because a consent was ended, the latest end first, and
    how far the news of it has come."""
    locale, tables = language_of(request), site.desk.tables
    grants = [
        grant
        for grant in list_grants(tables, request.caller.account_id)
        if grant.kind is GrantKind.RELEASE and grant.ended_at is not None
    ]
    grants.sort(key=lambda grant: str(grant.ended_at), reverse=True)
    del grants[MAX_SHOWN:]
    told = fetch_deliveries(tables, [grant.grant_id for grant in grants])
    names = {party: fetch_client(tables, party) for party in {one.counterparty for one in grants}}
    return [
        {
            "grant_id": grant.grant_id,
            "name": client.name if (client := names[grant.counterparty]) else grant.counterparty,
            "ended_at": grant.ended_at,
            **_news(told.get(grant.grant_id), locale),
        }
        for grant in grants
    ]


def told_document(delivery: Delivery | None) -> dict[str, Any] | None:
    """A delivery as its person reads it; None where nothing was ever to be told."""
    if delivery is None:
        return None
    return {
        "state": delivery.state.value,
        "confirmed": delivery.acknowledged_at is not None,
        "tries": delivery.tries,
        "tried_at": _iso(delivery.tried_at),
        "trouble": delivery.trouble,
        "acknowledged_at": _iso(delivery.acknowledged_at),
        "attested_at": _iso(delivery.attested_at),
        # The partner's signed statement: whoever has its published keys can verify it.
        "attestation": delivery.attestation,
    }


def _news(delivery: Delivery | None, locale: Locale) -> dict[str, Any]:
    if delivery is None:
        return {"state": None, "words": translate(locale, _UNKNOWN), "at": None}
    at = delivery.attested_at or delivery.acknowledged_at or delivery.tried_at
    words = translate(locale, WORDS[delivery.state])
    return {"state": delivery.state.value, "words": words, "at": at}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
