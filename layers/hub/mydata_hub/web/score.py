"""My score: the trust score with its reasons, what would change it, and what is told of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from mydata_hub.accounts.account import Locale
from mydata_hub.errors import BadInput
from mydata_hub.insights.trust_features import RESTS_ON
from mydata_hub.own_vault.score import Score, about, choices, see_score
from mydata_hub.own_vault.score_document import score_document
from mydata_hub.own_vault.speaking import see_words
from mydata_hub.scorecard.card import NumericFeature, Source
from mydata_hub.scorecard.evaluate import Reason, Value
from mydata_hub.scorecard.forbidden import FORBIDDEN
from mydata_hub.scorecard.shipped import shipped_card
from mydata_hub.scorecard.words import say_points
from mydata_hub.web.answer_words import ANSWERS, record_words
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.language import language_of
from mydata_hub.web.request import Request
from mydata_hub.web.today import TodayFront, vault_of
from mydata_hub.web.wording import mark as _

MAX_ASKED: Final = 50
MAX_QUERY_LETTERS: Final = 4_000
LEVELS: Final = {
    "low": _("low confidence"),
    "medium": _("medium confidence"),
    "high": _("high confidence"),
}


def show_score(front: TodayFront, request: Request) -> Answer:
    """The page; `?FEATURE=VALUE` asks what the score would be with it."""
    locale: Locale = language_of(request)
    seen, card = _see(front, request), shipped_card()
    reasons = seen.scored.reasons if seen.scored and seen.scored.total is not None else ()
    return front.page(
        request,
        "score.html",
        score=seen,
        card=card,
        by_people=[one for one in card.features if one.source is Source.EXPERT],
        lower=sorted((one for one in reasons if one.above_typical < 0), key=_by_typical),
        lift=sorted((one for one in reasons if one.above_typical >= 0), key=_by_typical)[::-1],
        labels={one.id: one.label for one in card.features},
        say=lambda wording: getattr(wording, locale),
        about=about,
        rests_on=lambda one: record_words(RESTS_ON.get(one.feature.id, ()), locale),
        choices=choices,
        points=say_points,
        levels=LEVELS,
        symbols=ANSWERS,
        forbidden=FORBIDDEN,
    )


def score_state(front: TodayFront, request: Request) -> Answer:
    """The same for scripts and the command line."""
    return json_answer(200, score_document(_see(front, request)))


def _by_typical(reason: Reason) -> tuple[int, str]:
    return reason.above_typical, reason.feature.id


def _see(front: TodayFront, request: Request) -> Score:
    asked, vault_id = _asked(request.query), vault_of(request)
    # Read before the profile: what is folded in between is in it.
    held = see_words(front.letterbox.tables, vault_id).waiting > 0
    return see_score(front.profile_of(vault_id), front.clock.now(), held=held, asked=asked)


def _asked(query: str) -> dict[str, Value]:
    """The values of a form or a command; a field that was left as it is comes empty."""
    if len(query) > MAX_QUERY_LETTERS:
        raise BadInput("query", f"takes at most {MAX_QUERY_LETTERS} letters")
    try:
        fields = parse_qsl(query, max_num_fields=MAX_ASKED)
    except ValueError:
        raise BadInput("query", f"takes at most {MAX_ASKED} features with values") from None
    return {name: _value(name, text) for name, text in fields}


def _value(name: str, text: str) -> Value:
    if not isinstance(shipped_card().feature(name), NumericFeature):
        return text
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(name, "takes a number")
    return int(number) if number == int(number) else number


HANDLERS: Final[Mapping[str, Callable[[TodayFront, Request], Answer]]] = {
    "GET /score": show_score,
    "GET /score/state": score_state,
}
