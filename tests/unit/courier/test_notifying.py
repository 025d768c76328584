"""From news in the outbox to a push that wakes a browser, by real HTTP and a clock that stands."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jwskate
import pytest
from mydata_hub.accounts.news import news_for
from mydata_hub.accounts.push_services import PushServices
from mydata_hub.accounts.subscriptions import QuietHours, keep_quiet, read_reach, subscribe
from mydata_hub.base64url import decode_base64url, encode_base64url
from mydata_hub.courier.calling import Caller
from mydata_hub.courier.notifying import MAX_TRIES, Notifier, Pushed
from mydata_hub.courier.telling import LONGEST_PAUSE, Round
from mydata_hub.courier.vapid import LIFE, Vapid, application_server_key
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import Damaged
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.ports.messages import Message, due_messages, send

from tests.unit.accounts.conftest import World, memory_folder
from tests.unit.courier.receiver import receiving

DAY = timedelta(days=1)
ALWAYS = QuietHours(from_hour=0, until_hour=0)
ME = "jiu"


class Signing:
    """A signer that counts what is paid for."""

    algorithm = "ES256"

    def __init__(self, signer):
        self._signer, self.signed = signer, 0

    def public_key(self):
        return self._signer.public_key()

    def sign(self, message):
        self.signed += 1
        return self._signer.sign(message)


class Notifying(World):
    """A hub with a notifier, and a person who is told whenever there is something."""

    def __init__(self, folder):
        super().__init__(folder)
        self.signer = Signing(LocalSigner(folder, "push", "ES256"))
        self.services = PushServices.read("push.example", loopback_allowed=True)
        self.notifier = Notifier(
            tables=self.tables,
            entropy=SystemEntropy(),
            caller=Caller(loopback_allowed=True, deadline_s=0.3),
            vapid=Vapid(SigningKeys(self.signer), "https://hub.example"),
            services=self.services,
        )
        keep_quiet(self.desk, ME, ALWAYS)

    def add(self, url, path="one"):
        """A browser whose push resource is at this service."""
        return subscribe(self.desk, ME, f"{url}/{path}", self.services).subscription_id

    def tell(self):
        """There is news, and it is due."""
        message = news_for(ME, self.clock.now())
        self.tables.commit(send(message))
        self.clock.advance(message.due_at - self.clock.now())

    def waiting(self, within=timedelta()):
        return list(due_messages(self.tables, self.clock.now() + within))

    def work(self, this_round=None):
        this_round = this_round or Round()
        now = self.clock.now()
        return [self.notifier.notify(one, now, this_round) for one in self.waiting()]

    def reach(self):
        return read_reach(self.tables, ME)


@pytest.fixture
def world():
    with memory_folder() as folder:
        world = Notifying(Path(folder))
        yield world
        world.tables.tables.close()


def gives(status):
    return lambda post: post.give(status)


def test_a_push_has_no_content_and_says_who_sends_it_as_rfc_8292_says(world):
    with receiving(gives(201)) as (url, seen):
        world.add(url)
        world.tell()
        assert world.work() == [Pushed(taken=1)]
    assert seen.tokens == [""]
    (headers,) = seen.headers_seen
    assert headers["content-length"] == "0"
    assert (headers["ttl"], headers["urgency"], headers["topic"]) == ("86400", "normal", "news")
    assert "content-encoding" not in headers
    scheme, _, parameters = headers["authorization"].partition(" ")
    given = dict(one.split("=", 1) for one in parameters.split(", "))
    assert (scheme, set(given)) == ("vapid", {"t", "k"})
    # Verified by a JOSE library that the hub does not use, from the header alone.
    point = decode_base64url(given["k"])
    assert (len(point), point[0]) == (65, 4)
    x, y = encode_base64url(point[1:33]), encode_base64url(point[33:])
    key = jwskate.Jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    token = jwskate.SignedJwt(given["t"])
    assert token.verify_signature(key, alg="ES256")
    assert token.claims == {
        "aud": url.removesuffix("/events"),
        "exp": int((world.clock.now() + LIFE).timestamp()),
        "sub": "https://hub.example",
    }
    assert given["k"] == application_server_key(world.notifier.vapid.keys)


def test_nothing_of_the_person_or_of_what_is_new_is_in_a_push(world):
    with receiving(gives(201)) as (url, seen):
        world.add(url)
        world.tell()
        world.work()
    (headers,) = seen.headers_seen
    assert ME not in str(headers) + "".join(seen.tokens)


def test_every_browser_is_told_once_and_the_person_once_a_day(world):
    with receiving(gives(201)) as (url, seen):
        world.add(url, "one")
        world.add(url, "two")
        world.tell()
        world.tell()
        assert world.work() == [Pushed(taken=2), Pushed()]
        world.tell()
        assert world.work() == [Pushed()]
        world.clock.advance(DAY)
        world.tell()
        assert world.work() == [Pushed(taken=2)]
        assert world.waiting(DAY) == []
    assert len(seen.tokens) == 4


def test_news_of_the_quiet_hours_is_told_when_they_are_over(world):
    keep_quiet(world.desk, ME, QuietHours(from_hour=18, until_hour=8))  # it is 18:00 in Seoul
    with receiving(gives(201)) as (url, seen):
        world.add(url)
        world.tell()
        assert world.work() == [Pushed()]
        assert seen.tokens == []
        (later,) = world.waiting(DAY)
        over_at = world.reach().quiet_hours.over_at(world.clock.now())
        assert later.due_at == over_at
        world.clock.advance(over_at - world.clock.now())
        assert world.work() == [Pushed(taken=1)]
    assert world.waiting(DAY) == []


def test_what_came_at_night_is_told_in_the_morning_though_the_day_before_had_its_word(world):
    with receiving(gives(201)) as (url, seen):
        world.add(url)
        world.tell()
        world.work()
        keep_quiet(world.desk, ME, QuietHours(from_hour=18, until_hour=8))
        world.tell()
        world.work()
        (later,) = world.waiting(DAY)
        world.clock.advance(later.due_at - world.clock.now())
        assert world.work() == [Pushed(taken=1)]
    assert len(seen.tokens) == 2


def test_somebody_without_a_browser_is_told_nothing_and_nothing_waits(world):
    world.tell()
    assert world.work() == [Pushed()]
    assert world.waiting(DAY) == []
    assert world.reach().told_on is None


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(world, status):
    with receiving(gives(status)) as (url, _):
        world.add(url)
        world.tell()
        assert world.work() == [Pushed()]
    assert world.reach().subscriptions == ()
    assert world.waiting(DAY) == []


@pytest.mark.parametrize("status", [400, 401, 403, 413, 301])
def test_a_push_that_the_service_will_not_have_is_not_tried_again(world, status):
    with receiving(gives(status)) as (url, seen):
        world.add(url)
        world.tell()
        assert world.work() == [Pushed(refused=1)]
        assert world.waiting(DAY) == []
    assert len(seen.tokens) == 1
    assert len(world.reach().subscriptions) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_only_browsers_that_could_not_be_reached_are_tried_again(world, status):
    with (
        receiving(gives(201)) as (well, heard),
        receiving(gives(status), gives(201)) as (ill, seen),
    ):
        world.add(well)
        world.add(ill)
        world.tell()
        assert world.work() == [Pushed(taken=1)]
        (again,) = world.waiting(LONGEST_PAUSE)
        world.clock.advance(again.due_at - world.clock.now())
        assert world.work() == [Pushed(taken=1)]
        assert world.waiting(DAY) == []
    assert (len(heard.tokens), len(seen.tokens)) == (1, 2)


def test_trying_ends_and_the_pauses_grow(world):
    with receiving(gives(503)) as (url, seen):
        world.add(url)
        world.tell()
        pauses = []
        while waiting := world.waiting(DAY):
            pauses.append(waiting[0].due_at - world.clock.now())
            world.clock.advance(max(pauses[-1], timedelta()))
            world.work()
    assert len(seen.tokens) == MAX_TRIES
    assert sum(pauses, timedelta()) < timedelta(hours=3)
    assert pauses[-1] > pauses[1]


def test_a_service_that_hangs_is_called_once_in_a_round(world):
    with receiving(lambda _post: time.sleep(0.5)) as (url, seen):
        for path in ("one", "two", "three"):
            world.add(url, path)
        world.tell()
        assert world.work() == [Pushed()]
        assert len(seen.tokens) == 1
    (again,) = world.waiting(LONGEST_PAUSE)
    assert len(again.body["left"]) == 3


def test_when_a_round_is_over_news_waits_for_the_next(world):
    with receiving(gives(201)) as (url, seen):
        world.add(url)
        world.tell()
        assert world.work(Round(ends_at=0.0)) == [Pushed()]
        assert seen.tokens == []
        assert world.work() == [Pushed(taken=1)]


def test_a_service_that_the_operator_named_no_more_is_not_called(world):
    with receiving(gives(201)) as (url, seen):
        world.add(url)
        world.tell()
        world.notifier = replace(world.notifier, services=PushServices.read("push.example"))
        assert world.work() == [Pushed()]
    assert seen.tokens == []
    assert world.reach().subscriptions == ()


def test_of_two_that_push_at_once_one_settles_and_nothing_is_left(world):
    with receiving(gives(201)) as (url, seen):
        world.add(url)
        world.tell()
        (message,) = world.waiting()
        world.tables.before.append(
            lambda: world.notifier.notify(message, world.clock.now(), Round())
        )
        world.notifier.notify(message, world.clock.now(), Round())
    assert world.waiting(DAY) == []
    assert len(seen.tokens) == 2  # the push service keeps one of them, by its topic
    assert world.reach().told_on == "2026-11-24"


def test_a_browser_that_is_added_meanwhile_is_not_lost(world):
    with receiving(gives(410)) as (url, _):
        world.add(url)
        world.tell()
        world.tables.before.append(lambda: world.add(url, "new"))
        world.work()
        assert [one.endpoint for one in world.reach().subscriptions] == [f"{url}/new"]


def test_a_token_serves_every_browser_of_a_service_for_an_hour(world):
    with receiving(gives(201)) as (url, seen):
        for path in ("one", "two"):
            world.add(url, path)
        world.tell()
        world.work()
        assert world.signer.signed == 1
        world.clock.advance(DAY)
        world.tell()
        world.work()
        assert world.signer.signed == 2
    tokens = {one["authorization"] for one in seen.headers_seen}
    assert len(tokens) == 2


def test_what_a_word_costs_is_one_read_and_one_commit(world):
    with receiving(gives(201)) as (url, _):
        world.add(url)
        world.tell()
        (message,) = world.waiting()
        world.tables.paid()
        world.notifier.notify(message, world.clock.now(), Round())
    assert world.tables.paid() == {"commit": 1, "query": 1}
    assert world.signer.signed == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"account_id": 1}, {"account_id": ME, "left": "abc"}, {"account_id": ME, "tries": "x"}],
)
def test_a_message_that_does_not_say_whom_is_damage(world, body):
    message = Message(message_id="m", topic="person_news", body=body, due_at=world.clock.now())
    with pytest.raises(Damaged):
        world.notifier.notify(message, world.clock.now(), Round())
