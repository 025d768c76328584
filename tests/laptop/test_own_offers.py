"""Offers from the command line, over HTTP: what fits, why, and what one does not want."""

from __future__ import annotations

import json

import pytest
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.cli.sample_offers import desk_of_offers, submit_sample
from mydata_hub.oauth.clients import Client, register_client
from mydata_hub.offers.catalogue.compiled import compile_offer
from mydata_hub.offers.catalogue.deciding import Decision, Outcome, decide_offer

from tests.laptop.patience import eventually
from tests.unit.offers.offer_hub import a_document
from tests.unit.offers.shelf_world import PUBLIC

NAME = "alley.coffee-stamps"


@pytest.fixture
def jiu(hub, mydata):
    """Somebody with no records, at a hub with one offer for everybody."""
    desk = desk_of_offers(laptop_deployment(hub.data, hub.url))
    client = Client(
        client_id="alley",
        name="샘플골목",
        jwks=json.dumps({"keys": [PUBLIC]}),
        redirect_uris=("https://alley.example/",),
        group="alley",
        purposes=("personal_offers",),
    )
    register_client(desk, client)
    document = a_document("coffee-stamps", trigger="always", eligibility="")
    kept = submit_sample(desk, "alley", document).latest
    decision = Decision(offer_id=kept.offer_id, version=kept.version, outcome=Outcome.APPROVED)
    decide_offer(desk, None, decision, compile_offer)
    assert mydata("person", "add", "Jiu", "--locale", "en").code == 0
    return lambda *command: mydata("person", *command, "--as", "Jiu")


def test_offers_are_seen_and_put_away_from_the_command_line(jiu):
    def ids():
        return [one["offer_id"] for one in jiu("offers", "--json").json()["offers"]]

    eventually(ids, lambda found: found == [NAME])
    told = jiu("offers")
    assert told.code == 0, told.err
    assert "샘플골목: Come ten times and one cup is on us." in told.out
    assert "Why: because it is for everybody" in told.out
    assert "Accepting would tell: nothing." in told.out

    assert jiu("not-interested", NAME, "--for-now", "--json").json()["word"] == "not_now"
    assert ids() == []
    assert jiu("not-interested", NAME, "--end").code == 0
    assert ids() == [NAME]
    assert "cafe: not interested." in jiu("not-interested", "--category", "cafe").out
    assert "Not interested in: cafe." in jiu("offers").out
    assert jiu("not-interested", NAME, "--category", "cafe").code == 2
    assert jiu("not-interested", "no offer").code == 1
