"""What auditors read: each entry opens, nobody else gets in, and nothing says whose or when."""

from __future__ import annotations

import base64
import json
from collections import Counter
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.errors import BadInput, Busy
from mydata_hub.fields import EventId
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.access import ACCESSED, staff_name
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record
from mydata_hub.transparency.openings import Opened, OpeningFiles
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.transparency.searching import MAX_BUNDLES, Search, at_places, search
from mydata_hub.web.auditing import HANDLERS, AuditFront
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import blobs_for, tables_for

from tests.faults.sequencer_world import an_event
from tests.unit.transparency.conftest import LogHub
from tests.unit.web.conftest import Browser, Hub, Reply

COUNT = 300
PARTNERS = ("bicycles", "cars", "cinema")


class AuditedHub:
    """A hub whose log holds COUNT events of three partners, over 30 hours, and an auditor."""

    def __init__(self, folder, count=COUNT):
        self.pages = Hub(folder)
        self.log = LogHub(folder, self.pages.environment)
        events = [self.event(number) for number in range(count)]
        for number, event in enumerate(events):
            facts = AuditFacts(
                partner=PARTNERS[number % 3],
                purpose="benefit" if number % 2 else "credit",
                decision="deny" if number % 7 == 0 else "allow",
                claim="trust.tier@1 commute.subway@2" if number % 5 == 0 else None,
                policy_id="over_budget no_consent" if number % 7 == 0 else "permit",
                bits="2.3219",
            )
            self.log.tables.commit(record(event, SystemEntropy(), facts))
        self.log.sequence()
        self.auditor = Browser(self.pages)
        assert self.auditor.enrol(Role.AUDITOR).status == 201
        self.pages.handler, self.enrolled = self.answer, self.pages.handler

    def event(self, number):
        plain = an_event(number)
        return Event(
            event_id=EventId(f"secret-{number}"),
            kind="claims_refused" if number % 7 == 0 else "claims_answered",
            subject=plain.subject,
            actor=plain.actor,
            occurred_at=instant_of(number),
            row=plain.row,
            row_version=1,
            payload=b"",
        )

    def answer(self, event, context):
        there = event["routeKey"].startswith("GET /auditor/")
        return (self.log.audit if there else self.enrolled)(event, context)

    def ask(self, browser=None, **query):
        query = {name.rstrip("_"): value for name, value in query.items()}
        event = (browser or self.auditor).event("GET", "/auditor/entries")
        event["rawQueryString"] = urlencode(query)
        return (browser or self.auditor).send(event)

    def pages_of(self, **query):
        """Every page of a search, followed to its end."""
        start, pages = 0, []
        while start is not None:
            reply = self.ask(start=start, **query)
            assert reply.status == 200, reply.body
            pages.append(reply.json())
            start = pages[-1]["next"]
        return pages

    def entries(self, **query):
        return [entry for page in self.pages_of(**query) for entry in page["entries"]]

    @property
    def files(self):
        return OpeningFiles(blobs_for(self.log.audit_settings, "openings"))


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    return AuditedHub(tmp_path_factory.mktemp("audited"))


def opens(entry):
    opened = Opened(
        index=entry["index"], salt=base64.b64decode(entry["salt"]), payload=entry["payload"]
    )
    return opened.opens(base64.b64decode(entry["leaf"]))


def test_every_entry_of_the_log_is_there_once_in_its_order_and_opens_its_leaf(audited):
    entries = audited.entries(limit=97)
    assert [entry["index"] for entry in entries] == list(range(len(entries)))
    assert len(entries) >= COUNT
    assert all(map(opens, entries))
    altered = {**entries[0], "payload": entries[0]["payload"] | {"partner": "somebody"}}
    assert not opens(altered)


def test_what_is_shown_names_nobody_and_no_instant_within_the_hour(audited):
    entries = audited.entries()
    said = Counter(name for entry in entries for name in entry["payload"])
    known = {"class", "hour", "partner", "purpose", "policy_id", "decision", "claim", "bits"}
    assert said.keys() <= known | {"staff", "policy_hash"}
    assert {tuple(entry) for entry in entries} == {("index", "leaf", "salt", "payload")}
    assert all(len(entry["payload"]["hour"]) == len("2026-11-20T09Z") for entry in entries)
    text = json.dumps(audited.pages_of())
    assert "person-" not in text
    assert "secret-" not in text


def test_of_one_batch_the_order_says_nothing_of_who_came_first(audited):
    hours = [one["payload"]["hour"] for one in audited.entries() if "partner" in one["payload"]]
    assert hours != sorted(hours)


def instant_of(number):
    return an_event(number).occurred_at + timedelta(minutes=6 * number)


def day_of(number):
    return instant_of(number).date().isoformat()


def wanted(number):
    return {"partner": PARTNERS[number % 3], "purpose": "benefit" if number % 2 else "credit"}


SEARCHES = {
    "a partner": ({"partner": "cars"}, lambda n: n % 3 == 1),
    "a purpose": ({"purpose": "credit"}, lambda n: n % 2 == 0),
    "a decision": ({"decision": "deny"}, lambda n: n % 7 == 0),
    "one rule of two": ({"policy": "no_consent"}, lambda n: n % 7 == 0),
    "part of a rule": ({"policy": "consent"}, lambda n: False),
    "a claim of any version": ({"claim": "commute.subway"}, lambda n: n % 5 == 0),
    "a claim of a version": ({"claim": "trust.tier@1"}, lambda n: n % 5 == 0),
    "a claim of another": ({"claim": "trust.tier@2"}, lambda n: False),
    "a kind": ({"class_": "claims_refused"}, lambda n: n % 7 == 0),
    "two at once": (
        {"partner": "cinema", "decision": "deny"},
        lambda n: n % 3 == 2 and n % 7 == 0,
    ),
    "a day": ({"from_": "2026-11-21", "to": "2026-11-21"}, lambda n: day_of(n) == "2026-11-21"),
    "an hour": ({"from_": "2026-11-20T09Z", "to": "2026-11-20T09Z"}, lambda n: n < 5),
    "a time before": ({"to": "2026-11-19"}, lambda n: False),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_finds_what_fits_and_all_of_it(audited, name):
    query, fits = SEARCHES[name]
    found = audited.entries(**query, limit=41)

    # Numbers are not in the log; how often each pair of words occurs is.
    def at(number):
        return instant_of(number).strftime("%Y-%m-%dT%HZ")

    expected = Counter((at(n), *sorted(wanted(n).items())) for n in range(COUNT) if fits(n))
    told = Counter(
        (
            one["payload"]["hour"],
            ("partner", one["payload"]["partner"]),
            ("purpose", one["payload"]["purpose"]),
        )
        for one in found
        if "partner" in one["payload"]
    )
    assert told == expected


def test_a_period_is_found_without_reading_the_files_beside_it(audited):
    read = []

    class Watched:
        def get(self, name):
            read.append(name)
            return audited.files.blobs.get(name)

        names = audited.files.blobs.names

    size = audited.pages_of()[0]["size"]
    # All were pending at once, so each file spans many hours; none reaches into another month.
    found = search(OpeningFiles(Watched()), size, Search.read({"from": "2027-01-01"}))
    assert found.entries == ()
    assert {name for name in read if "/entries/" in name} == {
        f"openings/entries/{size // 256:03d}.p/{size % 256}"
    }


def test_a_request_looks_through_a_bounded_number_of_files_and_says_where_to_go_on():
    class Long:
        read = begun = 0

        def bundle(self, number, size):
            Long.read += 1
            return [
                Opened(index=256 * number + at, salt=bytes(32), payload={"class": "x"})
                for at in range(256)
            ]

    found = search(Long(), 1_000_000, Search(kind="y"), start=1_000)
    assert Long.read == MAX_BUNDLES
    assert found.looked_at == 256 * MAX_BUNDLES - 1_000 % 256
    assert found.next_index == 256 * (1_000 // 256 + MAX_BUNDLES)


def test_entries_at_given_places_are_read_with_each_file_once(audited):
    size = audited.pages_of()[0]["size"]
    places = [299, 3, 270, 4]
    assert [one.index for one in at_places(audited.files, size, places)] == places


def test_whoever_is_no_auditor_is_told_nothing(audited):
    assert audited.ask(Browser(audited.pages)).status == 401
    person = Browser(audited.pages)
    assert person.sign_up().status == 201
    refused = audited.ask(person)
    assert (refused.status, refused.problem) == (403, "not-allowed")
    operator = Browser(audited.pages)
    assert operator.enrol(Role.OPERATOR).status == 201
    assert audited.ask(operator).status == 403


@pytest.mark.parametrize(
    "query",
    [{"from_": "yesterday"}, {"to": "2026-11-20T9Z"}, {"start": "-1"}, {"limit": "1001"},
     {"start": "\u0663"}, {"partner": "x" * 201}],
    ids=str,
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused_by_the_name_of_its_field(audited, query):
    reply = audited.ask(**query)
    (field,) = query
    assert (reply.status, reply.problem) == (400, "bad-input")
    assert reply.json()["detail"].startswith(f"{field.rstrip('_')}: ")


def test_reading_is_in_the_log_once_for_a_session_an_hour_and_a_kind_of_question(tmp_path):
    audited = AuditedHub(tmp_path / "own", 3)
    for _ in range(3):
        audited.ask(partner="cars")
        audited.ask(partner="cinema")
        audited.ask(start=5)
    audited.log.sequence()
    found = [one["payload"] for one in audited.entries(class_=ACCESSED)]
    account = audited.auditor.state()["account_id"]
    assert [one["staff"] for one in found] == [staff_name(account)] * 2
    assert all(len(one["staff"]) == 16 and one["staff"] not in account for one in found)
    # The one above is a third kind of question, and it is written down as well.
    audited.log.sequence()
    assert len(audited.entries(class_=ACCESSED)) == 3


class Watched:
    """The tables of the function that serves auditors; may refuse to write."""

    def __init__(self, tables, refusing=False):
        self.tables, self.refusing, self.fetched = tables, refusing, []

    def fetch_many(self, *keys):
        self.fetched += keys
        return self.tables.fetch_many(*keys)

    def commit(self, *changes):
        if self.refusing:
            raise Busy("not now")
        self.tables.commit(*changes)


def served_with(audited, tables):
    """The auditor's own question, answered by the function over these tables."""
    settings = audited.log.audit_settings
    clock, entropy = SystemClock(), SystemEntropy()
    front = AuditFront(
        issuer=settings.issuer,
        renderer=Renderer(),
        log=PublishedLog(tables, blobs_for(settings, settings.tiles_bucket)),
        files=audited.files,
        tables=tables,
        clock=clock,
        entropy=entropy,
    )
    desk = Desk(tables=tables, clock=clock, entropy=entropy, issuer=settings.issuer)
    handler = handler_for("audit", front, HANDLERS, session_checks(desk, slide=False))
    return Reply(handler(audited.auditor.event("GET", "/auditor/entries"), None))


def test_nothing_that_was_read_leaves_when_the_reading_cannot_be_written_down(audited):
    tables = Watched(tables_for(audited.log.audit_settings), refusing=True)
    reply = served_with(audited, tables)
    assert (reply.status, reply.problem) == (503, "busy")
    assert "leaf" not in reply.body


def test_no_event_is_read_to_serve_auditors_because_events_name_people(audited):
    tables = Watched(tables_for(audited.log.audit_settings))
    assert len(served_with(audited, tables).json()["entries"]) >= COUNT
    assert {key.table for key in tables.fetched} == {"log", "sessions"}


def test_search_words_read_as_they_were_written():
    asked = {"from": "2026-11-20T00Z", "to": "2026-11-20T23Z", "class": "x", "partner": "p"}
    assert (
        Search.read({"from": "2026-11-20", "to": "2026-11-20", "class": "x", "partner": "p"}).asked
        == asked
    )
    assert Search.read(asked).asked == asked
    with pytest.raises(BadInput, match=r"^class: "):
        Search.read({"class": "x" * 201})
