"""docs/offers.md tells partners what is so: its example passes, its tables are whole."""

from __future__ import annotations

import re
from pathlib import Path

from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.offers.catalogue.check import check_offer
from mydata_hub.offers.catalogue.document import OfferDocument
from mydata_hub.offers.catalogue.offer import EXPIRY_DAYS, KINDS, MAX_IMAGE_BYTES, MAX_MERCHANTS
from mydata_hub.offers.catalogue.triggers import RECENT_DAYS, TRIGGERS

from tests.unit.offers.documents import FAIR_USE, NOW, PARTNER

PAGE = (Path(__file__).parents[3] / "docs" / "offers.md").read_text("utf-8")


def test_the_example_passes_the_check_and_discloses_what_the_page_says():
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    checked = check_offer(example, NOW, CATALOGUE, FAIR_USE, PARTNER)
    assert checked.discloses == (
        "commute.by_subway@1",
        "habits.cafe_time@1",
        "spending.rhythm_cafe@1",
    )
    said = PAGE.partition("Accepting it discloses three answers:")[2].partition("\n## ")[0]
    for claim in checked.discloses:
        assert f"`{claim.partition('@')[0]}`" in said


def rows(heading: str) -> list[list[str]]:
    part = re.split(r"\n#+ ", PAGE.partition(heading)[2])[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if line.startswith("| `")
    ]


def test_every_field_and_every_benefit_has_its_line():
    named = [name for row in rows("## Fields") for name in re.findall("`([a-z_]+)`", row[0])]
    assert sorted(named) == sorted(OfferDocument.model_fields)
    benefits = rows("### What the person gets")
    assert [row[0].strip("`") for row in benefits] == ["coupon", "perk", "points", "stamps"]
    assert {row[0].strip("`") for row in benefits} == set(KINDS)


def test_every_trigger_has_its_line_and_the_claim_that_it_discloses():
    told = {}
    for names, _, discloses in rows("### When it is shown"):
        for name in re.findall("`([a-z_.<>0-9]+)`", names):
            told[name] = discloses
    in_general = {re.sub(r"^(payment|need)\..*", r"\1.<category>", trigger) for trigger in TRIGGERS}
    assert told.keys() == in_general
    for trigger in TRIGGERS.values():
        kind, _, category = trigger.id.partition(".")
        line = told.get(trigger.id) or told[f"{kind}.<category>"]
        for claim in trigger.needs:
            name = claim.partition("@")[0].removesuffix(category) if trigger.moment else claim
            assert name.partition("@")[0].partition("at_least_")[0] in line
        if trigger.moment:
            assert f"`{category}`" in PAGE


def test_the_numbers_of_the_page_are_those_of_the_code():
    assert f"{MAX_IMAGE_BYTES // 1024} kB" in PAGE
    assert f"(1 to {MAX_MERCHANTS})" in PAGE
    assert "{} to {}".format(*EXPIRY_DAYS) in PAGE
    assert RECENT_DAYS == 3
    assert "in the three days after a payment" in PAGE
