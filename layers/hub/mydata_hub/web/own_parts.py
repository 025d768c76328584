"""Erasing a part: one source's records, one kind of record, or some days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal
from urllib.parse import parse_qs

from pydantic import Field

from mydata_hub.accounts.store import fetch_account
from mydata_hub.collection.connections import list_links
from mydata_hub.collection.providers import list_providers
from mydata_hub.erasure.beginning_part import begin_part_erasure, scope_of
from mydata_hub.errors import NotSignedIn
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import MAX_TEXT_CHARACTERS, Body
from mydata_hub.web.collect_sheet import DATASETS
from mydata_hub.web.language import language_of
from mydata_hub.web.part_words import PART_BEYOND, PART_STEPS
from mydata_hub.web.request import Request
from mydata_hub.web.site import RouteHandler, Site

# Records that a person brought, as their segments are attributed.
OWN: Final = "self"


class Part(Body):
    """What is to go: a provider, a dataset, or the first and the last day."""

    provider: str | None = Field(default=None, max_length=MAX_TEXT_CHARACTERS)
    dataset: str | None = Field(default=None, max_length=MAX_TEXT_CHARACTERS)
    since: date | None = None
    until: date | None = None
    # Ticked by hand: nobody erases by a slip of the finger.
    sure: Literal["yes"]


def show_parts(site: Site, request: Request) -> Answer:
    """What can go, what then happens, and what does not."""
    account = fetch_account(site.desk.tables, request.caller.account_id)
    if account is None:
        raise NotSignedIn("the account of this session is gone")
    locale, tables = language_of(request, account.locale), site.desk.tables
    known = {str(one.provider_id): getattr(one.name, locale) for one in list_providers(tables)}
    linked = [str(link.provider_id) for link in list_links(tables, account.account_id)]
    return site.page(
        request,
        "erase_part.html",
        account_locale=account.locale,
        account=account,
        recovery=account.pending_recovery(site.desk.now()),
        providers=[(name, known.get(name, name)) for name in dict.fromkeys(linked)],
        # Who has just withdrawn comes with the source whose records are to go.
        chosen=parse_qs(request.query).get("provider", [""])[0],
        own=OWN,
        datasets=DATASETS,
        steps=PART_STEPS,
        beyond=PART_BEYOND,
        today=site.desk.now().date().isoformat(),
    )


def begin(site: Site, request: Request) -> Answer:
    """Begins; from now on the link tells how far it is."""
    body = Part.read(request.json())
    scope = scope_of(
        site.desk.now(),
        provider=body.provider,
        dataset=body.dataset,
        since=body.since,
        until=body.until,
    )
    certificate_id = begin_part_erasure(site.desk, request.caller, scope)
    location = f"/certificates/{certificate_id}"
    return json_answer(
        202,
        {"certificate_id": certificate_id, "location": location, "part": scope.plain()},
        headers={"location": location},
    )


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "GET /sources/erase": show_parts,
    "POST /sources/erase": begin,
}
