"""The catalogue and the purposes: closed lists whose parts fit together."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise

import pytest
from mydata_hub.canonical import CentralObject
from mydata_hub.errors import BadInput
from mydata_hub.insights.catalogue import (
    _FACT_FLOOR,
    ATTRIBUTES,
    CATALOGUE,
    find_claim,
    view_catalogue,
)
from mydata_hub.insights.claim import NO_ANSWER, Claim
from mydata_hub.insights.purposes import PURPOSES, find_purpose, view_purposes

ENTRIES = list(CATALOGUE.values())
ORDERED = [entry for entry in ENTRIES if entry.attribute.ordered]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.claim.id)
def test_the_symbols_of_a_claim_are_unions_of_the_cells_of_its_one_attribute(entry):
    assert entry.claim.attributes == (entry.attribute.id,)
    assert ATTRIBUTES[entry.attribute.id] is entry.attribute
    assert tuple(entry.symbols) == entry.attribute.cells
    assert set(entry.symbols.values()) == set(entry.claim.alphabet) - {NO_ANSWER}
    assert entry.symbol(None) == NO_ANSWER


@pytest.mark.parametrize("entry", ORDERED, ids=lambda entry: entry.claim.id)
def test_on_an_ordered_attribute_each_symbol_is_one_stretch_of_cells(entry):
    told = [entry.symbols[cell] for cell in entry.attribute.cells]
    changes = sum(before != after for before, after in pairwise(told))
    assert changes == len(set(told)) - 1


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.claim.id)
def test_a_claim_names_what_its_insight_reads_and_purposes_of_the_list(entry):
    claim, insight = entry.claim, entry.attribute.insight
    assert claim.inputs == insight.inputs
    assert set(insight.inputs) <= set(insight.fold.inputs)
    assert set(claim.purposes) <= set(PURPOSES)
    assert Claim.decode(claim.encode()) == claim
    assert isinstance(claim, CentralObject)


def test_all_claims_on_an_attribute_together_tell_no_more_than_its_cell():
    for attribute in ATTRIBUTES.values():
        mine = [entry for entry in ENTRIES if entry.attribute is attribute]
        joint = {tuple(entry.symbols[cell] for entry in mine) for cell in attribute.cells}
        assert len(joint) <= len(attribute.cells)


def test_the_view_has_what_partners_are_promised_and_is_json():
    view = json.loads(json.dumps(view_catalogue()))
    assert len(view["claims"]) == len(CATALOGUE)
    for claim in view["claims"]:
        assert claim.keys() >= {
            "id",
            "version",
            "question",
            "alphabet",
            "bits",
            "attributes",
            "inputs",
            "floor",
            "answer_period",
            "purposes",
        }
        assert claim["bits"] == pytest.approx(math.log2(len(claim["alphabet"])), abs=1e-4)
        assert re.search("[가-힣]", claim["question"]["ko"])
        assert claim["alphabet"][-1] == NO_ANSWER
    assert [each["id"] for each in view["attributes"]] == list(ATTRIBUTES)
    first = view["claims"][0]
    assert first["floor"] == {"sources": 1, "window": "P120D", "freshness": "P7D"}
    facts = next(claim for claim in view["claims"] if claim["id"] == "insurance.car_cover")
    assert _FACT_FLOOR.window.total_seconds() == 1
    assert facts["floor"]["window"] == "PT1S"


def test_a_claim_is_found_by_its_id_or_with_its_version_and_no_other_is():
    for entry in ENTRIES:
        assert find_claim(entry.claim.id) is find_claim(entry.claim.ref) is entry
    for name in ("commute.mode@2", "commute", "", "commute.mode@1 "):
        with pytest.raises(BadInput, match="published catalogue"):
            find_claim(name)


def test_every_purpose_has_a_term_of_the_vocabulary_and_no_other_purpose_is_taken():
    view = json.loads(json.dumps(view_purposes()))["purposes"]
    assert [each["id"] for each in view] == list(PURPOSES)
    for each in view:
        assert re.fullmatch(r"https://w3id\.org/dpv#[A-Z][A-Za-z]+", each["dpv"])
        assert re.search("[가-힣]", each["text"]["ko"])
        assert find_purpose(each["id"]).dpv == each["dpv"].partition("#")[2]
    with pytest.raises(BadInput, match="published list"):
        find_purpose("anything_else")
