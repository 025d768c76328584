"""What was compiled, by its hash: an operator approves an offer together with what will run."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.offers.catalogue.eligibility import Condition, compile_eligibility, conjoin
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.triggers import TRIGGERS


def compile_offer(offer: Offer) -> Condition:
    """What an offer's eligibility means in this release's catalogue. Raises BadInput."""
    return compile_eligibility(offer.eligibility, CATALOGUE)


def told_by_accepting(offer: Offer) -> Condition:
    """What is so of whoever an offer is shown to: what its eligibility and its trigger take.

    Raises BadInput for what this release's catalogue does not hold.
    """
    return conjoin(compile_offer(offer), TRIGGERS[offer.trigger].needs, CATALOGUE)


def digest_of(condition: Condition) -> str:
    """SHA-256 (hex) of a condition, in whatever order its sets are held."""
    plain: Any = [{claim: sorted(answers) for claim, answers in one.items()} for one in condition]
    return hashlib.sha256(rfc8785.dumps(plain)).hexdigest()
