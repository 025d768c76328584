"""What a handler is given: each detail of API Gateway that code stumbles over, over real HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.served import exchange, gateway_for
from tests.gateway.templates import deploy, function, http

ECHO = """
def build(env):
    return lambda event, context: {"event": event, "env": dict(env), "context": {
        "request": context.aws_request_id, "name": context.function_name,
        "memory": context.memory_limit_in_mb, "left": context.get_remaining_time_in_millis()}}
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    routes = {
        "All": http("ANY", "/{proxy+}"),
        "One": http("GET", "/things/{thing}"),
        "Act": http("POST", "/things/{thing}/{act}"),
        "Files": http("GET", "/files/{path+}"),
        "Fixed": http("GET", "/things/fixed"),
        "AnyFixed": http("ANY", "/things/fixed"),
        "Deep": http("GET", "/files/deep/{path+}"),
    }
    resources = {
        "Echo": function(
            "echo", events=routes, Environment={"Variables": {"ENGINE": {"Ref": "Engine"}}}
        )
    }
    folder: Path = tmp_path_factory.mktemp("echo")
    with gateway_for(deploy(folder, resources, {"echo": ECHO})) as found:
        yield found


def sent(port: int, head: str, body: bytes = b"") -> dict[str, Any]:
    """The handler's view of a request that is sent byte by byte as written."""
    length = f"content-length: {len(body)}\r\n" if body else ""
    lines = head.strip().replace("\n", "\r\n")
    request = f"{lines}\r\nhost: localhost\r\n{length}\r\n".encode("latin-1") + body
    status, _, answer = exchange(port, request)
    assert status == 200, answer
    found: dict[str, Any] = json.loads(answer)
    return found


def event(port: int, head: str, body: bytes = b"") -> dict[str, Any]:
    found: dict[str, Any] = sent(port, head, body)["event"]
    return found


def test_header_names_are_lower_case_and_repeats_are_joined_by_commas(port: int) -> None:
    headers = event(port, "GET /x HTTP/1.1\nDPoP: one\nX-Mixed-Case: y\ndpop: two")["headers"]
    # A proof checker that reads "the" DPoP header sees both, and can refuse (RFC 9449 4.3).
    assert headers["dpop"] == "one,two"
    assert headers["x-mixed-case"] == "y"
    assert "DPoP" not in headers


def test_cookies_come_apart_and_the_cookie_header_is_gone(port: int) -> None:
    found = event(port, "GET /x HTTP/1.1\nCookie: a=1; b=2;\nCookie: c=3")
    assert found["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in found["headers"]
    assert "cookies" not in event(port, "GET /x HTTP/1.1")


def test_the_raw_path_is_decoded_and_path_parameters_too(port: int) -> None:
    found = event(port, "GET /things/%ED%95%9C%20a%2Bb HTTP/1.1")
    assert found["rawPath"] == "/things/한 a+b"
    assert found["requestContext"]["http"]["path"] == "/things/한 a+b"
    assert found["pathParameters"] == {"thing": "한 a+b"}


def test_a_decoded_question_mark_cuts_the_path_as_on_aws(port: int) -> None:
    found = event(port, "GET /things/who%3Fadmin=1 HTTP/1.1")
    assert found["rawPath"] == "/things/who"
    assert found["rawQueryString"] == ""


def test_an_encoded_slash_divides_segments_so_no_parameter_holds_one(port: int) -> None:
    assert event(port, "GET /things/a%2Fb HTTP/1.1")["routeKey"] == "ANY /{proxy+}"


def test_the_query_is_raw_as_sent_and_decoded_with_repeats_joined(port: int) -> None:
    found = event(port, "GET /x?a=1&b=%26+c&a=2,3&d&e= HTTP/1.1")
    assert found["rawQueryString"] == "a=1&b=%26+c&a=2,3&d&e="
    assert found["queryStringParameters"] == {"a": "1,2,3", "b": "& c", "d": "", "e": ""}
    assert "queryStringParameters" not in event(port, "GET /x HTTP/1.1")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"a":"\xed\x95\x9c"}'),
        ("application/json; charset=utf-8", b"{}"),
        ("text/plain", b"text"),
        ("application/xml", b"<a/>"),
    ],
)
def test_a_body_of_a_text_type_comes_as_text(port: int, content_type: str, body: bytes) -> None:
    found = event(port, f"POST /x HTTP/1.1\ncontent-type: {content_type}", body)
    assert (found["isBase64Encoded"], found["body"]) == (False, body.decode())


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/octet-stream", b"\x00\xff"),
        ("application/x-www-form-urlencoded", b"lang=ko&next=%2F"),
        ("image/png", b"\x89PNG"),
        ("text/plain; charset=euc-kr", b"\xc7\xd1"),
        ("application/json", b"\xff\xfe"),
        ("", b"what is it"),
    ],
)
def test_every_other_body_comes_as_base64_a_form_too(
    port: int, content_type: str, body: bytes
) -> None:
    header = f"\ncontent-type: {content_type}" if content_type else ""
    found = event(port, f"POST /x HTTP/1.1{header}", body)
    assert found["isBase64Encoded"] is True
    assert base64.b64decode(found["body"]) == body


def test_a_request_without_a_body_has_no_body(port: int) -> None:
    found = event(port, "POST /x HTTP/1.1\ncontent-type: application/json\ncontent-length: 0")
    assert "body" not in found
    assert found["isBase64Encoded"] is False


def test_a_chunked_body_is_put_together(port: int) -> None:
    head = "POST /x HTTP/1.1\ncontent-type: text/plain\ntransfer-encoding: chunked"
    request = head.replace("\n", "\r\n") + "\r\nhost: localhost\r\n\r\n"
    _, _, answer = exchange(port, request.encode() + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert json.loads(answer)["event"]["body"] == "abcde"


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/things/fixed", "GET /things/fixed", None),
        ("POST", "/things/fixed", "ANY /things/fixed", None),
        ("GET", "/things/other", "GET /things/{thing}", {"thing": "other"}),
        ("POST", "/things/a/open", "POST /things/{thing}/{act}", {"thing": "a", "act": "open"}),
        ("GET", "/things/a/open", "ANY /{proxy+}", {"proxy": "things/a/open"}),
        ("GET", "/files/a/b.txt", "GET /files/{path+}", {"path": "a/b.txt"}),
        ("GET", "/files/deep/a/b", "GET /files/deep/{path+}", {"path": "a/b"}),
        ("PUT", "/files/a", "ANY /{proxy+}", {"proxy": "files/a"}),
        ("GET", "/things/", "ANY /{proxy+}", {"proxy": "things/"}),
    ],
)
def test_the_most_specific_route_wins(
    port: int, method: str, path: str, key: str, parameters: dict[str, str] | None
) -> None:
    found = event(port, f"{method} {path} HTTP/1.1")
    assert found["routeKey"] == found["requestContext"]["routeKey"] == key
    assert found.get("pathParameters") == parameters


def test_the_request_context_says_what_api_gateways_does(port: int) -> None:
    found = event(port, "GET /x HTTP/1.1\nuser-agent: test")
    context = found["requestContext"]
    assert context["http"] == {
        "method": "GET",
        "path": "/x",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test",
    }
    assert (found["version"], context["stage"]) == ("2.0", "$default")
    assert context["domainName"] == "localhost"
    assert context["timeEpoch"] > 1_700_000_000_000


def test_the_request_id_is_the_same_inside_and_out_and_never_twice(port: int) -> None:
    seen = set()
    for _ in range(2):
        answer = httpx.get(f"http://localhost:{port}/x")
        inside = answer.json()["event"]["requestContext"]["requestId"]
        assert answer.headers["apigw-requestid"] == inside
        assert answer.json()["context"]["request"] == inside
        seen.add(inside)
    assert len(seen) == 2


def test_the_context_object_knows_its_function_and_the_time_left(port: int) -> None:
    context = sent(port, "GET /x HTTP/1.1")["context"]
    assert (context["name"], context["memory"]) == ("Echo", 128)
    assert 28_000 < context["left"] <= 30_000


def test_a_handler_is_built_with_exactly_the_variables_of_its_entry(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISSUER", "from the environment")
    assert sent(port, "GET /x HTTP/1.1")["env"] == {"ENGINE": "embedded:there"}


def test_two_requests_on_one_connection_are_two_events(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        first, second = client.get("/a"), client.post("/b", content=b"x")
    assert first.json()["event"]["rawPath"] == "/a"
    assert second.json()["event"]["requestContext"]["http"]["method"] == "POST"
