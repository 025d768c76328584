"""The sheet of an offer: what accepting tells its partner, sentence by sentence, and what not.

The sentences are those of the consent sheet (consent_sheet.py), which a signature is over, with the
offer before them. Who matches an offer is told from its conditions by the acceptance itself, so
they stand on it as what the partner learns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mydata_hub.accounts.account import Locale
from mydata_hub.consent.grant import Grant
from mydata_hub.insights.claim import Claim
from mydata_hub.oauth.authorization_details import Asked
from mydata_hub.oauth.clients import Client
from mydata_hub.offers.acceptance.accepting import OnOffer
from mydata_hub.offers.catalogue.eligibility import Condition
from mydata_hub.web.answer_words import answer_words
from mydata_hub.web.consent_sheet import Sheet, Speaker, date_words, read_sheet
from mydata_hub.web.wording import mark as _


@dataclass(frozen=True, slots=True)
class _Asking:
    client: Client
    asked: Asked
    amends: Grant | None = None


def read_offer_sheet(
    on_offer: OnOffer,
    condition: Condition,
    given: Iterable[Grant],
    now: datetime,
    locale: Locale,
) -> Sheet:
    """The sheet of an offer for somebody who gave these grants before.

    `condition` is what its eligibility and its trigger were compiled to.
    """
    say, partner = Speaker(locale), on_offer.client.name
    plain = read_sheet(_Asking(on_offer.client, on_offer.asked), given, now, locale)
    offer = on_offer.offer
    told_on = date_words(on_offer.window.ends_at, locale)
    return replace(
        plain,
        heading=say(
            _("%(partner)s offers: %(title)s"), partner=partner, title=getattr(offer.title, locale)
        ),
        change=(
            getattr(offer.text, locale),
            say(_("You get: %(benefit)s"), benefit=getattr(offer.benefit.wording, locale)),
            say(
                _("So far %(partner)s knows nothing: not that you fit, not that you look."),
                partner=partner,
            ),
            *(_tells(claim, condition, partner, say) for claim in _narrowed(on_offer, condition)),
            say(
                _("%(partner)s hears of it on %(date)s, together with all who accept until then."),
                partner=partner,
                date=told_on,
            ),
        ),
    )


def offer_document(sheet: Sheet | None, on_offer: OnOffer) -> dict[str, Any]:
    """The sheet for scripts and the command line; without one, the offer tells nothing."""
    offer = on_offer.offer
    return {
        "offer_id": offer.offer_id,
        "version": offer.version,
        "partner": on_offer.client.name,
        "title": {"ko": offer.title.ko, "en": offer.title.en},
        "benefit": {"ko": offer.benefit.wording.ko, "en": offer.benefit.wording.en},
        "discloses": [claim.ref for claim in on_offer.claims],
        "bits": str(sum(claim.bits for claim in on_offer.claims)),
        "told_at": on_offer.window.ends_at.isoformat(),
        "locale": sheet.locale if sheet else None,
        "wording": sheet.wording if sheet else None,
        "wording_hash": sheet.wording_hash if sheet else None,
    }


def _narrowed(on_offer: OnOffer, condition: Condition) -> Iterable[Claim]:
    """The claims of which the acceptance itself tells that the answer is one of a few."""
    read = {ref for case in condition for ref in case}
    return (claim for claim in on_offer.claims if claim.ref in read)


def _tells(claim: Claim, condition: Condition, partner: str, say: Speaker) -> str:
    # Of several cases the partner cannot tell which one it was: what may be so in any of them.
    possible = {
        answer
        for case in condition
        for answer in case.get(claim.ref, frozenset(claim.alphabet[:-1]))
    }
    words = dict(zip(claim.alphabet, answer_words(claim, say.locale), strict=True))
    return say(
        _("By accepting you tell %(partner)s: %(question)s %(answers)s"),
        partner=partner,
        question=getattr(claim.question, say.locale),
        answers=" / ".join(words[answer] for answer in claim.alphabet if answer in possible),
    )
