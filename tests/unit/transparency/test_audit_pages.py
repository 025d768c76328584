"""Auditors' pages: what fits, the sums of it, a sample, and the growth between two days."""

from __future__ import annotations

import re

import pytest
from mydata_hub.accounts.account import Role

from tests.unit.transparency.test_auditing import COUNT, AuditedHub
from tests.unit.web.conftest import Browser


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    return AuditedHub(tmp_path_factory.mktemp("pages"))


def page_of(audited, path, query="", status=200):
    event = audited.auditor.event("GET", path, accept="text/html")
    event["rawQueryString"] = query
    reply = audited.auditor.send(event)
    assert reply.status == status, reply.body[-500:]
    return reply.body


def test_a_search_shows_rows_sums_and_pictures_of_what_fits(audited):
    page = page_of(audited, "/auditor/search", "partner=cars&decision=deny")
    fitting = len([n for n in range(COUNT) if n % 3 == 1 and n % 7 == 0])
    assert f"{fitting} entries fit" in page
    assert page.count('<td><a class="mono" href="/auditor/entries?start=') == fitting
    # A refusal names each rule, and each leads to all that it refused.
    assert "policy=over_budget" in page
    rows = re.findall(r'href="[^"]*policy=no_consent[^"]*">no_consent</a>', page)
    assert len(rows) == fitting + 1
    assert "<svg" in page
    assert "style=" not in page


def test_what_does_not_fit_on_a_page_goes_on_at_the_next_row(audited):
    first = page_of(audited, "/auditor/search", "class=claims_answered")
    onward = re.search(r'href="/auditor/search\?([^"]*start=(\d+)[^"]*)"', first)
    assert onward is not None
    shown = [int(at) for at in re.findall(r'entries\?start=(\d+)&amp;limit=1"', first)]
    assert len(shown) == 100
    second = page_of(audited, "/auditor/search", onward[1].replace("&amp;", "&"))
    following = [int(at) for at in re.findall(r'entries\?start=(\d+)&amp;limit=1"', second)]
    assert following[0] == int(onward[2]) > shown[-1]


def test_what_an_auditor_typed_is_shown_as_text(audited):
    page = page_of(audited, "/auditor/search", "partner=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page
    assert "0 entries fit" in page


def test_a_sample_is_the_same_again_and_another_with_a_word(audited):
    def places(query):
        page = page_of(audited, "/auditor/sample", query)
        return re.findall(r'entries\?start=(\d+)&amp;limit=1"', page)

    assert len(places("n=7")) == 7
    assert places("n=7") == places("n=7")
    assert places("n=7&word=pear") != places("n=7")
    page_of(audited, "/auditor/sample", "n=51", status=400)


def test_the_growth_between_two_days_is_proven_and_a_day_before_the_log_says_so(audited):
    today = audited.log.tables.query("log", "day").rows[0].key.sort
    page = page_of(audited, "/auditor/growth", f"from={today}")
    assert "Nothing was changed in between" in page
    assert "had no checkpoint by that day" in page_of(audited, "/auditor/growth", "from=2001-01-01")
    page_of(audited, "/auditor/growth", "from=today", status=400)


def test_growth_shows_a_proof_of_hashes_when_the_log_has_grown(tmp_path):
    audited = AuditedHub(tmp_path / "own", 3)
    audited.log.write(5_000, 3)
    audited.log.sequence()
    today = audited.log.tables.query("log", "day").rows[0].key.sort
    page = page_of(audited, "/auditor/growth", f"from={today}&to={today}")
    assert "Nothing was changed in between" in page
    page = page_of(audited, "/auditor/growth", f"from={today}")
    assert re.search(r"[0-9a-f]{64}\n", page)


def test_these_pages_are_for_auditors(audited):
    person = Browser(audited.pages)
    assert person.sign_up().status == 201
    operator = Browser(audited.pages)
    assert operator.enrol(Role.OPERATOR).status == 201
    for somebody in (person, operator):
        for path in ("search", "sample", "growth"):
            assert somebody.get(f"/auditor/{path}").status == 403
