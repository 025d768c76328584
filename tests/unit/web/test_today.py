"""A person's own view shows whatever the folds find, and says why there is no answer."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.sessions import Session
from mydata_hub.collection.csv_lines import BrokenLine
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.fold import BILLS, HOLDINGS
from mydata_hub.insights.rhythm import RHYTHM, RHYTHMS
from mydata_hub.own_vault.importing import Imported
from mydata_hub.ports.clock import SetClock
from mydata_hub.web import today
from mydata_hub.web.dispatch import answer
from mydata_hub.web.render import Renderer, money
from mydata_hub.web.request import Request
from mydata_hub.web.today import HANDLERS, TodayFront

from tests.unit.insights import lives
from tests.unit.own_vault.own_world import MAPPING, ME, OwnWorld, statement

ISSUER = "https://hub.example"
NOW = lives.NOW


def session() -> Session:
    return Session(
        session_id="s",
        account_id=ME,
        role=Role.PERSON,
        passkey_id="p",
        csrf="csrf",
        authenticated_at=NOW,
        seen_at=NOW,
    )


class Front:
    """The page over a real letterbox, and whatever profile a test wants to show."""

    def __init__(self, folder: Path) -> None:
        self.world = OwnWorld(folder)
        self.world.clock = SetClock(NOW)
        self.world.make(ME)
        self.profile = new_profile(ME)
        self.front = TodayFront(
            issuer=ISSUER,
            renderer=Renderer(),
            clock=self.world.clock,
            letterbox=self.world.letterbox,
            profile_of=lambda vault_id: self.profile,
        )

    def lived(self, *records, until=NOW) -> None:
        connections = {record.connection_id: until for record in records}
        self.profile = advance_profile(new_profile(ME), records, connections, 1)

    def ask(self, route, body=None, lang="en"):
        path = route.partition(" ")[2]
        headers = {"accept": "text/html", "accept-language": lang, "origin": ISSUER}
        headers |= {"content-type": "application/json", "x-csrf-token": "csrf"}
        event = {"routeKey": route, "rawPath": path, "headers": headers}
        if body is not None:
            event["body"] = json.dumps(body)
        return answer(self.front, HANDLERS, Request(event, session()))

    def body(self, text, **changes):
        content = base64.b64encode(text.encode()).decode()
        mapping = MAPPING.model_dump_json()
        plain = {"name": "a.csv", "mapping": mapping, "content": content, "all_or_nothing": True}
        return plain | changes

    def bring(self, text, lang="en", **changes):
        found = self.ask("POST /import", self.body(text, **changes), lang=lang)
        assert found.status == 201, found.body
        return json.loads(found.body)

    def page(self, lang="en") -> str:
        text = re.sub(r"<[^>]*>", " ", self.ask("GET /today", lang=lang).body)
        return re.sub(r"\s+", " ", text)


@pytest.fixture
def front(tmp_path):
    return Front(tmp_path)


def whole_life():
    """Something for every insight: bills, cafés, trips, a contract."""
    bills = [
        lives.debit(f"bill-{day}", lives.at(day, 9))
        for day in lives.days_before(200)
        if day.day == 25
    ]
    trips = [lives.trip(f"t-{day}", lives.at(day, 8)) for day in lives.weekdays_before(50)]
    due = [lives.NOW.date() - days * lives.DAY for days in (8, 38, 69)]
    card_bills = [
        lives.record(
            f"card-bill-{day}",
            lives.at(day),
            dataset=BILLS,
            amount_minor=-400_000,
            counterparty=None,
            body={"due_on": str(day), "paid_on": str(day), "limit_minor": 2_000_000},
        )
        for day in due
    ]
    fund = lives.record(
        "fund",
        lives.NOW - lives.DAY,
        dataset=HOLDINGS,
        amount_minor=None,
        counterparty=None,
        body={"value_minor": 5_100_000, "currency": "KRW", "product": "Sample index"},
    )
    cafe = lives.cafe_visits(lives.weekdays_before(50))
    return (*bills, *cafe, *trips, lives.contract("c"), *card_bills, fund)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_kind_of_finding_has_its_card(front, lang):
    front.lived(*whole_life())
    body = front.ask("GET /today", lang=lang).body
    shown = front.ask("GET /today/state").body
    found = [one for one in json.loads(shown)["insights"] if one["sources"]]
    answers = {one["attribute"]: one["answer"] for one in found}
    assert None not in (answers["habits.cafe_time"], answers["commute.mode"])
    assert len(answers) > 40
    rhythms = {name: answers.pop(name) for name in list(answers) if name.startswith(RHYTHM)}
    told = sum(answer is not None for answer in answers.values())
    # Rhythms are lines of one card.
    assert body.count('<article class="thought">') == told + 1
    assert body.count("<dt>") == len(answers) - told
    assert rhythms.keys() == {RHYTHM + category for category in RHYTHMS}
    assert {"ko": "카페에서 결제했어요.", "en": "you paid at a café."}[lang] in body
    assert {"ko": "한 번도 없음: 빵집", "en": "Not at all: Bakeries"}[lang] in body


def test_what_is_too_irregular_is_said_to_have_no_answer(front):
    front.lived(*lives.random_life(1, 1))
    page = front.page()
    assert "Not enough yet: " in page
    assert "too irregular to answer" in page


def test_without_any_source_the_page_is_empty_and_says_what_to_do(front):
    page = front.page()
    assert "Nothing yet" in page
    assert "Connect a card or import a bank statement" in page
    assert "Not enough yet" not in page
    assert "What the coming week may bring" not in page


def test_what_was_found_comes_first_and_the_rest_of_its_family_is_one_line(front):
    front.lived(*whole_life())
    body = front.ask("GET /today").body
    families = re.findall(r'<section class="family" id="family-(\w+)"', body)
    assert families == ["habits", "payments", "income", "spending", *families[4:]]
    assert re.findall(r'href="#family-(\w+)"', body) == families
    for one in re.findall(r'<section class="family".*?</section>', body, re.DOTALL):
        assert one.count("<summary>") <= 1
        assert one.rfind("<article") < one.find("<details") or "<details" not in one


def test_a_source_of_any_dataset_has_its_name(front):
    front.lived(*whole_life())
    page = front.page()
    assert "Card bills" in page
    assert "Investments" in page


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_coming_week_names_each_category_once_and_heeds_what_the_person_said(front, lang):
    front.lived(
        *lives.cafe_visits(lives.weekdays_before(80)),
        *[
            lives.record(f"m-{day}", lives.at(day, 11), category="groceries")
            for day in lives.days_before(80)
            if day.weekday() == 5
        ],
    )
    needs = json.loads(front.ask("GET /today/state").body)["needs"]
    assert [(need["category"], need["slot"]) for need in needs] == [
        ("cafe", "weekday_7_to_9"),
        ("groceries", "weekend_11_to_14"),
    ]
    words = {
        "ko": ("다음 한 주에", "카페", "평일 7~9시"),
        "en": ("coming week", "Cafés", "a workday"),
    }
    assert all(word in front.page(lang) for word in words[lang])


def test_while_the_vault_is_being_made_the_page_says_so(front):
    front.profile = None
    assert "Your vault is being made" in front.page()


def test_what_is_not_folded_yet_is_said_to_be_missing(front):
    assert front.bring(statement())["lines"] == 8
    page = front.page()
    assert "Some of your lines are still being read." in page
    assert "being read" in page


def test_a_source_that_never_told_how_far_it_is_complete_is_partial(front):
    records = whole_life()
    front.profile = advance_profile(new_profile(ME), records, {}, 1)
    assert "Not all of it has arrived yet" in front.page()


def test_payees_are_escaped(front):
    front.lived(
        *(
            lives.debit(f"bill-{day}", lives.at(day, 9), payee="<script>alert(1)</script>")
            for day in lives.days_before(200)
            if day.day == 25
        )
    )
    body = front.ask("GET /today").body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert" in body


def test_another_reader_gets_the_reason_of_a_broken_line_in_their_language(front):
    text = statement() + "2026-02-30 12:00,-1,Gas\n"
    reasons = {
        lang: front.bring(text, lang=lang, all_or_nothing=False)["broken_lines"][0]["reason"]
        for lang in ("ko", "en")
    }
    assert reasons["en"] == "This is no date as the mapping writes it."
    assert reasons["ko"] == "열 이름표에 적힌 날짜 모양이 아니에요."


def test_a_refused_statement_is_a_problem_that_names_its_lines(front):
    found = front.ask("POST /import", front.body(statement() + "never,-1,Gas\n"))
    problem = json.loads(found.body)
    assert found.status == 400
    assert problem["title"] == "Nothing was taken in"
    assert (problem["broken"], problem["broken_lines"][0]["line"]) == (1, 10)
    assert front.world.events() == []


@pytest.mark.parametrize(
    "problem",
    [
        *("is no amount in KRW", "is no date as %Y", "lies in the future or before 1900"),
        *("is empty", "is the number of an earlier line", "is too long"),
        *("has 3 cells where the header has 4", "is no direction that the mapping knows"),
        "and the other direction are both filled or both empty",
    ],
)
def test_every_rule_of_a_statement_has_words_of_its_own(problem):
    done = Imported(lines=0, segments=0, broken=(BrokenLine("f", 1, 1, "c", problem),))
    (line,) = today._broken_document(done, "en")["broken_lines"]
    assert line["reason"] != today._OTHERWISE


def test_only_so_many_broken_lines_are_named_and_all_are_counted(front):
    text = statement() + "never,-1,Gas\n" * 150
    done = front.bring(text, all_or_nothing=False)
    assert (done["broken"], len(done["broken_lines"])) == (150, today.MAX_NAMED)


def test_amounts_are_said_as_people_say_them():
    assert money("ko", -42300, "KRW") == "42,300원"
    assert money("en", 42300, "KRW") == "₩42,300"
    assert money("en", 990, "EUR") == "9.90 EUR"
    assert money("ko", 1234567, "KWD") == "1,234.567 KWD"
