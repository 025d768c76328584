"""Reasons that a person may appeal against, and the records that each is found in."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.own_words import own_view
from mydata_hub.insights.payments import BILL_CLASSES
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import DISPUTABLE
from mydata_hub.insights.trust import own_score
from mydata_hub.insights.trust_features import RESTS_ON
from mydata_hub.own_vault.behind import Behind, latest, line_of, names_of
from mydata_hub.scorecard.features import HUB_FEATURES

REGULAR_BILLS: Final = "regular_bills_paid"


def told_of(profile: Profile, reason: str, now: datetime) -> Wording:
    """What the hub says of a reason today, as the person sees it: what it is, and what it found."""
    feature, own = HUB_FEATURES[reason], own_score(profile, now)
    found = (one for one in own.scored.reasons if one.feature.id == reason) if own else iter(())
    row = next((one.row for one in found), None)
    if row is None:
        return feature.about
    return Wording(ko=f"{feature.about.ko}: {row.ko}", en=f"{feature.about.en}: {row.en}")


def records_behind(profile: Profile, reason: str) -> tuple[Behind, ...]:
    """The latest records that a reason may rest on, as the person sees them."""
    own, found = own_view(profile), list[Behind]()
    for dataset in RESTS_ON[reason]:
        fold = DISPUTABLE[dataset]
        state = fold_state(own, fold)
        names = names_of(state) if "names" in state else None
        found += [line_of(dataset, known, names) for known in fold.known(state, dataset)]
    if reason == REGULAR_BILLS:
        found = [one for one in found if one.category in BILL_CLASSES]
    return latest(found)
