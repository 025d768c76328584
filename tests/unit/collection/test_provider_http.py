"""The HTTP client against real servers on loopback: whole, late, cut, huge and absent answers."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from mydata_hub.collection.feeds import PageRequest
from mydata_hub.collection.provider_http import (
    MAX_PAGE_BYTES,
    REVOKE_PATH,
    TOKEN_PATH,
    HttpProvider,
    HubAtProvider,
    Tokens,
    revoke_tokens,
)
from mydata_hub.collection.wire import Setback
from mydata_hub.errors import BadInput, ProviderFailed

GET = PageRequest("/v1/card/cards", {"limit": 500}, posted=False)
POST = PageRequest("/v1/bank/accounts/deposit/detail", {"account_num": "110-1"}, posted=True)
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers as the test says and remembers what it was asked."""

    answer: Answer
    asked: list[tuple[str, str, dict[str, str], bytes]]

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        told = {name.lower(): value for name, value in self.headers.items()}
        self.asked.append((self.command, self.path, told, self.rfile.read(length)))
        # The client may hang up on what it refuses.
        with suppress(OSError):
            type(self).answer(self)

    do_POST = do_GET  # noqa: N815 (http.server looks for this name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def give(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, type[Handler]]]:
    kind = type("Told", (Handler,), {"answer": staticmethod(answer), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kind
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(url: str, kept: list[Tokens] | None = None, deadline_s: float = 5) -> HttpProvider:
    at = HubAtProvider(url, "D1AAAA0001", "hub", "hub-secret")
    store = kept if kept is not None else []
    return HttpProvider(at, Tokens("access-1", "refresh-1"), store.append, deadline_s)


def setback_of(answer: Answer, request: PageRequest = GET, deadline_s: float = 5) -> ProviderFailed:
    with serving(answer) as (url, _), pytest.raises(ProviderFailed) as caught:
        client(url, deadline_s=deadline_s).fetch(request)
    return caught.value


def test_a_page_is_asked_for_with_the_token_and_our_code() -> None:
    with serving(lambda h: h.give(200, b"{}")) as (url, kind):
        assert client(url + "/base").fetch(GET) == b"{}"

    ((method, path, headers, body),) = kind.asked
    assert (method, urlsplit(path).path, body) == ("GET", "/base/v1/card/cards", b"")
    assert parse_qs(urlsplit(path).query) == {"org_code": ["D1AAAA0001"], "limit": ["500"]}
    assert headers["authorization"] == "Bearer access-1"
    assert headers["accept-encoding"] == "identity"


def test_an_account_number_is_posted_and_not_in_the_url() -> None:
    with serving(lambda h: h.give(200, b"{}")) as (url, kind):
        client(url).fetch(POST)

    ((method, path, _, body),) = kind.asked
    assert (method, path) == ("POST", POST.path)
    assert json.loads(body) == {"org_code": "D1AAAA0001", "account_num": "110-1"}


@pytest.mark.parametrize(
    ("status", "setback"),
    [
        (401, Setback.TOKEN_EXPIRED),
        (403, Setback.CONSENT_ENDED),
        (429, Setback.THROTTLED),
        (400, Setback.REFUSED),
        (404, Setback.REFUSED),
        (302, Setback.REFUSED),
        (500, Setback.UNAVAILABLE),
        (503, Setback.UNAVAILABLE),
    ],
)
def test_a_status_becomes_a_setback(status: int, setback: Setback) -> None:
    assert setback_of(lambda h: h.give(status, b"")).setback == setback


@pytest.mark.parametrize(
    ("told", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_retry_after_is_read_in_seconds(told: str, seconds: float | None) -> None:
    failure = setback_of(lambda h: h.give(429, b"", Retry_After=told))
    assert failure.retry_after_s == seconds


def test_a_redirect_is_not_followed() -> None:
    with serving(lambda h: h.give(200, b"{}")) as (other, elsewhere):
        setback_of(lambda h: h.give(302, b"", Location=other))
        assert elsewhere.asked == []


def test_a_body_that_is_cut_is_truncated() -> None:
    failure = setback_of(lambda h: h.give(200, b'{"rsp', Content_Length="4000"))
    assert failure.setback == Setback.TRUNCATED


def test_a_chunked_body_that_is_cut_is_truncated() -> None:
    def chunks(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{")
        handler.close_connection = True

    assert setback_of(chunks).setback == Setback.TRUNCATED


def test_a_page_over_its_maximum_is_refused_whether_it_says_so_or_not() -> None:
    def endless(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            handler.wfile.write(b" " * 65536)

    assert (
        setback_of(lambda h: h.give(200, b" " * (MAX_PAGE_BYTES + 1))).setback == Setback.TOO_LARGE
    )
    assert setback_of(endless).setback == Setback.TOO_LARGE
    with serving(lambda h: h.give(200, b" " * MAX_PAGE_BYTES)) as (url, _):
        assert len(client(url).fetch(GET)) == MAX_PAGE_BYTES


def test_a_compressed_body_is_not_unpacked() -> None:
    failure = setback_of(lambda h: h.give(200, b"\x1f\x8b", Content_Encoding="gzip"))
    assert failure.setback == Setback.MALFORMED


def dripping(start: bytes) -> Answer:
    def drip(handler: Handler) -> None:
        handler.wfile.write(start)
        for _ in range(400):
            time.sleep(0.05)
            handler.wfile.write(b"x")

    return drip


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        # Headers that never end: each byte restarts a socket's own timeout.
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"",
    ],
)
def test_an_answer_that_drips_is_cut_off_at_the_deadline(start: bytes) -> None:
    began = time.monotonic()
    failure = setback_of(dripping(start), deadline_s=0.4)

    assert failure.setback == Setback.TOO_SLOW
    assert time.monotonic() - began < 8


def test_a_provider_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(ProviderFailed) as caught:
        client(f"http://127.0.0.1:{port}").fetch(GET)
    assert caught.value.setback == Setback.UNAVAILABLE


def test_bytes_that_are_no_http_are_unavailable() -> None:
    failure = setback_of(lambda h: h.wfile.write(b"SSH-2.0-x\r\n"))  # type: ignore[arg-type]
    assert failure.setback == Setback.UNAVAILABLE


def test_renewed_tokens_are_kept_before_they_are_used() -> None:
    kept: list[Tokens] = []

    def answer(handler: Handler) -> None:
        if handler.path == TOKEN_PATH:
            told = {"token_type": "Bearer", "access_token": "access-2", "expires_in": 3600}
            handler.give(200, json.dumps({**told, "refresh_token": "refresh-2"}).encode())
        elif handler.headers["Authorization"] == "Bearer access-2":
            handler.give(200, b"{}")
        else:
            handler.give(401, b"")

    with serving(answer) as (url, kind):
        provider = client(url, kept)
        with pytest.raises(ProviderFailed):
            provider.fetch(GET)
        provider.renew()
        assert kept == [Tokens("access-2", "refresh-2")]
        assert provider.fetch(GET) == b"{}"

    form = parse_qs(kind.asked[1][3].decode())
    assert form["grant_type"] == ["refresh_token"]
    assert form["refresh_token"] == ["refresh-1"]
    assert form["client_secret"] == ["hub-secret"]


def test_tokens_that_could_not_be_kept_are_not_used() -> None:
    def lose(_: Tokens) -> None:
        raise ProviderFailed(Setback.UNAVAILABLE, "the store is away")

    with serving(lambda h: h.give(200, b'{"access_token":"access-2"}')) as (url, kind):
        provider = HttpProvider(
            HubAtProvider(url, "D1AAAA0001", "hub", "hub-secret"), Tokens("access-1", "r"), lose
        )
        with pytest.raises(ProviderFailed):
            provider.renew()
        provider.fetch(GET)
    assert kind.asked[-1][2]["authorization"] == "Bearer access-1"


@pytest.mark.parametrize("status", [400, 401])
def test_a_refresh_token_that_is_refused_means_the_consent_ended(status: int) -> None:
    with (
        serving(lambda h: h.give(status, b'{"error":"invalid_grant"}')) as (url, _),
        pytest.raises(ProviderFailed) as caught,
    ):
        client(url).renew()
    assert caught.value.setback == Setback.CONSENT_ENDED


def test_a_provider_in_trouble_has_not_ended_the_consent() -> None:
    with serving(lambda h: h.give(503, b"")) as (url, _), pytest.raises(ProviderFailed) as caught:
        client(url).renew()
    assert caught.value.setback == Setback.UNAVAILABLE


@pytest.mark.parametrize("told", [b'{"access_token":"a\\r\\nX: 1"}', b"{}", b'{"access_token":7}'])
def test_a_token_that_is_none_is_refused_and_not_told(told: bytes) -> None:
    with serving(lambda h: h.give(200, told)) as (url, _), pytest.raises(ProviderFailed) as caught:
        client(url).renew()
    assert caught.value.setback in {Setback.WRONG_TYPE, Setback.MALFORMED}
    assert "X: 1" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://bank.example", "ftp://localhost", "localhost:1", ""])
def test_only_https_or_loopback_is_called(url: str) -> None:
    with pytest.raises(BadInput):
        client(url)


def test_secrets_are_not_in_representations_and_bad_tokens_not_in_headers() -> None:
    at = HubAtProvider("https://bank.example", "D1", "hub", "hub-secret")
    tokens = Tokens("access-1", "refresh-1")

    assert "secret" not in repr(at).replace("client_secret", "")
    assert "access-1" not in repr(tokens)
    with pytest.raises(BadInput):
        HttpProvider(at, replace(tokens, access="a\r\nX: 1"), print)


def test_a_server_without_a_trusted_certificate_is_not_spoken_to() -> None:
    with serving(lambda h: h.give(200, b"{}")) as (url, kind):
        provider = client(url.replace("http://127.0.0.1", "https://localhost"))
        with pytest.raises(ProviderFailed) as caught:
            provider.fetch(GET)
    assert caught.value.setback == Setback.UNAVAILABLE
    assert kind.asked == []


def test_both_tokens_are_given_back_as_rfc_7009_says_and_with_the_hub_s_own_secret() -> None:
    with serving(lambda handler: handler.give(200, b"{}")) as (url, server):
        revoke_tokens(HubAtProvider(url, "D1AAAA0001", "hub", "hub-secret"), Tokens("a-1", "r-1"))
    told = [(path, parse_qs(body.decode())) for _, path, _, body in server.asked]
    assert [path for path, _ in told] == [REVOKE_PATH, REVOKE_PATH]
    assert [(form["token"], form["token_type_hint"]) for _, form in told] == [
        (["r-1"], ["refresh_token"]),
        (["a-1"], ["access_token"]),
    ]
    assert all(form["client_secret"] == ["hub-secret"] for _, form in told)


def test_a_provider_that_fails_to_take_tokens_back_is_told_apart_from_one_that_refuses() -> None:
    for status, setback in ((503, Setback.UNAVAILABLE), (400, Setback.REFUSED)):
        with serving(lambda handler, status=status: handler.give(status, b"")) as (url, _):
            with pytest.raises(ProviderFailed) as failed:
                revoke_tokens(HubAtProvider(url, "D1", "hub", "secret"), Tokens("a-1", ""))
            assert failed.value.setback is setback
