"""One's own life: what is seen, what is behind it, and that nothing disputed is seen once more."""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import replace
from datetime import date

import pytest
from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.wire import Asked, make_record
from mydata_hub.errors import BadInput, Busy, NotFound
from mydata_hub.insights.advance import advance_profile
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.entries import FACT_FLOOR
from mydata_hub.own_vault.speaking import own_connection
from mydata_hub.own_vault.strongroom import see_profile
from mydata_hub.web import life, today
from mydata_hub.web.dispatch import answer
from mydata_hub.web.request import Request
from mydata_hub.web.static_files import FOLDER

from tests.unit.insights import lives
from tests.unit.own_vault.own_world import HEADER, ME, statement
from tests.unit.vault.vault_world import ATTRIBUTION
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
    tables = set(re.findall(r'data-figures="(\w+)"', body))
    assert tables == charts | {"card_bills", "holdings"}
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


def card_bill(month, paid, limit=1_000_000):
    """A bill of the year of NOW, as its collector makes it."""
    body = {"month": f"2026-{month:02d}", "due_on": f"2026-{month:02d}-14", "paid_on": paid}
    body |= {"as_of": "2026-03-01T00:00:00+09:00", "limit_minor": limit}
    asked = Asked(ATTRIBUTION.connection_id, "", lives.NOW)
    day = lives.at(date(2026, month, 14))
    return make_record(asked, "card.bills", f"b-{month}", day, body, money=(-300_000, "KRW"))


def told(front):
    """What a partner would hear of late bills, and the card bills of the page."""
    profile = front.profile_of(ME)
    fresh = replace(profile, freshness=dict.fromkeys(profile.freshness, lives.NOW))
    claim = find_claim("payments.late_bills")
    claim = replace(claim, claim=replace(claim.claim, floor=FACT_FLOOR))
    return answer_claim(fresh, claim, lives.NOW), front.pictures()["card_bills"]


def test_a_card_bill_that_is_wrong_is_disputed_where_it_is_listed_and_no_partner_hears_of_it(front):
    bills = (card_bill(1, "2026-01-14"), card_bill(2, "2026-02-25"))
    front.world.collected(
        *bills, dataset="card.bills", schema_hash=schema_of("card.bills").digest()
    )
    front.world.sweep()
    front.world.told(lives.NOW)
    answered, picture = told(front)
    assert answered == "1_to_2"
    assert [(one["due_on"], one["late"]) for one in picture["figures"]["card_bills"]] == [
        ("2026-02-14", True),
        ("2026-01-14", False),
    ]
    late = next(one for one in picture["records"] if one["late"])
    assert (late["due_on"], late["paid_on"]) == ("2026-02-14", "2026-02-25")
    body = front.ask("GET /life").body
    assert re.search(r"due 2026-02-14 ·\s+paid 2026-02-25 · <strong>late</strong>", body)

    front.say("disputes", late)
    answered, picture = told(front)
    assert answered == "no_answer"
    assert [one["due_on"] for one in picture["figures"]["card_bills"]] == ["2026-01-14"]
    front.say("disputes/end", late)
    assert told(front)[0] == "1_to_2"


def test_holdings_are_listed_by_product_with_the_value_last_seen(shown):
    def look_at(day, product, value):
        body = {"value_minor": value, "currency": "KRW", "product": product}
        name = f"h-{hashlib.sha256(product.encode()).hexdigest()[:6]}-{day}"
        more = {"amount_minor": None, "counterparty": None}
        when = lives.NOW - day * lives.DAY
        return lives.record(name, when, dataset="invest.balances", body=body, **more)

    shown.lived(look_at(2, "국내 지수", 4_000_000), look_at(1, "국내 지수", 4_100_000))
    picture = shown.pictures()["holdings"]
    assert picture["figures"]["holdings"] == [
        {
            "product": "국내 지수",
            "value_minor": 4_100_000,
            "currency": "KRW",
            "seen_on": "2026-03-01",
        }
    ]
    assert [one["amount_minor"] for one in picture["records"]] == [4_100_000, 4_000_000]
    assert "국내 지수" in shown.ask("GET /life").body


def test_bills_of_every_rhythm_are_listed_with_their_next_date(shown):
    def paid(name, category, days_ago, amount):
        return [
            lives.record(
                f"{name}-{ago}",
                lives.NOW - ago * lives.DAY,
                dataset="bank.transactions",
                counterparty=name.title(),
                category=category,
                amount_minor=-amount - ago,
            )
            for ago in days_ago
        ]

    shown.lived(
        *paid("heat", "utilities", range(4, 200, 30), 40_000),
        *paid("cover", "insurance", (9, 100, 191), 90_000),
        *paid("car", "insurance", (50, 415), 684_000),
    )
    rows = shown.pictures()["bills"]["figures"]["bills"]
    assert [(one["payee"], one["class"], one["cadence"]) for one in rows] == [
        ("Heat", "utilities", "monthly"),
        ("Cover", "insurance", "quarterly"),
        ("", "insurance", "yearly"),
    ]
    body = shown.ask("GET /life").body
    assert all(word in body for word in ("Every month", "Every three months", "Every year"))
    assert "<td>Insurance</td>" in body


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
