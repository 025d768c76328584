"""Triggers are a closed list, and each says in claims what its happening tells of a person."""

from __future__ import annotations

import pytest
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.next_need import NEVER_NAMED
from mydata_hub.insights.payments import CATEGORIES
from mydata_hub.offers.catalogue.triggers import TRIGGERS, Happening


def test_the_list_of_triggers():
    followed = {name.removeprefix("payment.") for name in TRIGGERS if name.startswith("payment.")}
    foreseen = {name.removeprefix("need.") for name in TRIGGERS if name.startswith("need.")}
    assert followed == foreseen
    assert len(followed) == 14
    assert {name for name in TRIGGERS if name.split(".")[0] not in ("payment", "need")} == {
        "always",
        "life.car_bought",
        "life.moved",
        "life.new_employer",
        "renewal.car",
        "lapse.car",
        "tier.600",
        "tier.650",
        "tier.700",
    }
    assert all(name == trigger.id for name, trigger in TRIGGERS.items())


@pytest.mark.parametrize("trigger", TRIGGERS.values(), ids=TRIGGERS)
def test_whatever_happens_tells_answers_and_no_finer_happening_leaves_the_vault(trigger):
    # Without a claim to charge, a happening would be disclosed by an acceptance for nothing.
    assert len(trigger.needs) == (0 if trigger.id == "always" else 1)
    for claim, told in trigger.needs.items():
        assert told < set(CATALOGUE[claim].claim.alphabet) - {NO_ANSWER}
        assert not CATALOGUE[claim].retired
    assert trigger.wording.en.startswith("because you")
    assert trigger.wording.ko.endswith("서")


def test_payments_and_needs_are_of_remembered_categories_that_may_be_named():
    kinds = {}
    for trigger in TRIGGERS.values():
        if trigger.moment is None:
            continue
        kinds[trigger.id.split(".")[0]] = trigger.moment.happening
        assert trigger.moment.categories
        assert set(trigger.moment.categories) <= set(CATEGORIES) - NEVER_NAMED
        (answers,) = trigger.needs.values()
        assert answers == {"sometimes", "weekly"}
    assert kinds == {"payment": Happening.PAID, "need": Happening.NEEDED}
    assert TRIGGERS["payment.delivery"].moment.categories == ("delivery", "chicken")
