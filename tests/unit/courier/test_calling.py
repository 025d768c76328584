"""One push, to servers that answer well, badly, late or elsewhere, and to addresses refused."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mydata_hub.courier.calling import ERROR_CODES, MAX_ANSWER_BYTES, Caller

from tests.unit.courier.receiver import receiving

TOKEN = "header.claims.signature"
LAPTOP = Caller(loopback_allowed=True, deadline_s=0.5)


def pushed_to(answer):
    with receiving(answer) as (url, _):
        return LAPTOP.push(url, TOKEN)


def test_a_push_is_what_rfc_8935_says_and_202_acknowledges_it():
    with receiving() as (url, seen):
        assert LAPTOP.push(f"{url}?shop=1", TOKEN) is None
    assert seen.tokens == [TOKEN]
    (headers,) = seen.headers_seen
    assert headers["content-type"] == "application/secevent+jwt"
    assert headers["accept"] == "application/json"
    assert "authorization" not in headers


@pytest.mark.parametrize("code", sorted(ERROR_CODES))
def test_a_receiver_s_error_is_known_by_its_code_alone(code):
    body = json.dumps({"err": code, "description": "of Jiu Kim"}).encode()
    assert pushed_to(lambda post: post.give(400, body)) == code


@pytest.mark.parametrize(
    "body",
    [b"", b"no JSON", b"[]", b'{"err": "jiu-kim"}', b'{"err": 1}', b"[" * 4000],
    ids=["empty", "no JSON", "a list", "an unknown code", "a number", "deep"],
)
def test_what_else_a_receiver_says_is_not_kept(body):
    assert pushed_to(lambda post: post.give(400, body)) == "refused"


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (200, "unexpected_answer"),
        (204, "unexpected_answer"),
        (401, "unexpected_answer"),
        (404, "unexpected_answer"),
        (429, "unavailable"),
        (500, "unavailable"),
        (503, "unavailable"),
    ],
)
def test_nothing_but_202_acknowledges(status, trouble):
    assert pushed_to(lambda post: post.give(status)) == trouble


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    with receiving() as (elsewhere, seen):
        answered = pushed_to(lambda post: post.give(status, Location=elsewhere))
    assert answered == "redirected"
    assert seen.tokens == []


def drip(post):
    for _ in range(100):
        post.wfile.write(b"H")
        time.sleep(0.05)


@pytest.mark.parametrize("slow", [lambda post: time.sleep(1.5), drip], ids=["silent", "dripping"])
def test_a_receiver_that_hangs_or_drips_is_cut_off(slow):
    begun = time.monotonic()
    assert pushed_to(slow) == "too_slow"
    assert time.monotonic() - begun < 3


def test_an_answer_without_end_is_cut_off_by_its_size():
    endless = b"x" * (MAX_ANSWER_BYTES + 1)
    assert pushed_to(lambda post: post.give(400, endless)) == "too_large"


def test_nobody_there_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert LAPTOP.push(f"http://127.0.0.1:{taken.getsockname()[1]}/", TOKEN) == "unreachable"

    def unknown(host, port):
        raise socket.gaierror

    assert Caller(resolve=unknown).push("https://partner.example/", TOKEN) == "unreachable"


def test_a_name_that_is_looked_up_for_ever_is_given_up():
    answered = threading.Event()

    def slow(host, port):
        answered.wait(5)
        return ["93.184.215.14"]

    caller = Caller(look_up_s=0.05, resolve=slow)
    assert caller.push("https://partner.example/", TOKEN) == "too_slow"
    answered.set()


INSIDE = [
    "127.0.0.1",
    "::1",
    "10.0.0.8",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.251",
    "::ffff:10.0.0.8",
    "64:ff9b::a00:8",
    "2002:a00:8::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_called_in_the_cloud(address):
    def lead(host, port):
        return [address]

    assert Caller(resolve=lead).push("https://partner.example/", TOKEN) == "address_refused"


def test_one_address_inside_among_public_ones_is_one_too_many():
    def lead(host, port):
        return ["93.184.215.14", "10.0.0.8"]

    assert Caller(resolve=lead).push("https://partner.example/", TOKEN) == "address_refused"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:1/",
        "http://partner.example/",
        "ftp://partner.example/",
        "https:///events",
        "https://[::1/",
        "https://partner.example:99999/",
        f"https://{'a' * 70}.example/",
    ],
)
def test_what_is_not_https_to_a_host_is_not_called_in_the_cloud(endpoint):
    def lead(host, port):
        host.encode("idna")  # as the system's look-up does first
        return ["127.0.0.1"] if host == "127.0.0.1" else ["93.184.215.14"]

    assert Caller(resolve=lead).push(endpoint, TOKEN) == "address_refused"


def test_a_laptop_calls_itself_and_no_other_private_address():
    def lead(host, port):
        return ["10.0.0.8"]

    caller = Caller(loopback_allowed=True, resolve=lead)
    for scheme in ("http", "https"):
        assert caller.push(f"{scheme}://partner.example/", TOKEN) == "address_refused"


@pytest.fixture
def tls(tmp_path):
    """A server's context for partner.example, and a client's that believes it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "partner.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("partner.example")]), False)
        .sign(key, SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    path = tmp_path / "server.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode())


def test_the_checked_address_is_connected_to_in_the_registered_name(tls):
    server, client = tls
    looked_up = []

    def resolve(host, port):
        looked_up.append(host)
        return ["127.0.0.1"]

    caller = Caller(loopback_allowed=True, resolve=resolve, tls_context=lambda: client)
    with receiving(tls=server) as (url, seen):
        port = url.rpartition(":")[2]
        assert caller.push(f"https://partner.example:{port}", TOKEN) is None
        # The name of the certificate is the registered one, whatever the address.
        assert caller.push(f"https://other.example:{port}", TOKEN) == "unreachable"
    assert looked_up == ["partner.example", "other.example"]
    assert [headers["host"].partition(":")[0] for headers in seen.headers_seen] == [
        "partner.example"
    ]


def test_a_handshake_that_never_ends_is_cut_off(tls):
    _, client = tls
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        caller = Caller(loopback_allowed=True, deadline_s=0.3, tls_context=lambda: client)
        begun = time.monotonic()
        assert caller.push(f"https://127.0.0.1:{port}/", TOKEN) == "too_slow"
    assert time.monotonic() - begun < 2
