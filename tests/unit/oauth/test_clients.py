"""Registrations: what could be turned against people is not registered."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from joserfc.jwk import ECKey, RSAKey
from mydata_hub.errors import BadInput, Damaged, NotFound, Taken
from mydata_hub.oauth.clients import (
    Client,
    client_key,
    fetch_client,
    jwks_text,
    read_client,
    register_client,
    set_event_endpoint,
    suspend_client,
)
from mydata_hub.ports.tables import Row

KEY = ECKey.generate_key("P-256", {"kid": "1"}).as_dict(private=False)
CLIENT = Client(
    client_id="bicycles",
    name="자전거",
    jwks=jwks_text({"keys": [KEY]}),
    redirect_uris=("https://bicycles.example/callback",),
    group="rentals",
    purposes=("deposit_waiver",),
)


def test_a_registered_client_reads_back(hub):
    kept = register_client(hub.desk, CLIENT)
    assert fetch_client(hub.tables, "bicycles") == kept == replace(CLIENT, version=1)
    assert fetch_client(hub.tables, "insurer") is None


def test_a_client_id_is_taken_once(hub):
    register_client(hub.desk, CLIENT)
    with pytest.raises(Taken):
        register_client(hub.desk, replace(CLIENT, name="다른 자전거"))


def test_suspending_is_idempotent_and_needs_a_client(hub):
    register_client(hub.desk, CLIENT)
    assert suspend_client(hub.desk, "bicycles").version == 2
    assert suspend_client(hub.desk, "bicycles").version == 2
    assert fetch_client(hub.tables, "bicycles").suspended
    with pytest.raises(NotFound):
        suspend_client(hub.desk, "insurer")


@pytest.mark.parametrize(
    "uri",
    [
        "http://bicycles.example/callback",
        "https://bicycles.example/callback#x",
        "https://user@bicycles.example/callback",
        "https:///callback",
        "javascript:alert(1)",
        "com.example.app:/callback",
        "https://bicycles.example/call back",
        "https://bicycles.example/call\nback",
        "https://[bicycles/callback",
        "/callback",
        "",
    ],
)
def test_a_redirect_uri_that_could_leak_a_code_is_not_registered(uri):
    with pytest.raises(BadInput):
        replace(CLIENT, redirect_uris=(uri,))


@pytest.mark.parametrize(
    "uri", ["http://localhost:3000/cb", "http://127.0.0.1/cb", "https://b.example/cb?shop=1"]
)
def test_a_laptop_and_a_query_are_allowed(uri):
    assert replace(CLIENT, redirect_uris=(uri,)).redirect_uris == (uri,)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "no/id"},
        {"group": ""},
        {"name": ""},
        {"name": "n" * 101},
        {"redirect_uris": ()},
        {"purposes": ()},
        {"purposes": ("Any Purpose",)},
    ],
)
def test_a_registration_that_says_too_little_is_refused(changes):
    with pytest.raises(BadInput):
        replace(CLIENT, **changes)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [KEY] * 11,
        [KEY, KEY],
        [KEY | {"kid": "2"}, {name: KEY[name] for name in ("kty", "crv", "x", "y")}],
        [ECKey.generate_key("P-256").as_dict(private=True)],
        [ECKey.generate_key("P-384").as_dict(private=False)],
        [{"kty": "RSA", "e": "AQAB", "n": "s" * 171}],
        [{"kty": "oct", "k": "c2VjcmV0"}],
        [KEY | {"use": "enc"}],
        ["x"],
        "x",
    ],
)
def test_keys_that_must_not_authenticate_are_not_registered(hub, keys):
    with pytest.raises(BadInput, match="jwks"):
        register_client(hub.desk, replace(CLIENT, jwks=jwks_text({"keys": keys})))


@pytest.mark.parametrize("jwks", ["", "{", "[]", "null", "{}"])
def test_what_is_no_key_set_is_not_registered(hub, jwks):
    with pytest.raises(BadInput, match="jwks"):
        register_client(hub.desk, replace(CLIENT, jwks=jwks))
    with pytest.raises(BadInput, match="jwks"):
        jwks_text({"keys": object()})


def test_of_several_keys_the_named_one_authenticates(hub):
    first, second = (
        ECKey.generate_key("P-256", {"kid": "1"}),
        RSAKey.generate_key(2048, {"kid": "2"}),
    )
    keys = [key.as_dict(private=False) for key in (first, second)]
    partner = hub.partner(jwks=json.dumps({"keys": keys}))
    assert partner.push(assertion=partner.assertion(key=first)).status == 201
    good = partner.assertion({"alg": "PS256", "kid": "2"}, second)
    assert partner.push(assertion=good).status == 201
    crossed = partner.assertion({"kid": "2"}, first)
    assert partner.push(assertion=crossed).status == 401


def test_a_row_that_holds_no_client_is_damage():
    for values in ({}, {"name": 7}):
        with pytest.raises(Damaged):
            read_client(Row(client_key("bicycles"), 1, values))


def test_whatever_an_operator_does_to_a_partner_is_told_by_the_commit_that_does_it(hub):
    def told():
        keys = [
            key
            for shard in range(16)
            for key in hub.tables.find_keys("events", "pending", f"{shard:02d}").keys
        ]
        found = [json.loads(row.values["audit"]) for row in hub.tables.fetch_many(*keys).values()]
        return sorted(one["class"] for one in found if one.get("partner") == "bicycles")

    before = told()
    register_client(hub.desk, CLIENT)
    suspend_client(hub.desk, "bicycles")
    suspend_client(hub.desk, "bicycles")
    suspend_client(hub.desk, "bicycles", suspended=False)
    set_event_endpoint(hub.desk, "bicycles", "https://bicycles.example/events")
    with pytest.raises(Taken):
        register_client(hub.desk, CLIENT)
    assert before == []
    assert told() == ["partner_added", "partner_changed", "partner_readmitted", "partner_suspended"]
