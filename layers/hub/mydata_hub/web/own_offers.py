"""Offers, for the person: what was matched inside their vault, why, and what they do not want."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic import Field

from mydata_hub.accounts.account import Locale
from mydata_hub.errors import NotFound
from mydata_hub.fields import ClaimRef
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.offer_words import Scope, Word
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.matching.inbox import Look, Shown, put_away
from mydata_hub.offers.matching.saying import say_of_offers
from mydata_hub.own_vault.speaking import see_words
from mydata_hub.web.answer_words import one_answer
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Body
from mydata_hub.web.language import language_of
from mydata_hub.web.life import until_taken_in
from mydata_hub.web.offer_categories import CATEGORIES
from mydata_hub.web.offer_reasons import reason_of
from mydata_hub.web.request import Request
from mydata_hub.web.today import TodayFront, vault_of

MAX_NAME_LETTERS: Final = 128
# A picture is of one version of an offer, which never changes.
IMAGE_CACHING: Final = "private, max-age=86400, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at the page. `held`: what the person said is still being taken in."""

    open: bool
    held: bool
    look: Look | None

    @property
    def shown(self) -> tuple[Shown, ...]:
        """Nothing while something is held, lest what is not wanted be seen once more."""
        if self.look is None or self.held:
            return ()
        return self.look.shown

    @property
    def answers(self) -> Mapping[ClaimRef, str]:
        """The person's own, to all that offers read."""
        return {} if self.look is None else self.look.standing.answers


class NewWord(Body):
    """What a person says of an offer or of a category of offers."""

    scope: Scope
    name: str = Field(min_length=1, max_length=MAX_NAME_LETTERS)
    word: Word


def show_offers(front: TodayFront, request: Request) -> Answer:
    """The page."""
    seen, locale = _see(front, request), language_of(request)
    return front.page(
        request,
        "offers.html",
        seen=seen,
        partner=_partners(front, seen).__getitem__,
        reason=lambda one: getattr(reason_of(one, seen.answers), locale),
        told=lambda claims: _told(seen, claims, locale),
        unwanted=_unwanted(seen),
        away=_away(seen),
        categories=CATEGORIES,
        say=lambda wording: getattr(wording, locale),
    )


def offers_state(front: TodayFront, request: Request) -> Answer:
    """The same for scripts and the command line."""
    seen = _see(front, request)
    partners = _partners(front, seen)
    return json_answer(
        200,
        {
            "open": seen.open,
            "held": seen.held,
            "offers": [_document(seen, one, partners) for one in seen.shown],
            "not_interested": _unwanted(seen),
            "put_away": [one.offer_id for one in _away(seen)],
        },
    )


def show_image(front: TodayFront, request: Request) -> Answer:
    """The picture of an offer that the person is shown, out of the vault, so that nobody sees
    who looks at it."""
    named = request.parameter("offer_id")
    for one in _see(front, request).shown:
        if one.offer.offer_id == named and one.offer.image is not None:
            image = one.offer.image
            return Answer(body=image.content, content_type=image.media_type, caching=IMAGE_CACHING)
    raise NotFound("there is no such picture")


def open_offer(front: TodayFront, request: Request) -> Answer:
    """A ticket to accept an offer that the person is shown: the edge takes nothing without one."""
    named = request.parameter("offer_id")
    for one in _see(front, request).shown:
        if one.offer.offer_id == named:
            ticket = front.ticket_for(request.caller.account_id, one.ref)
            return json_answer(201, {"ticket": ticket, "version": one.offer.version})
    raise NotFound("this offer is not among those that are shown to you")


def take_word(front: TodayFront, request: Request) -> Answer:
    """What the person thinks of it: from the moment this answers `in_effect`, it holds."""
    body, vault_id = NewWord.read(request.json()), vault_of(request)
    say_of_offers(front.letterbox, vault_id, body.scope, body.name, body.word)
    return json_answer(201, {"in_effect": until_taken_in(front, vault_id)})


def _see(front: TodayFront, request: Request) -> Seen:
    vault_id = vault_of(request)
    # Read before the profile: what is folded in between is in it.
    held = see_words(front.letterbox.tables, vault_id).waiting > 0
    profile = front.profile_of(vault_id)
    look = None if profile is None or held else front.look_of(profile, front.clock.now())
    return Seen(open=profile is not None, held=held, look=look)


def _unwanted(seen: Seen) -> list[str]:
    return (
        [] if seen.look is None else [one for one in CATEGORIES if not seen.look.words.allows(one)]
    )


def _away(seen: Seen) -> tuple[Offer, ...]:
    return () if seen.look is None else put_away(seen.look)


def _told(seen: Seen, claims: tuple[ClaimRef, ...], locale: Locale) -> list[tuple[str, str]]:
    """Each question in plain words, with the answer that was matched, where matching read it."""
    answers = seen.answers
    return [
        (
            getattr(CATALOGUE[ref].claim.question, locale),
            one_answer(CATALOGUE[ref].claim, answers[ref], locale) if ref in answers else "",
        )
        for ref in claims
    ]


def _partners(front: TodayFront, seen: Seen) -> Mapping[str, str]:
    return front.partner_names(one.offer.client for one in seen.shown)


def _document(seen: Seen, one: Shown, partners: Mapping[str, str]) -> dict[str, Any]:
    offer, answers = one.offer, seen.answers
    return {
        "offer_id": offer.offer_id,
        "version": offer.version,
        "partner": partners[offer.client],
        "category": offer.category,
        "title": asdict(offer.title),
        "text": asdict(offer.text),
        "benefit": asdict(offer.benefit),
        "new": one.new,
        "trigger": offer.trigger,
        "reason": asdict(reason_of(one, answers)),
        "because": [
            {
                "claim": ref,
                "question": asdict(CATALOGUE[ref].claim.question),
                "answer": answers.get(ref, NO_ANSWER),
            }
            for ref in one.reads
        ],
        "discloses": list(one.discloses),
        "valid_until": offer.valid_until.isoformat(),
    }


HANDLERS: Final[Mapping[str, Callable[[TodayFront, Request], Answer]]] = {
    "GET /offers": show_offers,
    "GET /offers/state": offers_state,
    "GET /offers/{offer_id}/image": show_image,
    "POST /offers/words": take_word,
    "POST /offers/{offer_id}/open": open_offer,
}
