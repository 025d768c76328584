"""The OAuth endpoints over HTTP: which path is which, and errors in the words of their RFCs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from aws_lambda_powertools import Logger

from mydata_hub.config import Handler
from mydata_hub.errors import Busy, NotFound, OAuthRefused, OutcomeUnknown, Refusal
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.call import NO_STORE, Answer, Call, refusal
from mydata_hub.oauth.deletion_attestation import attest_deletion
from mydata_hub.oauth.grant_management import end_grant, give_receipt, query_grant
from mydata_hub.oauth.metadata import resource_metadata, server_metadata
from mydata_hub.oauth.protected_resource import challenge
from mydata_hub.oauth.pushed_requests import push_request
from mydata_hub.oauth.security_events import transmitter_metadata
from mydata_hub.oauth.token_endpoint import answer_token
from mydata_hub.oauth.token_status import introspect, revoke
from mydata_hub.observe import logger_for
from mydata_hub.web import answers
from mydata_hub.web.guards import Check, Guard, enforce
from mydata_hub.web.observed import observe, route_of
from mydata_hub.web.partners import PARTNER_CHECKS, call_of

# Keys are rotated with the old one still published, so a copy may be some minutes old.
PUBLISHED: Final = {"cache-control": "public, max-age=300"}
Endpoint: TypeAlias = Callable[[Authority, Call, str], Answer]


def _published(document: Callable[[Authority], Mapping[str, Any]]) -> Endpoint:
    return lambda authority, _call, _grant_id: Answer(
        status=200, body=document(authority), headers=PUBLISHED
    )


def _form(endpoint: Callable[[Authority, Call], Answer]) -> Endpoint:
    return lambda authority, call, _grant_id: endpoint(authority, call)


def _post_alone(_authority: Authority, _call: Call, _grant_id: str) -> Answer:
    # RFC 9126 section 2.3 asks for 405 where API Gateway alone would say 404.
    said = _said(405, "invalid_request", "push a request with POST")
    return Answer(status=said.status, body=said.body, headers={"allow": "POST"})


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "GET /.well-known/oauth-authorization-server": _published(
        lambda authority: server_metadata(authority.issuer)
    ),
    "GET /.well-known/oauth-protected-resource": _published(
        lambda authority: resource_metadata(authority.issuer)
    ),
    "GET /oauth/jwks": _published(lambda authority: authority.keys.jwks()),
    "POST /oauth/par": _form(push_request),
    "ANY /oauth/par": _post_alone,
    "POST /oauth/token": _form(answer_token),
    "POST /oauth/introspect": _form(introspect),
    "POST /oauth/revoke": _form(revoke),
    "POST /oauth/deletions": _form(attest_deletion),
    "GET /.well-known/ssf-configuration": _published(
        lambda authority: transmitter_metadata(authority.issuer)
    ),
    "GET /oauth/events/jwks": _published(lambda authority: authority.event_keys.jwks()),
    "GET /oauth/grants/{grant_id}": query_grant,
    "DELETE /oauth/grants/{grant_id}": end_grant,
    "GET /oauth/grants/{grant_id}/receipt": give_receipt,
}


def oauth_handler(
    function: str,
    authority: Authority,
    endpoints: Mapping[str, Endpoint] = ENDPOINTS,
    checks: Mapping[Guard, Check] = PARTNER_CHECKS,
) -> Handler:
    """The handler of a function whose routes OAuth clients call."""
    logger = logger_for(function)

    def answering(call: Call, event: Mapping[str, Any]) -> Answer:
        grant_id = str((event.get("pathParameters") or {}).get("grant_id", ""))
        return endpoints[event["routeKey"]](authority, call, grant_id)

    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        given = _answer(function, logger, event, checks, answering)
        observe(function, logger, event, given.status, (time.perf_counter() - started) * 1000)
        return _on_the_wire(given).as_event(https=authority.issuer.startswith("https://"))

    return handle


def _answer(
    function: str,
    logger: Logger,
    event: Mapping[str, Any],
    checks: Mapping[Guard, Check],
    answering: Callable[[Call, Mapping[str, Any]], Answer],
) -> Answer:
    try:
        let_in = enforce(function, event, checks)
        return answering(let_in if isinstance(let_in, Call) else call_of(event), event)
    except OAuthRefused as error:
        return _refused(event, error)
    except NotFound as error:
        return _said(404, "invalid_request", str(error))
    except Refusal as error:
        return _said(error.status, "invalid_request", str(error))
    except (Busy, OutcomeUnknown):
        logger.exception("a request failed", extra=route_of(event))
        return _said(503, "temporarily_unavailable", "try again in a moment")
    except Exception:
        # Left alone, the runtime would log the exception's text, which may name a person.
        logger.exception("a request failed", extra=route_of(event))
        return _said(500, "server_error", "something broke on our side")


def _refused(event: Mapping[str, Any], error: OAuthRefused) -> Answer:
    if "{grant_id}" not in str(event.get("routeKey")):
        return refusal(error)
    asked = challenge(error)
    # Whoever sent no token is told what to send and no error (RFC 6750 section 3.1).
    named = "error=" in asked.headers["www-authenticate"]
    body = refusal(error).body if named else None
    return Answer(status=asked.status, body=body, headers=asked.headers)


def _said(status: int, code: str, description: str) -> Answer:
    return Answer(status=status, body={"error": code, "error_description": description})


def _on_the_wire(given: Answer) -> answers.Answer:
    headers = {**NO_STORE, **given.headers}
    if given.headers.get("cache-control") == PUBLISHED["cache-control"]:
        del headers["pragma"]
    if given.body is None:
        return answers.Answer(status=given.status, headers=headers)
    return answers.json_answer(given.status, given.body, headers=headers)
