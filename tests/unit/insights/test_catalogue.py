"""The catalogue and the purposes: closed lists whose parts fit together."""

from __future__ import annotations

import importlib
import json
import math
import re
from dataclasses import fields, replace
from itertools import pairwise

import pytest
from mydata_hub.canonical import CentralObject
from mydata_hub.errors import BadInput
from mydata_hub.insights.catalogue import (
    ATTRIBUTES,
    CATALOGUE,
    check_catalogue,
    find_claim,
    gather,
    view_catalogue,
)
from mydata_hub.insights.claim import NO_ANSWER, Claim
from mydata_hub.insights.entries import FACT_FLOOR
from mydata_hub.insights.purposes import PURPOSES, find_purpose, view_purposes
from mydata_hub.insights.rule import ProfileInsight
from mydata_hub.insights.sources import SOURCES

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
    # What rests on several folds may read whatever the sources are known of.
    remembered = SOURCES if isinstance(insight, ProfileInsight) else insight.fold
    assert set(insight.inputs) <= set(remembered.inputs)
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
    asked = [entry for entry in ENTRIES if not entry.retired]
    assert len(view["claims"]) == len(asked) < len(CATALOGUE)
    renewal = next(one for one in view["claims"] if one["id"] == "insurance.renewal")
    # An answer of 35 days ago says nothing of a window of 30.
    assert (renewal["version"], renewal["floor"]["freshness"]) == (2, "P7D")
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
    first = next(one for one in view["claims"] if one["id"] == "payments.recurring_count")
    assert first["floor"] == {"sources": 1, "window": "P120D", "freshness": "P7D"}
    facts = next(claim for claim in view["claims"] if claim["id"] == "insurance.car_cover")
    assert FACT_FLOOR.window.total_seconds() == 1
    assert facts["floor"]["window"] == "PT1S"


def test_a_claim_is_found_by_its_id_or_with_its_version_and_no_other_is():
    for entry in ENTRIES:
        assert find_claim(entry.claim.ref) is entry
        assert (find_claim(entry.claim.id) is entry) is not entry.retired
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


# ------------------------------------------------------------------ what no catalogue may be

ENTRY = CATALOGUE["insurance.loss_free_3_years@1"]


def broken(**changes):
    claim = {name: changes.pop(name) for name in tuple(changes) if name in CLAIM_FIELDS}
    return replace(ENTRY, claim=replace(ENTRY.claim, **claim), **changes)


CLAIM_FIELDS = {one.name for one in fields(ENTRY.claim)}
SYMBOLS = dict(ENTRY.symbols)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (broken(alphabet=("yes", "no", "maybe", NO_ANSWER)), "unions of cells"),
        (broken(symbols=SYMBOLS | {"0": "perhaps"}), "unions of cells"),
        (broken(symbols={**SYMBOLS, "12": "no"}), "each cell"),
        (broken(symbols=dict(list(SYMBOLS.items())[1:])), "each cell"),
        (broken(symbols=SYMBOLS | {"0": "yes"}), "follow each other"),
        (broken(attributes=("commute.mode",)), "charges another"),
        (broken(attributes=("insurance.loss_free_years", "commute.mode")), "charges another"),
        (broken(inputs=("card.approvals",)), "other inputs"),
        (broken(purposes=("anything",)), "not published"),
        (broken(attribute=replace(ENTRY.attribute, ordered=False)), "another partition"),
        (ENTRY, "twice"),
    ],
)
def test_a_claim_that_breaks_the_catalogue_is_named_before_anything_is_answered(entry, why):
    with pytest.raises(BadInput, match=rf"{entry.claim.ref} .*{why}"):
        check_catalogue([*CATALOGUE.values(), entry])


def test_a_new_file_is_all_that_a_new_question_takes(tmp_path, monkeypatch):
    package = tmp_path / "more_claims"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "years.py").write_text(
        "from dataclasses import replace\n"
        "from mydata_hub.insights.claims.car_insurance import ENTRIES as before\n"
        "old = before[-1]\n"
        "claim = replace(old.claim, id='insurance.more_years')\n"
        "ENTRIES = (replace(old, claim=claim),)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = list(gather(importlib.import_module("more_claims")))
    assert "insurance.more_years@1" in check_catalogue([*CATALOGUE.values(), *found])
