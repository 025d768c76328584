"""My life: everything of one look at one's own life, for the page and for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.answers import see_insights
from mydata_hub.insights.commute import TRIPS_FOLD
from mydata_hub.insights.own_words import (
    Correction,
    Dispute,
    list_corrections,
    list_disputes,
    own_view,
)
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.behind import Behind, disputed_record, names_of
from mydata_hub.own_vault.pictures import Covered, Picture, see_commute, see_week
from mydata_hub.own_vault.pictures_of_facts import see_card_bills, see_cover, see_holdings
from mydata_hub.own_vault.pictures_of_money import see_bills, see_cafe, see_spending


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Everything of one look. `held`: something the person said is not in it yet, so nothing is."""

    open: bool
    held: bool
    pictures: tuple[Picture, ...] = ()
    habits: tuple[Picture, ...] = ()
    disputes: tuple[tuple[Dispute, Behind | None], ...] = ()
    corrections: tuple[Correction, ...] = ()
    payees: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether any source has told anything."""
        return any(one.sources for one in (*self.habits, *self.pictures))


def see_life(profile: Profile | None, now: datetime, *, held: bool = False) -> Life:
    """What there is to see. While something said waits to be taken in, nothing is shown: what is
    disputed must not be seen once more."""
    if profile is None or held:
        return Life(open=profile is not None, held=held)
    seen = {one.attribute.id: one for one in see_insights(profile, now)}
    own = own_view(profile)
    payments, trips = fold_state(own, PAYMENTS), fold_state(own, TRIPS_FOLD)
    covered = Covered(profile, now)
    names = names_of(payments)
    return Life(
        open=True,
        held=False,
        pictures=(
            see_week(payments, trips, covered, names, now),
            see_bills(payments, seen["payments.recurring_count"], covered, names),
            see_spending(payments, covered, names, now),
            see_commute(trips, seen["commute.mode"], covered, now),
        ),
        habits=(
            see_cafe(payments, seen["habits.cafe_time"], covered, names, now),
            see_cover(own, seen["insurance.loss_free_years"], covered),
            see_card_bills(
                own, seen["payments.arrears"], seen["payments.card_utilisation"], covered, now
            ),
            see_holdings(own, seen["payments.investments"], covered),
        ),
        disputes=tuple((one, disputed_record(profile, one)) for one in list_disputes(profile)),
        corrections=tuple(list_corrections(profile)),
        payees=tuple(sorted({name for name, _ in names.values()})),
    )


def life_document(life: Life) -> dict[str, Any]:
    """The same for scripts and the command line."""
    return {
        "open": life.open,
        "held": life.held,
        "pictures": [_picture(one) for one in (*life.habits, *life.pictures)],
        "disputes": [
            {
                "dataset": one.version.dataset,
                "mark": one.version.mark.hex(),
                "disputed_at": one.disputed_at.isoformat(),
                "open": one.open,
                "record": behind and behind_document(behind),
            }
            for one, behind in life.disputes
        ],
        "corrections": [
            {"payee": one.payee, "category": one.category or "unknown"} for one in life.corrections
        ],
    }


def _picture(one: Picture) -> dict[str, Any]:
    return {
        "id": one.id,
        "sentence": {"ko": one.sentence.ko, "en": one.sentence.en},
        "support": one.support and {"ko": one.support.ko, "en": one.support.en},
        "figures": dict(one.figures),
        "records": [behind_document(behind) for behind in one.behind],
        "complete_until": one.complete_until and one.complete_until.isoformat(),
        "sources": one.sources,
    }


def behind_document(one: Behind) -> dict[str, Any]:
    """A record for scripts and the command line."""
    return {
        "dataset": one.dataset,
        "mark": one.mark,
        "at": one.at.isoformat(),
        "name": one.name,
        "amount_minor": one.amount_minor,
        "currency": one.currency,
        "category": one.category,
        "mode": one.mode,
        "due_on": one.due_on and one.due_on.isoformat(),
        "paid_on": one.paid_on and one.paid_on.isoformat(),
        "late": one.late,
    }
