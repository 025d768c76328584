"""The silent match: after each fold, the inbox goes on, in the very commit that takes records up.

Nothing leaves the vault but the word that there is something new, which goes to the person's own
browsers. Offers hold up nobody's records: where the snapshot cannot be read, the fold goes on with
the inbox as it was, and somebody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from mydata_hub.accounts.news import news_for
from mydata_hub.collection.record import Record
from mydata_hub.errors import HubError
from mydata_hub.insights.offers_inbox import read_inbox, with_inbox
from mydata_hub.insights.profile import Profile
from mydata_hub.offers.matching.acts import ActsOf
from mydata_hub.offers.matching.inbox import Look, Published, look_at
from mydata_hub.own_vault.after_fold import AfterFold
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Change

# The latest snapshot, and none older than the one of that number; None before the first.
ReadSnapshot = Callable[[int], Published | None]
# Told, while the error is being handled, that offers could not be read; never whose.
Failed = Callable[[str], object]


def see_offers(
    read: ReadSnapshot, failed: Failed, acts_of: ActsOf, profile: Profile, now: datetime
) -> Look | None:
    """What a person is shown; None where nothing is published, or it cannot be read.

    What they took up is read only where there is something to show.
    """
    try:
        snapshot = read(read_inbox(profile).snapshot)
        if snapshot is None:
            return None
        return look_at(profile, snapshot, now, acts_of(profile, now))
    except HubError:
        failed("offers could not be read")
        return None


def match_after_fold(read: ReadSnapshot, failed: Failed, acts_of: ActsOf) -> AfterFold:
    """What `fold_records` runs after folding."""

    def go_on(
        profile: Profile, _records: Sequence[Record], now: datetime
    ) -> tuple[Profile, tuple[Change, ...]]:
        look = see_offers(read, failed, acts_of, profile, now)
        if look is None:
            return profile, ()
        # That there is something new, and no more, is told; to whom it can be, the courier knows.
        is_new = any(one.new for one in look.shown)
        told = (send(news_for(profile.vault_id, now)),) if is_new else ()
        return with_inbox(profile, look.inbox), told

    return go_on
