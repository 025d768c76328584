"""The insights find the described lives in the records that were collected, and abstain of Hana."""

from __future__ import annotations

import pytest
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import find_claim

from tests.samples.sample_world import NOW, Samples

SAID = {
    "jiu": {
        "habits.cafe_time": "7_to_9",
        "commute.mode": "subway",
        "commute.transfers": "2_or_more",
        "insurance.car_cover": "yes",
        "insurance.loss_free_years": "6_to_10",
        "habits.deliveries": "1_to_2",
        "habits.lunch_price": "80_to_149",
        "payments.pays_rent": "yes",
        "payments.bill_day": "21_to_31",
        "payments.rent_day": "1_to_10",
        "payments.rent_share": "under_20",
        "payments.telecom_price": "3_to_5",
        "payments.utilities_price": "10_to_29",
        "payments.late_bills": "0",
        "payments.card_utilisation": "under_30",
        "income.monthly": "yes",
        "commute.window": "7_to_8",
        "commute.days": "3_or_more",
        "mobility.trips": "8_to_12",
        "mobility.distance": "60_to_149",
        "insurance.overlapping_cover": "no",
        "mobility.home_district": "seoul_mapo",
        "mobility.work_district": "seoul_jongno",
        "mobility.drives_car": "no",
        "life.moved": "no",
        "life.new_employer": "no",
        "spending.rhythm_cafe": "weekly",
        "spending.rhythm_delivery": "weekly",
        "spending.rhythm_fuel": "not_at_all",
    },
    "minho": {
        "habits.cafe_time": "11_to_14",
        "commute.mode": "mixed",
        "commute.transfers": "1",
        "insurance.loss_free_years": "0",
        "mobility.drives_car": "yes",
        "payments.late_bills": "3_or_more",
        "payments.card_utilisation": "60_to_90",
        "habits.lunch_price": "no_answer",
    },
    "hana": {
        "habits.cafe_time": "no_answer",
        "commute.mode": "no_answer",
        "commute.by_subway": "no_answer",
        "commute.window": "no_answer",
        "commute.days": "no_answer",
        "habits.deliveries": "no_answer",
        "habits.lunch_price": "no_answer",
        # Her card company tells no limit.
        "payments.card_utilisation": "no_answer",
        "income.monthly": "no",
        "income.saving_rate": "no_answer",
        "mobility.work_district": "no_answer",
        "mobility.shared_bike": "yes",
    },
}


@pytest.mark.parametrize("person", SAID)
def test_the_answers_are_those_of_the_described_life(samples: Samples, person: str) -> None:
    profile = new_profile("vault-1")
    for family in ("card", "efin", "bank", "insurer", "mobility"):
        connected = samples.connect(family, person)
        outcome = connected.sync()
        assert outcome.fresh_at is not None
        for batch in connected.batches:
            fresh = {batch.connection_id: outcome.fresh_at} if batch.fresh_at else {}
            following = profile.manifest_version + 1
            profile = advance_profile(profile, batch.records, fresh, following)

    said = {name: answer_claim(profile, find_claim(name), NOW) for name in SAID[person]}
    assert said == SAID[person]
    recurring = answer_claim(profile, find_claim("payments.recurring_count"), NOW)
    assert recurring in ("3_to_5", "6_or_more")
