"""What anybody may read who wants to become a partner, or to check what partners may ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mydata_hub.insights.catalogue import CATALOGUE, view_catalogue
from mydata_hub.insights.purposes import PURPOSES, view_purposes
from mydata_hub.web.answers import REVALIDATE, Answer, json_answer
from mydata_hub.web.language import language_of
from mydata_hub.web.openapi import describe_api
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front, FrontHandler

# The same for everybody until the next release.
PUBLISHED: Final = {"cache-control": "public, max-age=300"}


def send_catalogue(_front: Front, _request: Request) -> Answer:
    """The claims and the attributes they read."""
    return json_answer(200, view_catalogue(), headers=PUBLISHED)


def send_purposes(_front: Front, _request: Request) -> Answer:
    """The closed list of purposes."""
    return json_answer(200, view_purposes(), headers=PUBLISHED)


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
        claims=[entry.claim for entry in CATALOGUE.values()],
        purposes=list(PURPOSES.values()),
        language=language_of(request),
    )


HANDLERS: Final[Mapping[str, FrontHandler]] = {
    "GET /catalogue": send_catalogue,
    "GET /purposes": send_purposes,
    "GET /openapi.json": send_openapi,
    "GET /partner": show_partner,
}
