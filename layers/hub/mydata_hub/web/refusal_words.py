"""Why a question was refused, as its person reads it: a sentence for each policy in the way.

The partner is told one word (policies/README.md); the person all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mydata_hub.accounts.account import Locale
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

REFUSALS: Final = {
    "P02": _("You had withdrawn it, or never allowed it"),
    "P03": _("What you allowed was over"),
    "P04": _("You had allowed it to somebody else"),
    "P05": _("They asked as another group than you were told of"),
    "P06": _("You had not allowed this question"),
    "P07": _("They are suspended"),
    "P08": _("It is not answered for that purpose"),
    "P09": _("Questions of this kind are never answered"),
    "P10": _("They asked more often than you allowed"),
    "P11": _("It would have told more than you allowed"),
    "P12": _("Their group would have learned more than any group may in a year"),
    "P13": _("All together would have learned more than all may in a year"),
    "P14": _("They asked before you allowed it"),
    "P15": _("What you allowed is older than is fair for its purpose"),
    "P16": _("It is sensitive, and you signed more than 30 days ago"),
    "P17": _("They asked more often than is fair for the purpose"),
    "P18": _("It covers more questions than are fair for its purpose"),
    "catalogue": _("There is no such question"),
    "withdrawn": _("You had withdrawn it, or never allowed it"),
    "erased": _("You had been erased"),
    "expired": _("What you allowed was over"),
    "idempotency_key": _("They used one request's name for another"),
    "undecided": _("It could not be decided, which is a refusal"),
}


def refusal_words(policies: Sequence[str], locale: Locale) -> list[str]:
    """A sentence for each; one that a newer release wrote is told by its own word."""
    return [translate(locale, REFUSALS.get(one, one)) for one in policies]
