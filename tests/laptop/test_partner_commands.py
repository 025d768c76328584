"""What the operator does for partners from the command line, and what anybody may look up."""

from __future__ import annotations

import json

import pytest
from joserfc.jwk import ECKey
from mydata_hub.cli.stage import run
from mydata_hub.insights.catalogue import CATALOGUE

REDIRECT = "https://bicycles.example/callback"
KEY = ECKey.generate_key("P-256", {"kid": "1"})


@pytest.fixture
def register(tmp_path):
    """Register a partner over a data folder where no hub runs."""

    def add(keys, *more, redirect=REDIRECT):
        file = tmp_path / "jwks.json"
        file.write_text(keys if isinstance(keys, str) else json.dumps({"keys": keys}))
        options = ("--name", "Bicycles", "--jwks", str(file), "--redirect-uri", redirect)
        return run("partner", "add", *options, *more, "--data", str(tmp_path / "data"))

    return add


def test_a_partner_is_registered_without_a_running_hub(register):
    public = KEY.as_dict(private=False)
    told = register([public], "--purpose", "mobility_service", "--group", "rides", "--json").json()
    assert (told["group"], told["purposes"]) == ("rides", ["mobility_service"])
    alone = register([public], "--json").json()
    assert alone["group"] == alone["client_id"] != told["client_id"]
    assert register([public]).out.strip().isalnum()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([KEY.as_dict(private=True)], "private"),
        ([{"kty": "RSA", "n": "A" * 171, "e": "AQAB"}], "2048"),
        ([], "keys"),
        ("no JSON", "JSON"),
        ("[" * 10_000, "JSON"),
    ],
)
def test_keys_that_cannot_authenticate_anybody_are_refused(register, keys, words):
    refused = register(keys)
    assert refused.code == 1
    assert words in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("redirect", ["http://elsewhere.example/", "javascript:x", "https://a/#b"])
def test_places_that_no_browser_should_be_sent_to_are_refused(register, redirect):
    refused = register([KEY.as_dict(private=False)], redirect=redirect)
    assert refused.code == 1
    assert "redirect_uris" in refused.err


def test_a_purpose_that_is_not_published_is_a_mistake_of_usage(register):
    assert register([KEY.as_dict(private=False)], "--purpose", "marketing").code == 2


def test_the_catalogue_is_shown_without_a_hub():
    shown = run("catalogue", "--json").json()["claims"]
    asked = [entry.claim for entry in CATALOGUE.values() if not entry.retired]
    assert [claim["id"] for claim in shown] == [claim.id for claim in asked]
    words = run("catalogue").out
    assert "commute" in words


def test_where_a_partner_is_told_is_registered_and_changed(register, tmp_path):
    public = KEY.as_dict(private=False)
    address = "https://bicycles.example/events"
    told = register([public], "--event-endpoint", address, "--json").json()
    assert told["event_endpoint"] == address
    data = ("--data", str(tmp_path / "data"))
    moved = run("partner", "events", told["client_id"], "http://127.0.0.1:9000/events", *data)
    assert (moved.code, moved.out) == (0, "Told at http://127.0.0.1:9000/events.\n")
    ended = run("partner", "events", told["client_id"], *data, "--json").json()
    assert ended == {"client_id": told["client_id"], "event_endpoint": None}
    unknown = run("partner", "events", "nobody", address, *data)
    assert (unknown.code, unknown.err.strip()) == (1, "Error: there is no such client")


@pytest.mark.parametrize(
    "address",
    ["http://elsewhere.example/", "ftp://a.example/", "https://a.example/#b", "https://u@a/", ""],
)
def test_addresses_that_no_event_may_be_sent_to_are_refused(register, tmp_path, address):
    public = KEY.as_dict(private=False)
    refused = register([public], "--event-endpoint", address)
    assert refused.code == 1
    assert "event_endpoint" in refused.err
    client_id = register([public]).out.strip()
    data = ("--data", str(tmp_path / "data"))
    assert run("partner", "events", client_id, address, *data).code == 1


def test_a_partner_is_suspended_and_admitted_again(register, tmp_path):
    data = ("--data", str(tmp_path / "data"))
    client_id = register([KEY.as_dict(private=False)]).out.strip()
    assert run("partner", "suspend", client_id, *data, "--json").json()["suspended"] is True
    assert run("partner", "suspend", client_id, "--readmit", *data, "--json").json() == {
        "client_id": client_id,
        "suspended": False,
    }
    assert run("partner", "suspend", "nobody", *data).code == 1


def test_a_partner_may_publish_its_keys_instead_of_bringing_them(tmp_path):
    about = ("--name", "Bread", "--redirect-uri", REDIRECT, "--claim", "commute.mode")
    about += ("--contact", "mailto:dpo@bread.example", "--data", str(tmp_path / "data"))
    assert run("partner", "add", *about).code == 2
    made = run("partner", "add", *about, "--jwks-uri", "https://bread.example/jwks")
    assert made.code == 0, made.err
    refused = run("partner", "add", *about, "--jwks-uri", "http://bread.example/jwks")
    assert (refused.code, "jwks_uri" in refused.err) == (1, True)
