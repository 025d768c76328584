"""One's own life: what is seen, what is behind it, and that nothing disputed is seen once more."""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import replace

import pytest
from mydata_hub.errors import BadInput, Busy, NotFound
from mydata_hub.insights.advance import advance_profile
from mydata_hub.own_vault.speaking import own_connection
from mydata_hub.own_vault.strongroom import see_profile
from mydata_hub.web import life, today
from mydata_hub.web.dispatch import answer
from mydata_hub.web.request import Request
from mydata_hub.web.static_files import FOLDER

from tests.unit.insights import lives
from tests.unit.own_vault.own_world import HEADER, ME, statement
from tests.unit.web.test_today import ISSUER, Front, session, whole_life

# Chart.js 4.6.1, as its package has it: licences/chart_js.md, docs/decisions/0033.
CHART = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"
HANDLERS = {**today.HANDLERS, **life.HANDLERS}


class LifeFront(Front):
    """The pages, and a vault that takes in what was said while somebody waits for it."""

    folds = True

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.paused = 0
        self.front = replace(self.front, pause=self.pause, profile_of=self.profile_of)

    def profile_of(self, vault_id):
        return see_profile(self.world.tables, self.world.vault_keys, vault_id)

    def pause(self, seconds):
        self.paused += 1
        if self.folds:
            self.world.sweep()

    def take_in(self, text):
        self.world.bring(text)
        self.world.sweep()

    def ask(self, route, body=None, lang="en"):
        headers = {"accept": "text/html", "accept-language": lang, "origin": ISSUER}
        headers |= {"content-type": "application/json", "x-csrf-token": "csrf"}
        event = {"routeKey": route, "rawPath": route.partition(" ")[2], "headers": headers}
        if body is not None:
            event["body"] = json.dumps(body)
        return answer(self.front, HANDLERS, Request(event, session()))

    def state(self):
        return json.loads(self.ask("GET /life/state").body)

    def pictures(self):
        return {one["id"]: one for one in self.state()["pictures"]}

    def say(self, path, *records, **more):
        body = {"records": [{key: one[key] for key in ("dataset", "mark")} for one in records]}
        return self.ask(f"POST /life/{path}", more or body)


@pytest.fixture
def front(tmp_path):
    front = LifeFront(tmp_path)
    front.take_in(statement())
    return front


@pytest.fixture
def shown(tmp_path):
    """A page over a profile that a test gives."""

    class Shown(LifeFront):
        def profile_of(self, vault_id):
            return self.profile

    return Shown(tmp_path)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_each_picture_has_a_sentence_a_chart_a_table_and_its_records(shown, lang):
    shown.lived(*whole_life())
    body = shown.ask("GET /life", lang=lang).body
    charts = set(re.findall(r'data-chart="(\w+)"', body))
    assert charts == set(re.findall(r'data-figures="(\w+)"', body))
    assert charts == {"week", "bills", "spending", "commute"}
    for one in shown.pictures().values():
        assert html.escape(one["sentence"][lang]) in body
        assert one["records"], one["id"]


def test_the_sentence_comes_before_the_support(shown):
    shown.lived(*whole_life())
    cafe = shown.pictures()["cafe"]
    assert cafe["sentence"] == {
        "ko": "오전 8시쯤 커피를 마셔요.",
        "en": "Coffee around 8 in the morning.",
    }
    assert "weekdays you paid at a café between 8:00 and 8:00" in cafe["support"]["en"]
    assert cafe["sources"] == 1


def test_the_week_counts_each_record_in_its_hour(shown):
    visits = lives.cafe_visits(lives.weekdays_before(14), 19, 30)
    shown.lived(*visits)
    counts = shown.pictures()["week"]["figures"]["counts"]
    assert [row[19] for row in counts] == [2, 2, 2, 2, 2, 0, 0]
    assert sum(map(sum, counts)) == len(visits)


def test_spending_is_added_up_by_whole_months_and_leaves_transfers_out(shown):
    bills = [
        lives.debit(f"b-{day}", day, "월세", 600_000, category="rent")
        for day in lives.days_before(150)
        if day.day == 5
    ]
    transfers = [
        lives.debit(f"t-{day}", day, "Mother", 1_000_000)
        for day in lives.days_before(150)
        if day.day == 6
    ]
    visits = lives.cafe_visits([day for day in lives.days_before(150) if day.day == 9])
    shown.lived(*bills, *transfers, *visits)
    spending = shown.pictures()["spending"]["figures"]
    assert spending["categories"] == ["rent", "cafe"]
    months = [(one["month"], one["whole"], one["amounts_minor"]) for one in spending["months"]]
    whole = {"rent": 600_000, "cafe": 4_500}
    assert months == [
        (month, True, whole) for month in ("2025-11", "2025-12", "2026-01", "2026-02")
    ]


def test_several_currencies_are_not_added_up(shown):
    bills = [
        replace(lives.debit(f"{name}-{day}", day, name), currency=currency)
        for name, currency in (("Gas", "KRW"), ("Streaming", "EUR"))
        for day in lives.days_before(150)
        if day.day == 5
    ]
    shown.lived(*bills)
    spending = shown.pictures()["spending"]
    assert spending["figures"] == {}
    assert spending["sentence"]["en"] == "You pay in several currencies, so nothing is added up."


def test_what_cannot_be_said_has_a_sentence_that_says_why(shown):
    shown.lived(*lives.random_life(1, 1))
    pictures = shown.pictures()
    assert "too irregular" in pictures["cafe"]["sentence"]["en"]
    assert pictures["bills"]["figures"] == pictures["commute"]["figures"] == {}
    assert all(one["sentence"]["ko"] for one in pictures.values())


def test_what_is_disputed_is_gone_when_the_page_answers(front):
    bills = front.pictures()["bills"]
    done = front.say("disputes", *bills["records"])
    assert (done.status, json.loads(done.body)) == (201, {"records": 8, "in_effect": True})
    assert front.pictures()["bills"]["figures"] == {}
    state = front.state()
    assert {one["mark"] for one in state["disputes"]} == {one["mark"] for one in bills["records"]}
    assert {one["open"] for one in state["disputes"]} == {True}
    back = front.say("disputes/end", *bills["records"])
    assert json.loads(back.body) == {"records": 8, "in_effect": True}
    assert front.pictures()["bills"]["figures"] == bills["figures"]


def test_while_a_word_waits_nothing_that_may_be_disputed_is_seen(front):
    bills = front.pictures()["bills"]
    front.folds = False
    done = front.say("disputes", *bills["records"])
    assert json.loads(done.body)["in_effect"] is False
    held = front.state()
    assert (held["held"], held["pictures"]) == (True, [])
    for path in ("/life", "/today"):
        body = front.ask(f"GET {path}").body
        assert "Gas" not in body
        assert "What you said is being taken in." in body
    assert json.loads(front.ask("GET /today/state").body)["insights"] == []
    # Nothing can be said on top of what is not known yet.
    with pytest.raises(Busy):
        front.say("disputes", *bills["records"])
    front.world.sweep()
    assert front.pictures()["bills"]["figures"] == {}


def test_a_category_is_corrected_once_for_all(front):
    def rent():
        spending = front.pictures()["spending"]["figures"]
        return sum(one["amounts_minor"].get("rent", 0) for one in spending.get("months", []))

    assert rent() == 0
    done = front.say("categories", payee="Gas", category="rent")
    assert (done.status, json.loads(done.body)) == (201, {"in_effect": True})
    before = rent()
    assert before > 0
    assert front.state()["corrections"] == [{"payee": "Gas", "category": "rent"}]
    front.take_in(HEADER + "2026-02-27 12:00,-9000,Gas\n")
    assert rent() > before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("disputes", {"records": []}),
        ("disputes", {"records": [{"dataset": "bank.transactions", "mark": "zz"}]}),
        ("disputes", {"records": [{"dataset": "bank.transactions", "mark": "00" * 6}] * 51}),
        ("disputes/end", {}),
        ("categories", {"payee": "", "category": "rent"}),
        ("categories", {"payee": "Gas", "category": "horoscope"}),
        ("categories", {"payee": "Gas"}),
    ],
)
def test_what_makes_no_sense_is_refused(front, path, body):
    before = front.world.events()
    with pytest.raises(BadInput):
        front.ask(f"POST /life/{path}", body)
    assert front.world.events() == before


def test_a_record_of_nobodys_cannot_be_disputed(front):
    unknown = {"dataset": "bank.transactions", "mark": "00" * 6}
    with pytest.raises(NotFound):
        front.say("disputes", unknown)


def test_ones_own_words_are_no_source(front):
    front.say("categories", payee="Gas", category="rent")
    sources = json.loads(front.ask("GET /today/state").body)["sources"]
    assert own_connection(ME) not in {one["connection_id"] for one in sources}


def test_payees_are_escaped_in_page_and_table(shown):
    shown.lived(
        *(
            lives.debit(f"b-{day}", day, "<script>alert(1)</script>")
            for day in lives.days_before(200)
            if day.day == 25
        )
    )
    body = shown.ask("GET /life").body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert" in body


def test_the_library_is_the_one_that_was_looked_at():
    assert hashlib.sha256((FOLDER / "chart.js").read_bytes()).hexdigest() == CHART


def test_a_profile_that_knows_nothing_is_empty_in_both_languages(shown):
    shown.profile = advance_profile(shown.profile, (), {}, 1)
    for lang, words in (("en", "Nothing yet"), ("ko", "아직 아무것도 없어요")):
        assert words in shown.ask("GET /life", lang=lang).body
