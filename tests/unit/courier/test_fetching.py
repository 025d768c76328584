"""Keys by address: fetched by the courier alone, bounded, kept through failures, asked for anew."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from mydata_hub.courier.calling import MAX_KEYS_BYTES, Caller
from mydata_hub.courier.fetching import EVERY, fetch_client_keys
from mydata_hub.oauth.clients import change_client
from mydata_hub.oauth.fetched_keys import TOPIC, fetched_keys
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.ports.messages import due_messages

from tests.unit.courier.receiver import Post, receiving
from tests.unit.oauth.hub import KEYS, Hub, Partner

LAPTOP = Caller(loopback_allowed=True, deadline_s=0.5)


class Published(Post):
    """What a partner's server says to a GET."""

    def do_GET(self):  # noqa: N802 (http.server looks for this name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer(self)


@pytest.fixture
def hub(tmp_path):
    return Hub(tmp_path)


@pytest.fixture
def published():
    """Serves what `jwks` holds; the test may change the answers."""
    with receiving(kind=Published) as (url, server):
        yield url, server


def gives(*keys):
    text = json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()
    return lambda post: post.give(200, text, Content_Type="application/jwk-set+json")


def register(hub, url, key):
    hub.partner("bicycles", jwks="", jwks_uri=url)
    return Partner(hub, "bicycles", key, "ES256")


def due(hub, within=timedelta()):
    found = due_messages(hub.tables, hub.now + within)
    return [message for message in found if message.topic == TOPIC]


def work(hub, caller=LAPTOP):
    return [
        fetch_client_keys(hub.tables, caller, SystemEntropy(), message, hub.now)
        for message in due(hub)
    ]


def test_a_client_with_an_address_authenticates_once_its_keys_were_fetched(hub, published):
    url, server = published
    key = KEYS["ES256"]()
    server.answers[:] = [gives(key)]
    partner = register(hub, url, key)
    early = partner.push()
    assert (early.status, early.body["error"]) == (401, "invalid_client")
    assert "has not been read yet" in early.body["error_description"]
    assert all(work(hub))
    assert partner.push().status == 201
    (again,) = due(hub, EVERY)
    assert again.due_at == hub.now + EVERY


def test_a_new_key_is_asked_for_when_a_signature_names_it_and_at_most_once_a_minute(hub, published):
    url, server = published
    old, new = KEYS["ES256"](), KEYS["ES256"]()
    server.answers[:] = [gives(old)]
    partner = register(hub, url, old)
    work(hub)
    server.answers[:] = [gives(new)]
    partner.key = new
    for _ in range(5):
        assert partner.push().status == 401
    assert len(due(hub)) == 1
    work(hub)
    assert partner.push().status == 201
    # What was asked for once asks no further; the daily turn stands.
    assert len(due(hub, EVERY)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda post: post.give(500),
        lambda post: post.give(302, Location="http://127.0.0.1:1/"),
        lambda post: post.give(200, b"no JSON"),
        lambda post: post.give(200, b'{"keys": []}'),
        lambda post: post.give(200, json.dumps({"keys": [{"kty": "oct", "k": "AA"}]}).encode()),
        lambda post: post.give(200, b'{"keys": [' + b" " * MAX_KEYS_BYTES + b"]}"),
        lambda post: post.give(200, b"{}", Content_Length="99999999"),
        lambda post: post.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"),
        lambda post: post.wfile.write(b"\xff\xfe"),
    ],
)
def test_an_answer_that_is_no_key_set_leaves_the_keys_as_they_were(hub, published, answer):
    url, server = published
    key = KEYS["ES256"]()
    server.answers[:] = [gives(key)]
    partner = register(hub, url, key)
    work(hub)
    hub.clock.advance(EVERY)
    server.answers[:] = [answer]
    assert all(work(hub))
    assert partner.push().status == 201
    # It is tried again, and later each time.
    pauses = []
    for _ in range(3):
        (message,) = due(hub, EVERY)
        pauses.append(message.due_at - hub.now)
        hub.clock.at = message.due_at
        work(hub)
    assert timedelta() < pauses[0] < pauses[2] < EVERY


@pytest.mark.parametrize("address", ["10.0.0.8", "169.254.169.254", "127.0.0.1", "::1"])
def test_a_name_that_leads_inside_is_not_called_in_the_cloud(hub, address):
    caller = Caller(resolve=lambda host, port: [address])
    partner = register(hub, "https://partner.example/jwks", KEYS["ES256"]())
    assert all(work(hub, caller))
    assert fetched_keys(hub.tables, "bicycles") is None
    assert partner.push().status == 401


def test_keys_that_are_given_directly_end_the_asking(hub, published):
    url, server = published
    key = KEYS["ES256"]()
    server.answers[:] = [gives(key)]
    partner = register(hub, url, key)
    work(hub)
    jwks = json.dumps({"keys": [key.as_dict(private=False)]})
    change_client(hub.desk, "bicycles", jwks=jwks, jwks_uri=None)
    hub.clock.advance(EVERY)
    assert all(work(hub))
    assert due(hub, 2 * EVERY) == []
    assert partner.push().status == 201


def test_what_the_courier_fetched_lies_where_no_registration_is(hub, published):
    url, server = published
    server.answers[:] = [gives(KEYS["ES256"]())]
    register(hub, url, KEYS["ES256"]())
    hub.tables.commits.clear()
    work(hub)
    written = {change.key.table for changes in hub.tables.commits for change in changes}
    assert written == {"deliveries", "outbox"}
