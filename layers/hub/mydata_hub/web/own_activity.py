"""A person's activity: who may ask about them now, who may no more, and what happened.

What happened is fetched by the page from the log zone (own_log.py), which alone can open it. So is
what they disclose of it: here it is recorded that they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from pydantic import Field

from mydata_hub.accounts.store import fetch_account
from mydata_hub.consent.disclosing import record_disclosure
from mydata_hub.consent.grant import GrantKind, GrantState
from mydata_hub.consent.grants import list_grants
from mydata_hub.errors import NotSignedIn
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.personal_log.period_key import periods_between
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import MAX_TEXT_CHARACTERS, Body
from mydata_hub.web.ended_grants import ended_grants
from mydata_hub.web.language import language_of
from mydata_hub.web.own_balances import balances
from mydata_hub.web.request import Request
from mydata_hub.web.site import RouteHandler, Site


class Disclosing(Body):
    """Which log-key period is shown, and to whom in the person's own words."""

    period: str = Field(max_length=MAX_TEXT_CHARACTERS)
    to: str = Field(max_length=MAX_TEXT_CHARACTERS)


def show_activity(site: Site, request: Request) -> Answer:
    """The page."""
    allowed, ended = _allowed(site, request), ended_grants(site, request)
    known, now = balances(site, request), site.desk.now()
    account = fetch_account(site.desk.tables, request.caller.account_id)
    if account is None:
        raise NotSignedIn("the account of this session is gone")
    return site.page(
        request,
        "activity.html",
        allowed=allowed,
        ended=ended,
        known=known,
        account=account,
        recovery=account.pending_recovery(now),
        months=periods_between(account.joined_at, now),
    )


def _allowed(site: Site, request: Request) -> list[dict[str, Any]]:
    """Which partners may ask what at the moment, so that each is ended where it is seen."""
    locale, tables, now = language_of(request), site.desk.tables, site.desk.now()
    return [
        {
            "grant_id": grant.grant_id,
            "name": _partner(site, grant.counterparty),
            "questions": [getattr(find_claim(item).claim.question, locale) for item in grant.items],
            "expires_at": grant.expires_at,
        }
        for grant in list_grants(tables, request.caller.account_id)
        if grant.kind is GrantKind.RELEASE and grant.state(now) is GrantState.ACTIVE
    ]


def _partner(site: Site, client_id: str) -> str:
    client = fetch_client(site.desk.tables, client_id)
    return client.name if client else client_id


def disclose(site: Site, request: Request) -> Answer:
    """Records that a period is disclosed; the file is made by whoever asked (docs/protocol.md)."""
    body = Disclosing.read(request.json())
    recorded = record_disclosure(site.desk, request.caller, body.period, body.to)
    return json_answer(200, {"hub": site.issuer, **asdict(recorded)})


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "GET /activity": show_activity,
    "POST /activity/disclose": disclose,
}
