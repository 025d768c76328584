"""Reasons that a person may appeal against, and the records that each is found in.

They are the reasons of the trust score, and what else a dispute could better: losses of an
insurance, which are no reason of a score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.fold import CONTRACTS
from mydata_hub.insights.payments import BILL_CLASSES
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import DISPUTABLE
from mydata_hub.insights.reviews import reviewed_view
from mydata_hub.insights.trust import own_score
from mydata_hub.insights.trust_features import RESTS_ON
from mydata_hub.own_vault.behind import Behind, latest, line_of, names_of
from mydata_hub.scorecard.features import HUB_FEATURES

REGULAR_BILLS: Final = "regular_bills_paid"
LOSSES: Final = "insurance_losses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What may be contested: its name, what it is, and the datasets that it is found in."""

    id: str
    label: Wording
    about: Wording
    rests_on: tuple[Dataset, ...]

    @property
    def of_score(self) -> bool:
        return self.id in HUB_FEATURES


REASONS: Final[Mapping[str, Reason]] = {
    name: Reason(id=name, label=one.label, about=one.about, rests_on=RESTS_ON[name])
    for name, one in HUB_FEATURES.items()
} | {
    LOSSES: Reason(
        id=LOSSES,
        label=Wording(ko="자동차보험 사고 기록", en="Losses of your car insurance"),
        about=Wording(
            ko="보험사가 알려 준, 사고 없이 지낸 햇수",
            en="The years without a loss, as your insurer told them",
        ),
        rests_on=(CONTRACTS,),
    )
}


def told_of(profile: Profile, reason: str, now: datetime) -> Wording:
    """What the hub says of a reason today, as the person sees it: what it is, and what it found."""
    about, own = REASONS[reason].about, own_score(profile, now)
    found = (one for one in own.scored.reasons if one.feature.id == reason) if own else iter(())
    row = next((one.row for one in found), None)
    if row is None:
        return about
    return Wording(ko=f"{about.ko}: {row.ko}", en=f"{about.en}: {row.en}")


def records_behind(profile: Profile, reason: str) -> tuple[Behind, ...]:
    """The latest records that a reason may rest on, those that are disputed and not yet reviewed
    included: whoever disputed one before may now have it looked at."""
    view, found = reviewed_view(profile), list[Behind]()
    for dataset in REASONS[reason].rests_on:
        fold = DISPUTABLE[dataset]
        state = fold_state(view, fold)
        names = names_of(state) if "names" in state else None
        found += [line_of(dataset, known, names) for known in fold.known(state, dataset)]
    if reason == REGULAR_BILLS:
        found = [one for one in found if one.category in BILL_CLASSES]
    return latest(found)
