"""From the end of a grant to the partner's acknowledgement, by a clock that stands."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import jwskate
import pytest
from mydata_hub.consent.deliveries import (
    TOPIC,
    DeliveryState,
    delivery_key,
    fetch_deliveries,
    put_delivery,
)
from mydata_hub.consent.endings import ERASURE_JITTER, erase_grants, withdraw_grant
from mydata_hub.courier.calling import Caller
from mydata_hub.courier.telling import (
    GIVEN_UP_AFTER,
    LONGEST_PAUSE,
    TRY_TAKES_AT_MOST,
    Courier,
    Round,
    pause_after,
)
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import Damaged
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import (
    Client,
    register_client,
    set_event_endpoint,
    suspend_client,
)
from mydata_hub.oauth.security_events import GRANT_ENDED
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.ports.messages import Message, due_messages, send

from tests.unit.consent.world import ORIGIN, World
from tests.unit.courier.receiver import acknowledge, opened, receiving
from tests.unit.oauth.hub import KEYS, jwks_text

WITHIN_A_DAY = GIVEN_UP_AFTER + ERASURE_JITTER + timedelta(hours=1)


class TellingWorld(World):
    """A hub with a courier, and its partner `bicycles`."""

    def __init__(self, folder):
        super().__init__(folder)
        self.keys = SigningKeys(LocalSigner(folder, "events", "ES256"))
        self.courier = Courier(
            tables=self.tables,
            entropy=SystemEntropy(),
            keys=self.keys,
            caller=Caller(loopback_allowed=True, deadline_s=0.3),
            issuer=ORIGIN,
        )
        self.register("bicycles")

    def register(self, client_id, endpoint=None):
        client = Client(
            client_id=client_id,
            name="자전거",
            jwks=jwks_text({"keys": [KEYS["ES256"]().as_dict(private=False)]}),
            redirect_uris=("https://bicycles.example/back",),
            group=client_id,
            purposes=("deposit_waiver",),
            event_endpoint=endpoint,
        )
        register_client(self.desk, client)

    def withdrawn(self, client_id="bicycles"):
        """A grant that was given and has just been withdrawn."""
        passkey, session = self.join()
        grant = self.give(passkey, session, self.proposal(counterparty=client_id))
        return withdraw_grant(self.desk, session, grant.grant_id)

    def waiting(self, within=timedelta()):
        due = due_messages(self.tables, self.now + within)
        return [message for message in due if message.topic == TOPIC]

    def work(self, this_round=None):
        """One sweep: what became of each message that is due."""
        this_round = this_round or Round()
        return [
            self.courier.tell_partner(message, self.now, this_round) for message in self.waiting()
        ]

    def work_until_settled(self):
        """Sweeps, each when the next message is due; the pauses in between."""
        pauses = []
        while waiting := self.waiting(WITHIN_A_DAY):
            pauses.append(waiting[0].due_at - self.now)
            self.clock.at = max(self.now, waiting[0].due_at)
            self.work()
        return pauses

    def news(self, grant):
        return fetch_deliveries(self.tables, [grant.grant_id])[grant.grant_id]


@pytest.fixture
def world(tmp_path):
    return TellingWorld(tmp_path)


def test_the_partner_is_told_and_its_acknowledgement_is_kept(world):
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        grant = world.withdrawn()
        assert world.work() == [True]
    (token,) = seen.tokens
    claims = opened(token, world.keys.jwks(), ORIGIN, "bicycles")
    news = world.news(grant)
    assert claims["jti"] == news.event_id
    assert claims["iat"] == int(world.now.timestamp())
    assert claims["sub_id"] == {"format": "opaque", "id": grant.grant_id}
    assert claims["events"] == {GRANT_ENDED: {"grant_id": grant.grant_id, "initiated_by": "person"}}
    assert (news.state, news.tries, news.acknowledged_at) == ("acknowledged", 1, world.now)
    assert world.waiting(WITHIN_A_DAY) == []


def test_the_event_names_the_person_as_the_partner_does_and_nothing_else_of_them(world):
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        grant = world.withdrawn()
        named = replace(world.news(grant), subject="pairwise-1")
        world.tables.commit(put_delivery(named))
        world.work()
    claims = opened(seen.tokens[0], world.keys.jwks(), ORIGIN, "bicycles")
    assert claims["sub_id"] == {"format": "iss_sub", "iss": ORIGIN, "sub": "pairwise-1"}
    assert grant.subject not in repr(claims)


def test_a_partner_that_comes_back_is_told_the_same_event_again(world):
    with receiving(
        lambda post: post.give(503),
        lambda post: post.give(400, b'{"err": "invalid_key"}'),
        lambda post: post.connection.close(),
        acknowledge,
    ) as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        grant = world.withdrawn()
        troubles = []
        while waiting := world.waiting(WITHIN_A_DAY):
            world.clock.at = waiting[0].due_at
            world.work()
            troubles.append((world.news(grant).state, world.news(grant).trouble))
    assert troubles == [
        ("not_confirmed", "unavailable"),
        ("not_confirmed", "invalid_key"),
        ("not_confirmed", "unreachable"),
        ("acknowledged", None),
    ]
    claims = [opened(token, world.keys.jwks(), ORIGIN, "bicycles") for token in seen.tokens]
    assert len(claims) == 4
    assert all(one == claims[0] for one in claims)


def test_a_partner_that_never_answers_is_given_up_after_a_day_and_not_before(world):
    with receiving(lambda post: post.give(500)) as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        begun = world.now
        grant = world.withdrawn()
        pauses = world.work_until_settled()
    news = world.news(grant)
    assert (news.state, news.trouble) == ("given_up", "unavailable")
    assert world.now - begun == GIVEN_UP_AFTER
    assert news.tries == len(seen.tokens) == len(pauses)
    assert 14 <= news.tries <= 34
    # Backoff: the first pauses are short, and none is longer than the longest.
    assert pauses[1] <= timedelta(seconds=30)
    assert max(pauses) <= LONGEST_PAUSE


def test_pauses_double_and_are_jittered():
    for tries, longest_s in ((1, 30), (2, 60), (5, 480), (9, 7200), (10_000, 7200)):
        pauses = [pause_after(tries, SystemEntropy()).total_seconds() for _ in range(50)]
        assert longest_s / 2 <= min(pauses) < max(pauses) <= longest_s
        assert len(set(pauses)) == 50


def test_a_partner_without_an_address_is_not_told_and_nothing_waits(world):
    grant = world.withdrawn()
    assert world.work() == [True]
    assert world.news(grant).state == "no_address"
    assert world.waiting(WITHIN_A_DAY) == []


def test_a_partner_that_is_unknown_by_now_cannot_be_told(world):
    grant = world.withdrawn("gone")
    assert world.work() == [True]
    assert world.news(grant).state == "no_address"


def test_a_suspended_partner_is_told_nevertheless(world):
    with receiving() as (url, _):
        set_event_endpoint(world.desk, "bicycles", url)
        suspend_client(world.desk, "bicycles")
        grant = world.withdrawn()
        world.work()
    assert world.news(grant).state == "acknowledged"


def test_of_many_at_once_one_calls(world):
    started = threading.Barrier(8)
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        grant = world.withdrawn()
        (message,) = world.waiting()

        def deliver():
            started.wait()
            world.courier.tell_partner(message, world.now, Round())

        threads = [threading.Thread(target=deliver) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seen.tokens) == 1
    assert world.news(grant).state == "acknowledged"
    assert world.waiting(WITHIN_A_DAY) == []


def test_a_try_that_was_cut_off_is_made_again_when_it_must_be_over(world):
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        grant = world.withdrawn()
        news = world.news(grant)
        cut_off = replace(news, state=DeliveryState.SENT, tries=1, tried_at=world.now)
        world.tables.commit(put_delivery(cut_off))
        assert world.work() == [False]
        assert seen.tokens == []
        world.clock.advance(TRY_TAKES_AT_MOST)
        assert world.work() == [True]
    assert len(seen.tokens) == 1
    assert (world.news(grant).state, world.news(grant).tries) == ("acknowledged", 2)


def test_what_the_courier_wrote_last_is_not_over_what_the_partner_said_meanwhile(world):
    grant = None

    def attest_first(post):
        # The partner deletes and says so before it acknowledges.
        news = world.news(grant)
        world.tables.tables.commit(
            put_delivery(
                replace(news, state=DeliveryState.DELETION_ATTESTED, attested_at=world.now)
            )
        )
        post.give(202)

    with receiving(attest_first) as (url, _):
        set_event_endpoint(world.desk, "bicycles", url)
        grant = world.withdrawn()
        assert world.work() == [True]
    news = world.news(grant)
    assert (news.state, news.acknowledged_at) == ("deletion_attested", world.now)
    assert world.waiting(WITHIN_A_DAY) == []


def test_a_partner_that_attested_is_not_told_again(world):
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        grant = world.withdrawn()
        attested = replace(world.news(grant), state=DeliveryState.DELETION_ATTESTED)
        world.tables.commit(put_delivery(attested))
        assert world.work() == [True]
    assert seen.tokens == []


def test_one_partner_that_hangs_is_called_once_and_holds_up_no_other(world):
    ended = threading.Event()
    with (
        receiving(lambda post: ended.wait(5)) as (hanging, hung),
        receiving() as (url, seen),
    ):
        set_event_endpoint(world.desk, "bicycles", hanging)
        world.register("insurer", url)
        for _ in range(4):
            world.withdrawn("bicycles")
            world.withdrawn("insurer")
        assert world.work() == [True] * 8
        ended.set()
    assert len(hung.tokens) == 1
    assert len(seen.tokens) == 4
    waiting = [message.body["grant_id"] for message in world.waiting(WITHIN_A_DAY)]
    news = fetch_deliveries(world.tables, waiting).values()
    assert [(one.client_id, one.state, one.trouble) for one in news] == [
        ("bicycles", "not_confirmed", "too_slow")
    ] * 4


def test_a_partner_that_refuses_one_event_is_told_of_the_others(world):
    with receiving(lambda post: post.give(400, b"{}"), acknowledge) as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        grants = [world.withdrawn() for _ in range(3)]
        world.work()
    assert len(seen.tokens) == 3
    states = sorted(world.news(grant).state for grant in grants)
    assert states == ["acknowledged", "acknowledged", "not_confirmed"]


def test_a_hub_that_slept_for_days_still_tries_for_a_day(world):
    with receiving(lambda post: post.give(500)) as (url, _):
        set_event_endpoint(world.desk, "bicycles", url)
        grant = world.withdrawn()
        world.clock.advance(timedelta(days=3))
        woken = world.now
        world.work_until_settled()
    assert world.news(grant).state == "given_up"
    assert world.now - woken == GIVEN_UP_AFTER


def test_a_round_that_is_over_leaves_the_rest_to_the_next(world):
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        world.withdrawn()
        assert world.work(Round(ends_at=0)) == [False]
        assert seen.tokens == []
        assert world.work() == [True]


def test_after_an_erasure_each_partner_gets_an_event_that_says_nothing_of_when_or_why(world):
    passkey, session = world.join()
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        world.register("insurer", url)
        grants = [
            world.give(passkey, session, world.proposal(counterparty=name))
            for name in ("bicycles", "insurer")
        ]
        erase_grants(world.desk, session.account_id)
        assert world.work() == []
        world.work_until_settled()
    events = {}
    for token in seen.tokens:
        (name,) = jwskate.SignedJwt(token).audiences
        events[name] = opened(token, world.keys.jwks(), ORIGIN, name)
    for grant in grants:
        news, claims = world.news(grant), events[grant.counterparty]
        assert claims["iat"] == int(news.due_at.timestamp())
        assert claims["events"][GRANT_ENDED]["initiated_by"] == "person"
        assert claims.keys() == {"iss", "aud", "jti", "iat", "sub_id", "events"}
    assert events["bicycles"]["iat"] != events["insurer"]["iat"]
    assert events["bicycles"]["jti"] != events["insurer"]["jti"]


@pytest.mark.parametrize("body", [{}, {"grant_id": ""}, {"grant_id": 7}])
def test_a_message_that_names_no_grant_is_damage(world, body):
    message = Message(message_id="m", topic=TOPIC, body=body, due_at=world.now)
    world.tables.commit(send(message))
    with pytest.raises(Damaged):
        world.courier.tell_partner(message, world.now, Round())


def test_a_delivery_of_an_erased_person_is_forgotten(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    erase_grants(world.desk, session.account_id)
    row = world.tables.fetch_many(delivery_key(grant.grant_id))
    assert len(row) == 1
    world.clock.advance(timedelta(days=37))
    assert world.tables.fetch_many(delivery_key(grant.grant_id)) == {}
    # Should the hub have slept that long, there is nothing left to tell.
    assert world.work() == [True]
    assert world.waiting(WITHIN_A_DAY) == []
