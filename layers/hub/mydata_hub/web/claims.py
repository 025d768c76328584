"""The release gate over HTTP: questions, receipts, and the keys that verify both.

What opens a vault is not imported here but handed in, as three acts: `Acts`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from mydata_hub.accounts.sessions import Session
from mydata_hub.config import Handler
from mydata_hub.errors import (
    BadInput,
    Busy,
    Conflict,
    HubError,
    NotFound,
    NotReleased,
    OAuthRefused,
    OutcomeUnknown,
    Refusal,
    TooLarge,
)
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.metadata import (
    ANSWERS_ISSUER,
    ANSWERS_JWKS,
    ANSWERS_KEY,
    answers_issuer_metadata,
)
from mydata_hub.oauth.protected_resource import Access, challenge, check_access, check_own_access
from mydata_hub.oauth.scopes import CLAIMS, QUERY
from mydata_hub.oauth.single_use import commit_spending
from mydata_hub.observe import logger_for, metrics_for
from mydata_hub.ports.tables import Put
from mydata_hub.release.question import Question, read_question
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.checks import session_checks
from mydata_hub.web.guards import Check, Guard, enforce
from mydata_hub.web.language import language_of
from mydata_hub.web.observed import observe, route_of
from mydata_hub.web.partners import PARTNER_CHECKS, call_of
from mydata_hub.web.problems import problem_for
from mydata_hub.web.request import Request

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
# A key is published before it signs (release/signing_keys.py), so a copy may be some minutes old.
PUBLISHED: Final = "public, max-age=300"
MAX_EVENT_ID_LETTERS: Final = 64
RETRY_AFTER_SECONDS: Final = 1


class Answered(Protocol):
    """What the gate gives: `release.gate.Answered`."""

    @property
    def body(self) -> bytes: ...

    @property
    def held_back(self) -> tuple[str, ...]: ...

    @property
    def trouble(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What the vault's side does for a partner that was let in."""

    ask: Callable[[Access, Question], Answered]
    # The receipt of an event for a reader, and for the person it is about. Raises NotFound.
    receipt: Callable[[str, str], bytes]
    own_receipt: Callable[[str, str], bytes]
    # The public keys of answers and receipts, as JWKs; one of them by its kid, however old.
    keys: Callable[[], Sequence[Mapping[str, Any]]]
    # Raises NotFound.
    key: Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Where partners ask: who may, and what is done for them."""

    function: str
    authority: Authority
    acts: Acts
    logger: Logger
    # Of people, who fetch their own receipts; reading a session does not lengthen it.
    checks: Mapping[Guard, Check]


Endpoint: TypeAlias = Callable[[Counter, Request], Answer]


def answer_handler(
    function: str, authority: Authority, acts: Acts, logger: Logger | None = None
) -> Handler:
    """The handler of the function that answers partners."""
    logger = logger or logger_for(function)
    checks = {**session_checks(authority.desk, slide=False), **PARTNER_CHECKS}
    counter = Counter(
        function=function, authority=authority, acts=acts, logger=logger, checks=checks
    )

    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        given = _answer(counter, event)
        observe(function, logger, event, given.status, (time.perf_counter() - started) * 1000)
        return given.as_event(https=authority.issuer.startswith("https://"))

    return handle


def _answer(counter: Counter, event: Mapping[str, Any]) -> Answer:
    try:
        caller = enforce(counter.function, event, counter.checks)
        session = caller if isinstance(caller, Session) else None
        return _ENDPOINTS[event["routeKey"]](counter, Request(event, session))
    except HubError as error:
        if isinstance(error, NotReleased) and error.policies:
            told = {**route_of(event), "policies": list(error.policies)}
            counter.logger.info("policies refused a question", extra=told)
        elif not isinstance(error, Refusal):
            counter.logger.exception("a request failed", extra=route_of(event))
        return _explain(Request(event), error)
    except Exception:
        # Left alone, the runtime would log the exception's text, which may name a person.
        counter.logger.exception("a request failed", extra=route_of(event))
        return _explain(Request(event), HubError("unexpected"))


def _claims(counter: Counter, request: Request) -> Answer:
    access = check_access(counter.authority, call_of(request.event))
    try:
        answered = counter.acts.ask(access, _question(request))
    except (BadInput, TooLarge):
        # Threat: a proof that was seen in a malformed request, used for another one.
        _spend(counter, access)
        raise
    _note(counter, answered)
    return Answer(status=200, body=answered.body.decode(), content_type=JSON)


def _question(request: Request) -> Question:
    try:
        body = json.loads(request.json())
    except (ValueError, RecursionError):
        raise BadInput("body", "send JSON") from None
    return read_question(body, request.header("idempotency-key") or None)


def _spend(counter: Counter, access: Access) -> None:
    puts = [at for at, change in enumerate(access.changes) if isinstance(change, Put)]
    try:
        counter.authority.desk.tables.commit(*(access.changes[at] for at in puts))
    except Conflict as conflict:
        raise access.refusal(puts[conflict.change]) from None


def _note(counter: Counter, answered: Answered) -> None:
    if answered.trouble is not None:
        counter.logger.error("an answer could not be told", extra={"error": answered.trouble})
    metrics = metrics_for(counter.function)
    metrics.add_metric("AnswersHeldBack", MetricUnit.Count, len(answered.held_back))
    metrics.add_metric("AnswersInTrouble", MetricUnit.Count, answered.trouble is not None)
    metrics.flush_metrics()


def _receipt(counter: Counter, request: Request) -> Answer:
    # By either token: a receipt is the partner's own, also of a grant that has ended.
    call = call_of(request.event)
    client, proof = check_own_access(counter.authority, call, CLAIMS, QUERY)
    commit_spending(counter.authority.desk, [proof.spent])
    receipt = counter.acts.receipt(_event_id(request), client.client_id)
    return Answer(status=200, body=receipt.decode(), content_type=JSON)


def _own_receipt(counter: Counter, request: Request) -> Answer:
    """The person's own copy, to be kept as a file."""
    event_id = _event_id(request)
    receipt = counter.acts.own_receipt(event_id, request.caller.account_id)
    saved = {"content-disposition": f'attachment; filename="answer-{event_id[:16]}.json"'}
    return Answer(status=200, body=receipt.decode(), content_type=JSON, headers=saved)


def _event_id(request: Request) -> str:
    event_id = request.parameter("event_id")
    if not (0 < len(event_id) <= MAX_EVENT_ID_LETTERS and event_id.isalnum()):
        raise NotFound("there is no such release")
    return event_id


def _issuer(counter: Counter, _request: Request) -> Answer:
    return _published(answers_issuer_metadata(counter.authority.issuer))


def _keys(counter: Counter, _request: Request) -> Answer:
    return _published({"keys": list(counter.acts.keys())})


def _key(counter: Counter, request: Request) -> Answer:
    return _published(counter.acts.key(request.parameter("kid")))


def _published(document: Mapping[str, Any]) -> Answer:
    return json_answer(200, document, headers={"cache-control": PUBLISHED})


def _explain(request: Request, error: HubError) -> Answer:
    problem = problem_for(error, request.route, language_of(request))
    headers: Mapping[str, str] = {}
    if isinstance(error, OAuthRefused):
        asked = challenge(error)
        problem["status"], headers = asked.status, asked.headers
    elif isinstance(error, Busy | OutcomeUnknown):
        headers = {"retry-after": str(RETRY_AFTER_SECONDS)}
    return json_answer(problem["status"], problem, PROBLEM, headers)


_ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "POST /claims": _claims,
    "GET /receipts/{event_id}": _receipt,
    "GET /activity/{event_id}/receipt": _own_receipt,
    f"GET {ANSWERS_ISSUER}": _issuer,
    f"GET {ANSWERS_JWKS}": _keys,
    f"GET {ANSWERS_KEY}": _key,
}
