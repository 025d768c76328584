"""Acts: which offers a person took up, and which coupons they used, as their own wallet says.

A vault counts neither: the rows of coupons are the person's already, and say both (decision 0043).
They lie outside it because partners redeem there; what they come to is known in the vault alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from mydata_hub.benefits.coupons import REWARD, Coupon, State, list_coupons
from mydata_hub.benefits.programme import Terms, read_programmes
from mydata_hub.insights.favourites import list_favourites
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.weekly import MAX_WEEKS
from mydata_hub.ports.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What a person has taken up, as `<offer id>@<version>`; and counts by category."""

    accepted: frozenset[str] = frozenset()
    # Offers accepted, programmes kept as favourites; until half a year after the end of each.
    taken: Mapping[str, int] = field(default_factory=dict)
    # Coupons redeemed in the last MAX_WEEKS weeks, rewards among them.
    used: Mapping[str, int] = field(default_factory=dict)

    @property
    def offers(self) -> frozenset[str]:
        """What was taken up by id, in whatever version."""
        return frozenset(ref.rpartition("@")[0] for ref in self.accepted)


# Of somebody with this profile, at an instant. Raises Damaged, FormatUnknown, Busy.
ActsOf = Callable[[Profile, datetime], Acts]
NO_ACTS: Final = Acts()


def reading_acts(tables: Tables) -> ActsOf:
    """What reads them: one query, and a batch of reads for whoever has coupons."""
    return partial(_acts_of, tables)


def _acts_of(tables: Tables, profile: Profile, now: datetime) -> Acts:
    # A person's vault has the account's name.
    coupons = list_coupons(tables, profile.vault_id)
    since = now - timedelta(weeks=MAX_WEEKS)
    kept = {one.offer_id for one in list_favourites(profile)}
    programmes = [one.terms for one in read_programmes(profile) if one.terms.offer_id in kept]
    # A reward is for points that were earned, and no offer that somebody took up.
    took: list[Coupon | Terms] = [*(one for one in coupons if one.kind != REWARD), *programmes]
    used = (one for one in coupons if one.state is State.REDEEMED)
    return Acts(
        accepted=frozenset(f"{one.offer_id}@{one.version}" for one in took),
        taken=Counter(one.category for one in took if one.category),
        used=Counter(
            one.category
            for one in used
            if one.category and one.settled_at is not None and one.settled_at >= since
        ),
    )
