"""What points make of a fold: the books brought up to date, and coupons for what was spent.

It runs in the vault zone, in the commit that takes the records up (own_vault/after_fold.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.benefits.coupons import coupon_of_spending, fetch_coupon, put_coupon
from mydata_hub.benefits.earning import TermsOf, advance_points
from mydata_hub.benefits.wallet import reward_coupon
from mydata_hub.collection.record import Record
from mydata_hub.fields import SubjectId
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.after_fold import AfterFold
from mydata_hub.ports.tables import Change, Tables

# How long a reward can be redeemed, whatever its points were good for.
REWARD_GOOD_FOR: Final = timedelta(days=90)


def keep_books(tables: Tables, terms_of: TermsOf) -> AfterFold:
    """The books of every vault that is folded; `terms_of` reads what is published."""

    def after(
        profile: Profile, _records: Sequence[Record], now: datetime
    ) -> tuple[Profile, tuple[Change, ...]]:
        subject = SubjectId(profile.vault_id)

        def coupon_state(spending: bytes) -> str | None:
            coupon = fetch_coupon(tables, coupon_of_spending(subject, spending))
            return None if coupon is None else coupon.state.value

        profile, rewards = advance_points(profile, now, terms_of, coupon_state)
        changes: tuple[Change, ...] = ()
        for reward in rewards:
            until = now + REWARD_GOOD_FOR
            coupon = reward_coupon(subject, reward.spending, reward.terms, until)
            changes += put_coupon(subject, coupon)
        return profile, changes

    return after
