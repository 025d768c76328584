"""`mydata_claims`: unknown types, fields and values are refused by their name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mydata_hub.consent.grant import Frequency, FrequencyUnit
from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.authority import PublishedCatalogue
from mydata_hub.oauth.authorization_details import MAX_DURATION, read_details
from mydata_hub.oauth.clients import fetch_client, register_client

from tests.unit.consent.world import ORIGIN


def read(hub, encoded):
    client = fetch_client(hub.tables, "bicycles")
    return read_details(hub.authority, client, encoded)


def refused(hub, encoded, words):
    with pytest.raises(OAuthRefused) as error:
        read(hub, encoded if isinstance(encoded, str) else json.dumps(encoded))
    assert error.value.code == "invalid_authorization_details"
    assert error.value.description.startswith(words)
    return True


def test_a_request_says_what_it_asks(hub, partner):
    asked = read(hub, json.dumps([partner.details(locations=[ORIGIN])]))
    assert [claim.ref for claim in asked.claims] == ["trust_tier@2", "commute.mode@2"]
    assert (asked.purpose, asked.max_bits) == ("deposit_waiver", 12)
    assert asked.frequency == Frequency(unit=FrequencyUnit.MONTH, count=2)
    assert asked.expires_at == hub.now + timedelta(days=90)


def test_what_is_left_out_has_a_default(hub, partner):
    asked = read(hub, json.dumps([partner.details(max_bits=None, frequency=None, expires_at=None)]))
    assert (asked.max_bits, asked.frequency.count) == (16, 1)
    assert asked.expires_at == hub.now + timedelta(days=90)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "payment_initiation"}, "type"),
        ({"type": None}, "type"),
        ({"colour": "red"}, "colour: is not a field"),
        ({"a <b>": 1}, "a field: is not a field"),
        ({"claims": None}, "claims"),
        ({"claims": []}, "claims"),
        ({"claims": "trust_tier"}, "claims"),
        ({"claims": ["trust_tier", "trust_tier"]}, "claims"),
        ({"claims": ["trust_tier", 7]}, "claims"),
        ({"claims": [["trust_tier"]]}, "claims"),
        ({"claims": ["records"]}, "claims: names what is not"),
        ({"claims": ["trust_tier@2"]}, "claims: names what is not"),
        ({"claims": ["income"]}, "claims: names a claim that is not answered for this purpose"),
        ({"claims": [f"claim_{number}" for number in range(33)]}, "claims"),
        ({"purpose": None}, "purpose"),
        ({"purpose": "marketing"}, "purpose"),
        ({"purpose": ["deposit_waiver"]}, "purpose"),
        ({"max_bits": 0}, "max_bits"),
        ({"max_bits": 17}, "max_bits"),
        ({"max_bits": 8.0}, "max_bits"),
        ({"max_bits": True}, "max_bits"),
        ({"frequency": "daily"}, "frequency"),
        ({"frequency": {"unit": "month"}}, "frequency"),
        ({"frequency": {"unit": "month", "count": 1, "times": 2}}, "frequency"),
        ({"frequency": {"unit": "year", "count": 1}}, "frequency"),
        ({"frequency": {"unit": [], "count": 1}}, "frequency"),
        ({"frequency": {"unit": "month", "count": 0}}, "frequency"),
        ({"frequency": {"unit": "month", "count": True}}, "frequency"),
        ({"expires_at": 5}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2026-12-01T00:00:00"}, "expires_at"),
        ({"expires_at": "2026-11-24T09:00:00Z"}, "expires_at"),
        ({"expires_at": "2028-11-24T09:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ({"locations": ["https://other.example"]}, "locations"),
        ({"locations": ORIGIN}, "locations"),
    ],
)
def test_a_field_that_is_unknown_missing_or_wrong_is_refused_by_its_name(
    hub, partner, changes, words
):
    details = partner.details(**changes)
    assert refused(hub, [details], words)
    answer = partner.push(authorization_details=json.dumps([details]))
    assert (answer.status, answer.body["error"]) == (400, "invalid_authorization_details")


@pytest.mark.parametrize("encoded", ["", "{", "null", "{}", "[]", "[[]]", "[1]", "[" * 5000, "NaN"])
def test_what_is_no_array_with_one_object_is_refused(hub, partner, encoded):
    assert refused(hub, encoded, "authorization_details")


def test_two_objects_are_refused(hub, partner):
    assert refused(hub, [partner.details(), partner.details()], "authorization_details")


def test_a_name_twice_is_refused_lest_the_page_show_the_other_value(hub, partner):
    encoded = json.dumps([partner.details()])
    assert refused(hub, encoded.replace('"max_bits"', '"max_bits": 1, "max_bits"'), "authorization")


def test_a_flood_is_refused(hub, partner):
    assert refused(hub, json.dumps([partner.details()]) + " " * 9000, "authorization_details")


def test_the_published_catalogue_is_asked_by_id_alone(hub, partner):
    hub.authority = replace(hub.authority, catalogue=PublishedCatalogue())
    claim_id, purpose = "commute.mode", "mobility_service"
    other = replace(fetch_client(hub.tables, "bicycles"), client_id="other", version=0)
    client = register_client(hub.desk, replace(other, purposes=(purpose,)))
    details = partner.details(purpose=purpose, claims=[claim_id])
    assert read_details(hub.authority, client, json.dumps([details])).claims[0].id == claim_id
    for name in (f"{claim_id}@1", "records"):
        details = partner.details(purpose=purpose, claims=[name])
        with pytest.raises(OAuthRefused, match="not in the catalogue"):
            read_details(hub.authority, client, json.dumps([details]))


def test_a_year_is_the_longest(hub, partner):
    last = (hub.now + MAX_DURATION).isoformat()
    assert read(hub, json.dumps([partner.details(expires_at=last)]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    field=st.sampled_from(
        ["type", "claims", "purpose", "max_bits", "frequency", "expires_at", "locations", "x"]
    ),
    value=JSON,
)
def test_any_value_in_any_field_is_either_read_or_refused_as_the_rfc_says(
    hub, partner, field, value
):
    if field in ("max_bits", "frequency", "expires_at") and value is None:
        return
    encoded = json.dumps([partner.details() | {field: value}])
    refusal = None
    try:
        asked = read(hub, encoded)
    except OAuthRefused as error:
        refusal = error
    if refusal is None:
        assert 1 <= asked.max_bits <= 16
        assert asked.expires_at > hub.now
    else:
        assert refusal.code == "invalid_authorization_details"
        assert '"' not in refusal.description
