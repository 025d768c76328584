"""What a client is given: responses as API Gateway makes them of results, limits and failures."""

from __future__ import annotations

import base64
import io
import json
import logging
import socket
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from mydata_hub.embedded.http_events import MAX_EVENT_BYTES, MAX_HEADER_BYTES

from tests.gateway.served import exchange, gateway_for
from tests.gateway.templates import deploy, function, http

# The handler gives back what the request asks it to, and does what the path says.
MIRROR = """
import json, os, sys, threading, time
SEEN = []
def build(env):
    def handle(event, context):
        path = event["rawPath"]
        if path == "/raise":
            raise ValueError("a secret of somebody's")
        if path == "/raise-timeout":
            raise TimeoutError("not ours")
        if path == "/exit":
            sys.exit(3)
        if path == "/huge":
            return {"statusCode": 200, "body": "x" * (6 * 1024 * 1024)}
        if path == "/bytes":
            return {"statusCode": 200, "body": b"bytes"}
        if path == "/unjson":
            return object()
        if path == "/slow":
            time.sleep(float(event["queryStringParameters"]["s"]))
            return {"done": event["rawQueryString"]}
        if path == "/size":
            return {"size": len(event.get("body", ""))}
        return json.loads(event["body"])
    return handle
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("mirror")
    resources = {
        "Mirror": function("mirror", events={"All": http("ANY", "/{proxy+}")}),
        "Hasty": function("mirror", events={"It": http("GET", "/slow")}, Timeout=1),
        "Home": function("mirror", events={"It": http("POST", "/")}),
    }
    with gateway_for(deploy(folder, resources, {"mirror": MIRROR}), gateway_seconds=20.0) as found:
        yield found


def mirrored(port: int, result: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    """What becomes of a handler's result."""
    body = json.dumps(result).encode()
    head = (
        "POST /mirror HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return exchange(port, head.encode() + body)


def said(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()


FAILED = (500, {"message": "Internal Server Error"})


def test_a_result_with_a_status_says_status_headers_and_body(port: int) -> None:
    status, headers, body = mirrored(
        port,
        {"statusCode": 201, "headers": {"X-One": "a", "X-Number": 5, "X-Yes": True}, "body": "한"},
    )
    assert (status, body.decode()) == (201, "한")
    assert ("x-one", "a") in headers
    assert ("x-number", "5") in headers
    assert ("x-yes", "true") in headers
    assert ("content-type", "text/plain; charset=utf-8") in headers


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"a": 1}, b'{"a": 1}'),
        ("only text", b"only text"),
        ([1, 2], b"[1, 2]"),
        (None, b"null"),
        ({"body": "no status"}, b'{"body": "no status"}'),
    ],
)
def test_a_result_without_a_status_is_the_json_body_of_a_200(
    port: int, result: Any, body: bytes
) -> None:
    status, headers, given = mirrored(port, result)
    assert (status, given) == (200, body)
    assert ("content-type", "application/json") in headers


def test_each_cookie_becomes_a_set_cookie_header_of_its_own(port: int) -> None:
    _, headers, _ = mirrored(port, {"statusCode": 204, "cookies": ["a=1; Path=/", "b=2, c"]})
    assert [value for name, value in headers if name == "set-cookie"] == ["a=1; Path=/", "b=2, c"]


def test_a_base64_body_goes_out_as_bytes(port: int) -> None:
    raw = bytes(range(256))
    result = {
        "statusCode": 200,
        "headers": {"content-type": "image/png"},
        "body": base64.b64encode(raw).decode(),
        "isBase64Encoded": True,
    }
    status, headers, body = mirrored(port, result)
    assert (status, body) == (200, raw)
    assert ("content-length", "256") in headers


def test_the_gateway_counts_the_length_itself_and_keeps_the_connection_its_own(port: int) -> None:
    headers = {"content-length": "1", "transfer-encoding": "chunked", "connection": "close"}
    _, given, body = mirrored(port, {"statusCode": 200, "headers": headers, "body": "three"})
    assert body == b"three"
    assert ("content-length", "5") in given
    assert "transfer-encoding" not in dict(given)


def test_a_204_and_a_304_have_no_body(port: int) -> None:
    for status in (204, 304):
        assert mirrored(port, {"statusCode": status, "body": "nothing"})[::2] == (status, b"")


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "two hundred"},
        {"statusCode": 99},
        {"statusCode": True},
        {"statusCode": None},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        {"statusCode": 200, "body": "x", "isBase64Encoded": "yes"},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": {"b": 1}}},
        {"statusCode": 200, "headers": {"a": "x\r\nset-cookie: stolen=1"}},
        {"statusCode": 200, "headers": {"a b": "x"}},
        {"statusCode": 200, "headers": {"a": "한"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": ["a=1\r\nx: y"]},
        {"statusCode": 200, "body": "\ud800"},
    ],
)
def test_a_malformed_result_is_a_500(port: int, result: Any) -> None:
    status, headers, body = mirrored(port, result)
    assert (status, json.loads(body)) == FAILED
    assert "set-cookie" not in dict(headers)


@pytest.mark.parametrize(
    "path", ["/raise", "/raise-timeout", "/exit", "/bytes", "/unjson", "/huge"]
)
def test_a_handler_that_fails_is_a_500_that_says_nothing_of_why(port: int, path: str) -> None:
    answer = httpx.get(f"http://localhost:{port}{path}")
    assert said(answer) == FAILED
    assert "secret" not in answer.text


def test_a_failure_is_logged_without_the_words_of_the_exception(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logging.getLogger("gateway").handlers[0], "stream", log)
    httpx.get(f"http://localhost:{port}/raise")
    line = json.loads(log.getvalue())
    assert (line["error"], line["route"]) == ("ValueError", "ANY /{proxy+}")
    assert "secret" not in log.getvalue()


def test_no_such_route_is_a_404(port: int) -> None:
    assert said(httpx.get(f"http://localhost:{port}/")) == (404, {"message": "Not Found"})


def test_ten_thousand_two_hundred_and_forty_bytes_of_headers_pass_and_one_more_does_not(
    port: int,
) -> None:
    line = "GET /size HTTP/1.1"
    fixed = len(line) + len("localhost")
    for extra, expected in ((0, 200), (1, 431)):
        value = "x" * (MAX_HEADER_BYTES - fixed + extra)
        # The quota counts the request line and the values of headers, not their names.
        request = f"{line}\r\nhost: localhost\r\nx-{'long' * 20}: {value}\r\n\r\n"
        status, _, body = exchange(port, request.encode())
        assert status == expected
    assert json.loads(body) == {"message": "Request Header Fields Too Large"}


def test_cookies_count_as_headers(port: int) -> None:
    request = f"GET /size HTTP/1.1\r\nhost: localhost\r\ncookie: {'c' * 10_300}\r\n\r\n"
    assert exchange(port, request.encode())[0] == 431


def test_a_text_body_near_six_megabytes_passes_and_one_over_it_is_a_413(port: int) -> None:
    url, head = f"http://localhost:{port}/size", {"content-type": "text/plain"}
    room = MAX_EVENT_BYTES - 2048
    assert httpx.post(url, content=b"x" * room, headers=head).json() == {"size": room}
    over = httpx.post(url, content=b"x" * (MAX_EVENT_BYTES + 1), headers=head)
    assert said(over) == (413, {"message": "Request Entity Too Large"})


def test_a_binary_body_is_measured_as_base64(port: int) -> None:
    # 4.6 MB of bytes are over 6 MB of base64, which is what Lambda counts.
    answer = httpx.post(f"http://localhost:{port}/size", content=b"\0" * (4_800_000))
    assert answer.status_code == 413


def test_a_body_far_over_the_limit_is_refused_before_it_is_sent(port: int) -> None:
    head = (
        "POST /size HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n"
        "content-length: 1000000000\r\n\r\n"
    )
    assert exchange(port, head.encode())[0] == 413


def test_half_a_body_never_reaches_a_handler(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = textwrap.dedent("""
        def build(env):
            def handle(event, context):
                print("called")
                return {}
            return handle
    """)
    resources = {"It": function("it", events={"It": http("POST", "/it")})}
    with gateway_for(deploy(tmp_path, resources, {"it": handler})) as port:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(
                b"POST /it HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nab"
            )
        time.sleep(0.3)
        assert "called" not in capsys.readouterr().out
        assert httpx.post(f"http://localhost:{port}/it", content=b"whole").status_code == 200
    assert "called" in capsys.readouterr().out


@pytest.mark.parametrize(
    "host", ["attacker.example", "attacker.example:80", "localhost.attacker", ""]
)
def test_a_foreign_host_name_reaches_no_handler(port: int, host: str) -> None:
    status, _, body = exchange(port, f"GET /size HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
    assert (status, json.loads(body)) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:2", "[::1]:3", "hub.example", "hub.example:4"]
)
def test_loopback_names_and_the_issuers_are_ours(port: int, host: str) -> None:
    assert exchange(port, f"GET /size HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())[0] == 200


def test_an_absolute_target_of_another_host_finds_no_route(port: int) -> None:
    request = b"GET http://attacker.example/size HTTP/1.1\r\nhost: localhost\r\n\r\n"
    assert exchange(port, request)[0] == 404


def test_a_function_over_its_own_time_is_a_500_as_lambda_ends_it(port: int) -> None:
    begun = time.monotonic()
    answer = httpx.get(f"http://localhost:{port}/slow?s=3")
    assert said(answer) == FAILED
    assert time.monotonic() - begun < 2.8


def test_a_function_over_the_gateways_time_is_a_503(tmp_path: Path) -> None:
    resources = {"Mirror": function("mirror", events={"It": http("GET", "/slow")})}
    deployment = deploy(tmp_path, resources, {"mirror": MIRROR})
    with gateway_for(deployment, gateway_seconds=0.3) as port:
        answer = httpx.get(f"http://localhost:{port}/slow?s=0.8")
        assert said(answer) == (503, {"message": "Service Unavailable"})
        # The gateway goes on while that handler still runs.
        assert httpx.get(f"http://localhost:{port}/slow?s=0").status_code == 200


def test_eight_slow_handlers_run_at_once_each_with_its_own_event(port: int) -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        urls = [f"http://localhost:{port}/slow?s=0.6&n={number}" for number in range(8)]
        answers = list(threads.map(lambda url: httpx.get(url).json(), urls))
    assert [answer["done"] for answer in answers] == [f"s=0.6&n={number}" for number in range(8)]
    assert time.monotonic() - begun < 4  # in turn they would take 4.8 s


def test_an_instance_handles_one_event_at_a_time_as_on_lambda(tmp_path: Path) -> None:
    handler = """
        import time
        def build(env):
            state = {"busy": False}
            def handle(event, context):
                doubled = state["busy"]
                state["busy"] = True
                time.sleep(0.1)
                state["busy"] = False
                return {"doubled": doubled}
            return handle
    """
    resources = {"It": function("it", events={"It": http("GET", "/it")})}
    with (
        gateway_for(deploy(tmp_path, resources, {"it": handler})) as port,
        ThreadPoolExecutor(8) as threads,
    ):
        answers = list(
            threads.map(lambda _: httpx.get(f"http://localhost:{port}/it").json(), range(16))
        )
    assert answers == [{"doubled": False}] * 16


def test_a_request_that_may_write_wakes_the_worker_and_a_look_does_not(tmp_path: Path) -> None:
    woken = threading.Semaphore(0)
    resources = {"Mirror": function("mirror", events={"All": http("ANY", "/{proxy+}")})}
    deployment = deploy(tmp_path, resources, {"mirror": MIRROR})
    with gateway_for(deployment, on_change=woken.release) as port:
        httpx.get(f"http://localhost:{port}/size")
        assert not woken.acquire(timeout=0.2)
        httpx.post(f"http://localhost:{port}/size")
        assert woken.acquire(timeout=2)


def test_the_default_route_takes_what_no_other_does(tmp_path: Path) -> None:
    handler = {"it": "def build(env):\n    return lambda event, context: event['routeKey']\n"}
    default = {"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "Api"}, "Path": "$default"}}
    events = {"It": default, "Greedy": http("GET", "/a/{rest+}"), "Full": http("GET", "/a/b")}
    with gateway_for(deploy(tmp_path, {"It": function("it", events=events)}, handler)) as port:
        found = [
            httpx.get(f"http://localhost:{port}{path}").text
            for path in ("/a/b", "/a/c/d", "/", "/z")
        ]
    assert found == ["GET /a/b", "GET /a/{rest+}", "$default", "$default"]


def test_small_answers_on_one_connection_do_not_wait_for_acknowledgements(port: int) -> None:
    taken = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(15):
            begun = time.perf_counter()
            client.get("/size")
            taken.append(time.perf_counter() - begun)
    # Nagle's algorithm against delayed acknowledgements would cost each 40 ms.
    assert min(taken) < 0.03
