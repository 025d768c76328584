"""A person's sources: what is collected from whom, how it goes, and how to connect another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from mydata_hub.accounts.account import Locale
from mydata_hub.collection.connecting import depart, prepare_connection
from mydata_hub.collection.connections import Link, State, list_links
from mydata_hub.collection.providers import ProviderEntry, fetch_provider, list_providers
from mydata_hub.consent.grant import Grant, GrantState
from mydata_hub.consent.grants import list_grants
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Collection, Signature
from mydata_hub.web.collect_sheet import DATASETS, CollectSheet, collect_sheet
from mydata_hub.web.cookies import departure_cookie
from mydata_hub.web.language import language_of
from mydata_hub.web.request import Request
from mydata_hub.web.signing import prepared_answer, require_read
from mydata_hub.web.site import RouteHandler, Site
from mydata_hub.web.wording import mark as _

# The closed list of what `receive` may say, and how a collection can go.
NOTES: Final = {
    "connected": _("Connected. What is there is being collected now."),
    "over": _("That took too long or was used already. Connect once more."),
    "refused": _("It was refused there, so nothing is connected."),
    "withdrawn": _("You withdrew it meanwhile, so nothing is connected."),
    "other_person": _("It knows that account under another person's name, so it is not connected."),
    "unavailable": _("The provider cannot be reached now. Connect once more later."),
}
_SILENT: Final = frozenset({"throttled", "unavailable", "too_slow", "truncated"})
_LET_GO: Final = frozenset({"consent_ended", "token_expired"})


def show_sources(site: Site, request: Request) -> Answer:
    """The page."""
    locale = language_of(request)
    sources, sheets = _sources(site, request, locale)
    note = parse_qs(request.query).get("note", [""])[0]
    return site.page(
        request,
        "sources.html",
        sources=sources,
        sheets=sheets,
        datasets=DATASETS,
        note=NOTES.get(note, ""),
        good=note == "connected",
    )


def sources_state(site: Site, request: Request) -> Answer:
    """The same as a document."""
    sources, sheets = _sources(site, request, language_of(request))
    providers = [
        {
            "provider_id": sheet.provider_id,
            "name": sheet.name,
            "datasets": [{"id": name, "words": words} for name, words in sheet.items],
            "wording": sheet.wording,
            "wording_hash": sheet.wording_hash,
        }
        for sheet in sheets
    ]
    return json_answer(
        200,
        {
            "sources": [_plain(source) for source in sources],
            "providers": providers,
            "locale": language_of(request),
        },
    )


def prepare(site: Site, request: Request) -> Answer:
    """The exact record of the person's choice, and what the passkey is to sign."""
    choice = Collection.read(request.json())
    provider = fetch_provider(site.desk.tables, choice.provider_id)
    sheet = collect_sheet(provider, site.desk.now(), choice.locale)
    require_read(choice.wording_hash, sheet.wording_hash)
    prepared = prepare_connection(
        site.desk,
        request.caller,
        provider,
        choice.items,
        locale=choice.locale,
        wording=sheet.wording,
    )
    return prepared_answer(prepared)


def approve(site: Site, request: Request) -> Answer:
    """The signature makes the grant; where the browser goes to agree at the provider."""
    body = Signature.read(request.json())
    departure = depart(site.desk, request.caller, body.approval, body.credential)
    answer = json_answer(200, {"location": departure.location})
    return answer.with_cookies(departure_cookie(site.issuer, departure.binding))


def _sources(
    site: Site, request: Request, locale: Locale
) -> tuple[list[dict[str, Any]], list[CollectSheet]]:
    tables, now = site.desk.tables, site.desk.now()
    account_id = request.caller.account_id
    providers = {str(one.provider_id): one for one in list_providers(tables)}
    grants = {str(grant.grant_id): grant for grant in list_grants(tables, account_id)}
    sources = []
    taken = set()
    for link in list_links(tables, account_id):
        grant = grants.get(link.grant_id)
        live = grant is not None and grant.state(now) is GrantState.ACTIVE
        sources.append(_source(link, grant, providers.get(link.provider_id), locale, live=live))
        if live and link.state is State.CONNECTED:
            taken.add(link.provider_id)
    free = [one for name, one in providers.items() if name not in taken]
    return sources, [collect_sheet(provider, now, locale) for provider in free]


def _source(
    link: Link, grant: Grant | None, provider: ProviderEntry | None, locale: Locale, *, live: bool
) -> dict[str, Any]:
    ended = link.trouble if link.state is State.ENDED else "withdrawn"
    return {
        "provider_id": link.provider_id,
        "connection_id": link.connection_id,
        "name": getattr(provider.name, locale) if provider else link.provider_id,
        "state": link.state.value if live or link.state is State.ENDED else State.ENDED.value,
        "datasets": list(link.datasets),
        "grant_id": link.grant_id,
        "granted": live,
        "expires_at": grant.expires_at if grant else None,
        "asked_at": link.asked_at,
        "connected_at": link.connected_at,
        "complete_at": link.complete_at,
        # Of a source that has ended the last sweep says nothing of what is in the vault by now.
        "records": dict(link.records) if live else {},
        "trouble": link.trouble if live else ended,
        "way": _way(link, live=live),
        "failing_since": link.failing_since,
    }


def _way(link: Link, *, live: bool) -> str:
    """How it goes, as the page tells it apart."""
    if link.state is State.ENDED and link.trouble in _LET_GO:
        return "let_go"
    if not live or link.state is State.ENDED:
        return "ended"
    if link.state is State.PENDING:
        return "unfinished"
    if link.trouble == "waiting":
        return "waiting"
    if link.trouble:
        return "silent" if link.trouble in _SILENT else "unusable"
    return "fresh" if link.complete_at else "collecting"


def _plain(source: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in source.items()
    }


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "GET /sources": show_sources,
    "GET /sources/state": sources_state,
    "POST /sources/prepare": prepare,
    "POST /sources/approve": approve,
}
