"""From a request that its guard let in to its answer, and from an error to words.

Why there is no HTTP resolver of the powertools: docs/decisions/0006-dispatch-by-route-key.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from aws_lambda_powertools import Logger

from mydata_hub.accounts.sessions import Session
from mydata_hub.config import Handler
from mydata_hub.errors import Busy, HubError, NotFound, NotSignedIn, OutcomeUnknown, Refusal
from mydata_hub.observe import logger_for
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.checks import check_origin_and_csrf
from mydata_hub.web.guards import Check, Guard, enforce
from mydata_hub.web.language import language_of
from mydata_hub.web.observed import observe, route_of
from mydata_hub.web.onward import own_path
from mydata_hub.web.problems import problem_for, words_for
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front

Place = TypeVar("Place", bound=Front)

# How long somebody waits before the hub is asked again after "busy".
RETRY_AFTER_SECONDS: Final = 1


def handler_for(
    function: str,
    site: Place,
    handlers: Mapping[str, Callable[[Place, Request], Answer]],
    checks: Mapping[Guard, Check],
) -> Handler:
    """The handler of a function whose routes people's browsers call."""
    logger = logger_for(function)

    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        def work() -> Answer:
            # The guard first: nothing else of a request is read before it lets the caller in.
            caller = cast("Session | None", enforce(function, event, checks))
            return answer(site, handlers, Request(event, caller))

        return respond(function, site, logger, event, work)

    return handle


def answer(
    site: Place, handlers: Mapping[str, Callable[[Place, Request], Answer]], request: Request
) -> Answer:
    """Answer a request whose guard has passed. Raises whatever refuses it."""
    check_origin_and_csrf(site.issuer, request)
    handler = handlers.get(request.route)
    if handler is None:
        raise NotFound("there is no such page")
    return handler(site, request)


def respond(
    function: str,
    site: Front,
    logger: Logger,
    event: Mapping[str, Any],
    work: Callable[[], Answer],
) -> dict[str, Any]:
    """Do the work and put its answer or its error on the wire, counted and logged."""
    started = time.perf_counter()
    try:
        given = work()
    except HubError as error:
        if not isinstance(error, Refusal):
            logger.exception("a request failed", extra=route_of(event))
        given = explain(site, Request(event), error)
    except Exception:
        # Left alone, the runtime would log the exception's text, which may name a person.
        logger.exception("a request failed", extra=route_of(event))
        given = explain(site, Request(event), HubError("unexpected"))
    observe(function, logger, event, given.status, (time.perf_counter() - started) * 1000)
    return given.as_event(https=site.https)


def explain(site: Front, request: Request, error: HubError) -> Answer:
    """An error as a page when a browser navigates, otherwise as a problem document."""
    locale = language_of(request)
    headers: dict[str, str] = {}
    if isinstance(error, Busy | OutcomeUnknown):
        headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    if not request.wants_page:
        problem = problem_for(error, request.route, locale)
        return json_answer(error.status, problem, "application/problem+json", headers)
    if isinstance(error, NotSignedIn) and request.method == "GET":
        here = own_path(request.here)
        return site.page(request, "sign_in.html", status=error.status, ended=True, onward=here)
    words = words_for(error, request.route, locale)
    page = site.page(request, "problem.html", status=error.status, words=words)
    return replace(page, headers={**page.headers, **headers})
