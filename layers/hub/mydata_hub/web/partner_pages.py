"""What anybody may read who wants to become a partner, or to check what partners may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from mydata_hub.consent.grant import Frequency, FrequencyUnit
from mydata_hub.errors import BadInput
from mydata_hub.fields import Purpose
from mydata_hub.insights.catalogue import ATTRIBUTES, CATALOGUE, view_catalogue
from mydata_hub.insights.claim import AnswerPeriod
from mydata_hub.insights.dry_run import MAX_BITS, Plan, run_dry
from mydata_hub.insights.entries import Entry
from mydata_hub.insights.fair_use import FairUse
from mydata_hub.insights.purposes import PURPOSES, view_purposes
from mydata_hub.web.answer_words import answer_words
from mydata_hub.web.answers import REVALIDATE, Answer, json_answer
from mydata_hub.web.families import by_family
from mydata_hub.web.language import language_of
from mydata_hub.web.openapi import describe_api
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front
from mydata_hub.web.wording import mark as _

# The same for everybody until the next release.
PUBLISHED: Final = {"cache-control": "public, max-age=300", "vary": "accept"}
MAX_FIELDS: Final = 64
MAX_DIGITS: Final = 6
DEFAULT_DAYS: Final = 90
SPANS: Final = {
    AnswerPeriod.THIRTY_DAYS: _("30 days"),
    AnswerPeriod.QUARTER: _("a quarter"),
    AnswerPeriod.HALF_YEAR: _("half a year"),
    AnswerPeriod.YEAR: _("a year"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFront(Front):
    """What these pages are made with; the bounds of fair use are the operator's."""

    fair_use: FairUse


def send_catalogue(front: PartnerFront, request: Request) -> Answer:
    """The claims and the attributes they read; for a browser, as a page."""
    if not request.wants_page:
        return json_answer(200, view_catalogue(), headers=PUBLISHED)
    language = language_of(request)
    return front.page(
        request,
        "catalogue.html",
        caching=REVALIDATE,
        families=by_family(ATTRIBUTES.values(), lambda attribute: attribute.id),
        entries=_asked_now(),
        language=language,
        words_of=lambda claim: answer_words(claim, language),
        spans=SPANS,
    )


def send_purposes(front: PartnerFront, _request: Request) -> Answer:
    """The closed list of purposes, each with what is fair for it at most."""
    view = view_purposes()
    for purpose in view["purposes"]:
        bounds = front.fair_use.of(purpose["id"])
        purpose["fair_use"] = bounds.view() if bounds else None
    return json_answer(200, view, headers=PUBLISHED)


def send_dry_run(front: PartnerFront, request: Request) -> Answer:
    """What a consent would tell at most and at what price; nothing of anybody is read."""
    try:
        asked = parse_qs(request.query, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadInput("query", f"takes at most {MAX_FIELDS} fields") from None
    if not request.wants_page:
        return json_answer(200, run_dry(_plan(asked), front.fair_use))
    found, wrong = None, None
    if asked:
        try:
            found = run_dry(_plan(asked), front.fair_use)
        except BadInput as error:
            wrong = error
    return front.page(
        request,
        "dry_run.html",
        caching=REVALIDATE,
        entries=_asked_now(),
        purposes=[one for one in PURPOSES.values() if _answered_for(one.id)],
        asked=asked,
        found=found,
        wrong=wrong,
        language=language_of(request),
    )


def _asked_now() -> list[Entry]:
    return [entry for entry in CATALOGUE.values() if not entry.retired]


def _answered_for(purpose: Purpose) -> bool:
    return any(purpose in entry.claim.purposes for entry in _asked_now())


def _plan(asked: Mapping[str, list[str]]) -> Plan:
    def number(name: str, otherwise: int) -> int:
        text = asked.get(name, [str(otherwise)])[0]
        if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
            raise BadInput(name, "takes a whole number")
        return int(text)

    try:
        unit = FrequencyUnit(asked.get("unit", ["month"])[0])
    except ValueError:
        raise BadInput("unit", "takes day, week or month") from None
    # Each claim as a parameter of its own, as a form sends them, or all in one with commas.
    claims = [one for names in asked.get("claims", []) for one in names.split(",") if one]
    return Plan(
        claims=tuple(claims),
        purpose=asked.get("purpose", [""])[0],
        max_bits=number("max_bits", MAX_BITS),
        frequency=Frequency(unit=unit, count=number("count", 1)),
        days=number("days", DEFAULT_DAYS),
    )


def send_openapi(front: Front, _request: Request) -> Answer:
    """The description of the API."""
    return json_answer(200, describe_api(front.issuer), headers=PUBLISHED)


def show_partner(front: Front, request: Request) -> Answer:
    """How to connect, with commands that run as they stand, and what can be asked."""
    return front.page(
        request,
        "partner.html",
        caching=REVALIDATE,
        issuer=front.issuer,
        claims=[entry.claim for entry in _asked_now()],
        purposes=list(PURPOSES.values()),
        language=language_of(request),
    )


HANDLERS: Final[Mapping[str, Callable[[PartnerFront, Request], Answer]]] = {
    "GET /catalogue": send_catalogue,
    "GET /purposes": send_purposes,
    "GET /dry-run": send_dry_run,
    "GET /openapi.json": send_openapi,
    "GET /partner": show_partner,
}
