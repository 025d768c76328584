"""Where a withdrawn consent is, its person reads what has become of the news of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.config import ConsentSettings
from mydata_hub.consent.deliveries import (
    DeliveryState,
    delivery_key,
    fetch_deliveries,
    put_delivery,
)
from mydata_hub.ports.tables import Delete, VersionIs
from mydata_hub.web.cookies import LANGUAGE
from mydata_hub.web.ended_grants import WORDS
from mydata_hub.web.language import LOCALES
from mydata_hub.web.wording import translate
from mydata_hub.wiring import tables_for

from tests.unit.web.partners import HttpPartner, approve, ok
from tests.unit.web.test_consent_sheet import AskedHub


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A hub, its person Jiu, and a grant that she has withdrawn."""
    hub = AskedHub(tmp_path_factory.mktemp("ended"))
    jiu = hub.browser()
    jiu.sign_up("Jiu")
    jiu.sign_in()
    approve(jiu, HttpPartner(hub, hub.environment).question())
    (grant,) = state(jiu)
    ok(jiu.post(f"/grants/{grant['grant_id']}/withdraw"), 200)
    return tables_for(ConsentSettings.read(hub.environment)), jiu, grant["grant_id"], hub


def state(browser):
    return browser.get("/grants/state", accept="application/json").json()["grants"]


def become(ended, **changes):
    tables, _, grant_id, _ = ended
    news = fetch_deliveries(tables, [grant_id])[grant_id]
    tables.commit(put_delivery(replace(news, **changes)))


@pytest.mark.parametrize("now", DeliveryState)
def test_each_state_is_said_in_words_and_told_to_programs(ended, now):
    become(ended, state=now, trouble="too_slow")
    _, jiu, grant_id, _ = ended
    for language in LOCALES:
        jiu.cookies[LANGUAGE] = language
        page = jiu.get("/activity").body
        assert f'data-told="{now.value}"' in page
        assert translate(language, WORDS[now]) in page
    (grant,) = state(jiu)
    assert (grant["grant_id"], grant["told"]["state"]) == (grant_id, now.value)
    assert grant["told"]["trouble"] == "too_slow"


def test_the_partner_s_signed_statement_is_the_person_s_to_take_away(ended):
    become(ended, state=DeliveryState.DELETION_ATTESTED, attestation="e30.e30.e30")
    (grant,) = state(ended[1])
    assert grant["told"]["attestation"] == "e30.e30.e30"


def test_nobody_else_sees_any_of_it(ended):
    other = ended[3].browser()
    other.sign_up("Minseo")
    other.sign_in()
    assert "data-told" not in other.get("/activity").body


def test_a_consent_that_ended_before_anybody_was_told_says_so(ended):
    tables, jiu, grant_id, _ = ended
    news = fetch_deliveries(tables, [grant_id])[grant_id]
    tables.commit(Delete(delivery_key(grant_id), VersionIs(news.version)))
    jiu.cookies[LANGUAGE] = "en"
    assert "it ended before the hub could tell" in jiu.get("/activity").body
    (grant,) = state(jiu)
    assert (grant["state"], grant["told"]) == ("withdrawn", None)
