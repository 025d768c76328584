"""What was approved, as it may be shown and accepted today: alike in the snapshot and at the sheet.

An operator approved a document together with what its eligibility was compiled to, and the partner
was registered for what it tells. Where one of the two is so no more, the offer is nobody's to take.
"""

from __future__ import annotations

from collections.abc import Callable

from mydata_hub.errors import BadInput, Unreadable
from mydata_hub.oauth.clients import Client
from mydata_hub.offers.catalogue.compiled import compile_offer, digest_of
from mydata_hub.offers.catalogue.eligibility import Condition
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.shelf import Submitted

Compiled = tuple[Offer, Condition]


def as_approved(
    one: Submitted, compile_anew: Callable[[Offer], Condition] = compile_offer
) -> Compiled | None:
    """The offer with what it was approved to mean; None where it means something else today."""
    try:
        offer = Offer.decode(one.document)
        condition = compile_anew(offer)
    except (BadInput, Unreadable):
        return None
    return (offer, condition) if digest_of(condition) == one.condition else None


def may_bring(client: Client | None, one: Submitted, offer: Offer) -> bool:
    """Whether its partner is still registered for what the offer tells, and not suspended."""
    return (
        client is not None
        and not client.suspended
        and offer.purpose in client.purposes
        and all(client.may_ask(claim.partition("@")[0]) for claim in one.discloses)
    )
