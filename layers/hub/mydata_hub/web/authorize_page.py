"""The authorization endpoint for people: the consent sheet and the calls of its script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from mydata_hub.accounts.account import Locale
from mydata_hub.consent.grants import list_grants
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.authorize import (
    Question,
    approve_question,
    find_question,
    open_question,
    prepare_consent,
    refuse_question,
    require_own,
)
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Approval, Asked, Choice
from mydata_hub.web.consent_sheet import CAP_BITS, Sheet, read_sheet, sheet_document
from mydata_hub.web.language import language_of
from mydata_hub.web.partners import call_of
from mydata_hub.web.request import Request
from mydata_hub.web.signing import prepared_answer, require_read
from mydata_hub.web.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentSite(Site):
    """A site where partners ask."""

    authority: Authority


ConsentHandler: TypeAlias = Callable[[ConsentSite, Request], Answer]


def show_sheet(site: ConsentSite, request: Request) -> Answer:
    """The question, as a page or as a document; reading it uses nothing up."""
    call = call_of(request.event)
    question = require_own(open_question(site.authority, call), request.caller)
    sheet = _sheet(site, request, question, language_of(request))
    if not request.wants_page:
        return json_answer(200, sheet_document(sheet, question))
    return site.page(
        request,
        "consent.html",
        sheet=sheet,
        cap_bits=CAP_BITS,
        client_id=question.request["client_id"],
        request_uri=call.parameters()["request_uri"],
    )


def prepare(site: ConsentSite, request: Request) -> Answer:
    """The exact record of the person's choice, and what the passkey is to sign."""
    choice = Choice.read(request.json())
    question = _question(site, request, choice)
    sheet = _sheet(site, request, question, choice.locale)
    require_read(choice.wording_hash, sheet.wording_hash)
    prepared = prepare_consent(
        site.authority,
        request.caller,
        question,
        choice.items,
        locale=choice.locale,
        wording=sheet.wording,
    )
    return prepared_answer(prepared)


def approve(site: ConsentSite, request: Request) -> Answer:
    """The signature makes the grant; where the browser takes the code."""
    body = Approval.read(request.json())
    question = _question(site, request, body)
    location = approve_question(
        site.authority, request.caller, question, body.approval, body.credential
    )
    return json_answer(200, {"location": location})


def refuse(site: ConsentSite, request: Request) -> Answer:
    """No takes one tap; where the browser takes it."""
    question = _question(site, request, Asked.read(request.json()))
    return json_answer(200, {"location": refuse_question(site.authority, request.caller, question)})


def _question(site: ConsentSite, request: Request, asked: Asked) -> Question:
    question = find_question(site.authority, asked.client_id, asked.request_uri)
    return require_own(question, request.caller)


def _sheet(site: ConsentSite, request: Request, question: Question, locale: Locale) -> Sheet:
    given = list_grants(site.desk.tables, request.caller.account_id)
    return read_sheet(question, given, site.desk.now(), locale)


HANDLERS: Final[Mapping[str, ConsentHandler]] = {
    "GET /authorize": show_sheet,
    "POST /authorize/prepare": prepare,
    "POST /authorize/approve": approve,
    "POST /authorize/refuse": refuse,
}
