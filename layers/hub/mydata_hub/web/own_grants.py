"""A person's own grants: what was allowed to whom, and the one tap that ends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from mydata_hub.collection.connecting import tell_withdrawn
from mydata_hub.consent.deliveries import Delivery, fetch_deliveries
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.consent.grant import Grant, GrantKind
from mydata_hub.consent.grants import list_grants
from mydata_hub.oauth.clients import Client, fetch_clients
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Withdrawal
from mydata_hub.web.ended_grants import told_document
from mydata_hub.web.own_balances import balances
from mydata_hub.web.request import Request
from mydata_hub.web.site import RouteHandler, Site


def grants_state(site: Site, request: Request) -> Answer:
    """Every grant this person ever gave, the newest first, those that ended too; and what each
    group of partners may know by now."""
    grants = sorted(
        list_grants(site.desk.tables, request.caller.account_id),
        key=lambda grant: grant.given_at,
        reverse=True,
    )
    partners = {grant.counterparty for grant in grants if grant.kind is GrantKind.RELEASE}
    clients = fetch_clients(site.desk.tables, partners)
    ended = [grant.grant_id for grant in grants if grant.ended_at is not None]
    told = fetch_deliveries(site.desk.tables, ended)
    now = site.desk.now()
    documents = [
        grant_document(grant, _name(clients, grant), now, told.get(grant.grant_id))
        for grant in grants
    ]
    return json_answer(200, {"grants": documents, "balances": balances(site, request)})


def withdraw(site: Site, request: Request) -> Answer:
    """Ends a grant; from the commit on nothing is answered by it."""
    body = Withdrawal.read(request.json())
    grant = withdraw_grant(site.desk, request.caller, request.parameter("grant_id"))
    if grant.kind is GrantKind.COLLECT:
        tell_withdrawn(site.desk, grant, body.records)
    counterparties = [grant.counterparty] if grant.kind is GrantKind.RELEASE else []
    name = _name(fetch_clients(site.desk.tables, counterparties), grant)
    told = fetch_deliveries(site.desk.tables, [grant.grant_id]).get(grant.grant_id)
    return json_answer(200, grant_document(grant, name, site.desk.now(), told))


def grant_document(
    grant: Grant, name: str | None, now: datetime, told: Delivery | None
) -> dict[str, Any]:
    """A grant as its person reads it; `name` is the partner's, where it is a partner's."""
    return {
        "grant_id": grant.grant_id,
        "version": grant.version,
        "kind": str(grant.kind),
        "state": str(grant.state(now)),
        "counterparty": grant.counterparty,
        "name": name,
        "purpose": grant.purpose,
        "items": list(grant.items),
        "frequency": {"unit": str(grant.frequency.unit), "count": grant.frequency.count},
        "max_bits": grant.max_bits,
        "given_at": grant.given_at.isoformat(),
        "expires_at": grant.expires_at.isoformat(),
        "ended_at": grant.ended_at and grant.ended_at.isoformat(),
        "told": told_document(told),
    }


def _name(clients: Mapping[str, Client], grant: Grant) -> str | None:
    client = clients.get(grant.counterparty)
    return client.name if client else None


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "GET /grants/state": grants_state,
    "POST /grants/{grant_id}/withdraw": withdraw,
}
