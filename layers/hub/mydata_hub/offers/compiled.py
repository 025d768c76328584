"""What was compiled, by its hash: an operator approves an offer together with what will run."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.offers.eligibility import Condition, compile_eligibility
from mydata_hub.offers.offer import Offer


def compile_offer(offer: Offer) -> Condition:
    """What an offer's eligibility means in this release's catalogue. Raises BadInput."""
    return compile_eligibility(offer.eligibility, CATALOGUE)


def digest_of(condition: Condition) -> str:
    """SHA-256 (hex) of a condition, in whatever order its sets are held."""
    plain: Any = [{claim: sorted(answers) for claim, answers in one.items()} for one in condition]
    return hashlib.sha256(rfc8785.dumps(plain)).hexdigest()
