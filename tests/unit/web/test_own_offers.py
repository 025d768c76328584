"""One's own offers: each says why it is shown and what accepting tells, and goes when told to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.errors import BadInput, NotFound
from mydata_hub.fields import Wording
from mydata_hub.offers.catalogue.offer import OfferImage
from mydata_hub.offers.matching.inbox import look_at
from mydata_hub.web import own_offers, today
from mydata_hub.web.dispatch import answer
from mydata_hub.web.request import Request

from tests.unit.insights import lives
from tests.unit.insights.lives import DAY, NOW
from tests.unit.offers.offering import Shelf, an_offer
from tests.unit.web.test_life import LifeFront
from tests.unit.web.test_today import ISSUER, session

HANDLERS = {**today.HANDLERS, **own_offers.HANDLERS}
OPEN = {"valid_from": NOW - DAY, "valid_until": NOW + 30 * DAY}
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(20) + b"IEND\xaeB`\x82"
IMAGE = OfferImage(content=PICTURE, alt=Wording(ko="커피잔", en="A cup"))
MORNING = an_offer(
    "morning",
    client="client-2",
    worth=9000,
    title=Wording(ko="아침 커피", en="Morning coffee"),
    eligibility='context["habits.cafe_morning@1"] == "yes"',
    claims_on_acceptance=("commute.by_subway@1",),
    **OPEN,
)
EVERYBODY = an_offer("all", image=IMAGE, category="mobility", **OPEN)


class OffersFront(LifeFront):
    """The page over a snapshot that nobody signed."""

    lived_so_far = None

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.shelf = Shelf(MORNING, EVERYBODY)
        self.asked_for_names = 0
        self.front = replace(self.front, look_of=self.look_of, partner_names=self.partner_names)

    def profile_of(self, vault_id):
        return self.lived_so_far or super().profile_of(vault_id)

    def partner_names(self, client_ids):
        self.asked_for_names += 1
        return {one: one.upper() for one in client_ids}

    def look_of(self, profile, now):
        return None if self.shelf is None else look_at(profile, self.shelf, now)

    def ask(self, route, body=None, lang="en", **parameters):
        headers = {"accept": "text/html", "accept-language": lang, "origin": ISSUER}
        headers |= {"content-type": "application/json", "x-csrf-token": "csrf"}
        event = {"routeKey": route, "rawPath": route.partition(" ")[2], "headers": headers}
        event["pathParameters"] = parameters
        if body is not None:
            event["body"] = json.dumps(body)
        return answer(self.front, HANDLERS, Request(event, session()))

    def shown(self):
        return [one["offer_id"] for one in json.loads(self.ask("GET /offers/state").body)["offers"]]

    def say(self, scope, name, word):
        # Of two words of one second neither is the later one.
        self.front.letterbox.clock.advance(timedelta(seconds=1))
        return self.ask("POST /offers/words", {"scope": scope, "name": name, "word": word})


@pytest.fixture
def front(tmp_path):
    return OffersFront(tmp_path)


@pytest.fixture
def regular(front):
    """Somebody who has coffee every morning."""
    front.lived(*lives.cafe_visits(lives.weekdays_before(70)))
    front.lived_so_far = front.profile
    return front


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_offer_says_whose_it_is_why_it_is_shown_and_what_accepting_tells(regular, lang):
    body = regular.ask("GET /offers", lang=lang).body
    first = body[body.index("offer-client-2.morning") :]
    assert "CLIENT-2" in body
    for expected in {
        "ko": ("아침 커피", "평일 오전에 자주 카페에 가서", "예"),
        "en": ("Morning coffee", "because you usually visit a café on weekday mornings", "Yes"),
    }[lang]:
        assert expected in first
    (told, everybody) = json.loads(regular.ask("GET /offers/state").body)["offers"]
    assert told["because"][0]["answer"] == "yes"
    assert told["discloses"] == ["habits.cafe_morning@1", "commute.by_subway@1"]
    assert (everybody["because"], everybody["discloses"]) == ([], [])


@pytest.mark.parametrize("route", ["GET /offers", "GET /offers/state"])
def test_the_names_of_all_partners_on_a_page_are_asked_for_together(regular, route):
    regular.ask(route)
    assert regular.asked_for_names == 1


def test_somebody_without_records_is_shown_what_is_for_everybody_alone(front):
    assert front.shown() == ["client-1.all"]
    front.shelf = None
    assert front.shown() == []
    assert "Nothing for you today" in front.ask("GET /offers").body


def test_what_is_said_holds_from_the_answer_on_and_is_nobody_elses_business(front):
    for word, left in (("not_interested", []), ("interested", ["client-1.all"]), ("not_now", [])):
        reply = front.say("offer", "client-1.all", word)
        assert (reply.status, json.loads(reply.body)) == (201, {"in_effect": True})
        assert front.shown() == left
        away = json.loads(front.ask("GET /offers/state").body)["put_away"]
        assert away == ([] if left else ["client-1.all"])
        assert ("Bring it back" in front.ask("GET /offers").body) is (not left)


def test_a_kind_that_is_not_wanted_is_named_on_the_page_until_it_is_wanted_again(front):
    front.say("category", "mobility", "not_interested")
    state = json.loads(front.ask("GET /offers/state").body)
    assert (state["offers"], state["not_interested"]) == ([], ["mobility"])
    assert "Getting around" in front.ask("GET /offers").body
    front.say("category", "mobility", "interested")
    assert front.shown() == ["client-1.all"]


def test_nothing_is_shown_while_what_was_said_is_still_being_taken_in(front):
    front.folds = False
    reply = front.say("offer", "client-1.all", "not_interested")
    assert json.loads(reply.body) == {"in_effect": False}
    state = json.loads(front.ask("GET /offers/state").body)
    assert (state["held"], state["offers"]) == (True, [])
    assert "being taken in" in front.ask("GET /offers").body
    assert json.loads(front.ask("GET /today/state").body)["offers"] == []


@pytest.mark.parametrize(
    ("scope", "name", "word"),
    [
        ("offer", "two words", "not_interested"),
        ("category", "Café", "not_interested"),
        ("category", "cafe", "not_now"),
        ("offer", "client-1.all", "never"),
        ("person", "client-1.all", "not_interested"),
        ("offer", "n" * 129, "not_interested"),
    ],
)
def test_what_cannot_be_said_is_refused(front, scope, name, word):
    with pytest.raises(BadInput):
        front.say(scope, name, word)
    assert front.shown() == ["client-1.all"]


def test_a_picture_comes_out_of_the_vault_and_only_with_an_offer_that_is_shown(front):
    reply = front.ask("GET /offers/{offer_id}/image", offer_id="client-1.all")
    assert (reply.status, reply.body, reply.content_type) == (200, PICTURE, "image/png")
    assert "private" in reply.caching
    with pytest.raises(NotFound):
        front.ask("GET /offers/{offer_id}/image", offer_id="client-2.morning")


def test_today_shows_the_best_few_with_the_way_to_all(regular):
    body = regular.ask("GET /today").body
    assert "Morning coffee" in body
    assert 'href="/offers"' in body
    assert json.loads(regular.ask("GET /today/state").body)["offers"] == [
        "client-2.morning",
        "client-1.all",
    ]
