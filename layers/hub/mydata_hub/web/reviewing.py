"""The review of appeals, for operators: the queue, one case, and its decision.

A case is shown for a POST: that somebody read it is written down, and no link or reload reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field

from mydata_hub.accounts.sessions import Session, require_fresh
from mydata_hub.appeals.appeal import Appeal, Waiting
from mydata_hub.appeals.case import Case
from mydata_hub.appeals.reasons import REASONS
from mydata_hub.insights.reviews import Outcome
from mydata_hub.ports.clock import Clock
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Body, Empty
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front

MAX_WORDS_LETTERS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewActs:
    """What opens cases and seals decisions, which no page may hold itself."""

    queue: Callable[[], Sequence[Waiting]]
    read: Callable[[Session, str], tuple[Appeal, Case]]
    decide: Callable[[Session, str, Outcome, str], Appeal]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFront(Front):
    """Pages of whoever reviews."""

    clock: Clock
    acts: ReviewActs


class Decided(Body):
    """What a reviewer found, and why: the person reads it."""

    outcome: Literal["upheld", "rejected"]
    words: str = Field(max_length=MAX_WORDS_LETTERS)


def show_queue(front: ReviewFront, request: Request) -> Answer:
    """The page: what is open, the one that is due first coming first."""
    return front.page(
        request,
        "operator_appeals.html",
        account_id=request.caller.account_id,
        waiting=front.acts.queue(),
        maximum=MAX_WORDS_LETTERS,
    )


def queue_state(front: ReviewFront, _request: Request) -> Answer:
    """The same for scripts and the command line."""
    return json_answer(200, {"appeals": [_waiting(one) for one in front.acts.queue()]})


def read_case(front: ReviewFront, request: Request) -> Answer:
    """200 with one case; the passkey must have been used a moment ago."""
    require_fresh(request.caller, front.clock.now())
    Empty.read(request.json())
    appeal, case = front.acts.read(request.caller, request.parameter("appeal_id"))
    feature = REASONS.get(case.reason)
    return json_answer(
        200,
        {
            "appeal_id": appeal.appeal_id,
            "opened_at": appeal.opened_at.isoformat(),
            "due_at": appeal.due_at.isoformat(),
            "reason": case.reason,
            "label": feature and {"ko": feature.label.ko, "en": feature.label.en},
            "told": case.told.model_dump(),
            "statement": case.statement,
            "records": [one.model_dump(exclude={"version"}) for one in case.records],
        },
    )


def decide(front: ReviewFront, request: Request) -> Answer:
    """200 with how it ended."""
    require_fresh(request.caller, front.clock.now())
    body = Decided.read(request.json())
    ended = front.acts.decide(
        request.caller, request.parameter("appeal_id"), Outcome(body.outcome), body.words
    )
    return json_answer(
        200,
        {
            "appeal_id": ended.appeal_id,
            "state": ended.state.value,
            "ended_at": ended.ended_at and ended.ended_at.isoformat(),
            "partners_told": ended.told,
        },
    )


def _waiting(one: Waiting) -> dict[str, Any]:
    return {
        "appeal_id": one.appeal_id,
        "opened_at": one.opened_at.isoformat(),
        "due_at": one.due_at.isoformat(),
        "overdue": one.overdue,
    }


HANDLERS: Final[Mapping[str, Callable[[ReviewFront, Request], Answer]]] = {
    "GET /operator/appeals": show_queue,
    "GET /operator/appeals/state": queue_state,
    "POST /operator/appeals/{appeal_id}": read_case,
    "POST /operator/appeals/{appeal_id}/decide": decide,
}
