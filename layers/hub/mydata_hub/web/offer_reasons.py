"""Why an offer is shown, as one sentence of its reader: what happened, and what they answer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mydata_hub.fields import ClaimRef, Wording
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.offers.catalogue.triggers import TRIGGERS
from mydata_hub.offers.matching.inbox import Shown
from mydata_hub.web.clauses import Clause, because, clause_of, trigger_clause

FOR_EVERYBODY: Final = Wording(ko="모두를 위한 제안이라서", en="because it is for everybody")
# More is no sentence any longer; the card lists every answer.
MAX_CLAUSES: Final = 2
# What one fact says of another attribute already: a cover that ends is a cover.
_IMPLIED: Final = {"insurance.renewal": "insurance.car_cover", "life.car_bought": "mobility.drives"}


def reason_of(one: Shown, answers: Mapping[ClaimRef, str]) -> Wording:
    """By what happened and by the answers that it is for, the most telling first."""
    trigger = TRIGGERS[one.offer.trigger]
    if not one.reads and not trigger.needs:
        return FOR_EVERYBODY
    clauses = [trigger_clause(trigger.wording)] if trigger.needs else []
    clauses += _clauses(one, answers)
    return because(clauses[:MAX_CLAUSES]) if clauses else trigger.wording


def _clauses(one: Shown, answers: Mapping[ClaimRef, str]) -> Iterator[Clause]:
    """Of the answers that it hangs on, once of each attribute: what tells more comes first."""
    needed = (CATALOGUE[ref].claim for ref in TRIGGERS[one.offer.trigger].needs)
    said = {attribute for claim in needed for attribute in claim.attributes}
    said |= {_IMPLIED[attribute] for attribute in said & _IMPLIED.keys()}
    for ref in sorted(one.decided_by, key=lambda ref: -CATALOGUE[ref].claim.bits):
        claim = CATALOGUE[ref].claim
        clause = clause_of(claim, answers.get(ref, NO_ANSWER))
        if clause is not None and said.isdisjoint(claim.attributes):
            said.update(claim.attributes)
            yield clause
