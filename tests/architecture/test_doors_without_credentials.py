"""Every route of the table, called at the real handler by somebody who has shown nothing."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.errors import NotAllowed
from mydata_hub.web.guards import ROUTES, Guard, Route, enforce

from tests.architecture.settings import SETTINGS
from tests.unit.personal_log.intake_begun import begin_intake
from tests.unit.web.conftest import Browser, Hub

ISSUER = "http://localhost:8787"
# As `build_function` names them.
TABLES = {name: f"{name.replace('_', '-')}-table" for name in ("events", "log_keys", "log_public")}
FOREIGN = {
    "no cookie": [],
    "an empty session": ["session="],
    "a session nobody opened": ["session=" + "0" * 32 + "." + "A" * 43],
    "a session of other text": ["session=../../accounts"],
}


def guarded(*guards: Guard) -> list[Route]:
    return [route for route in ROUTES if route.guard in guards]


NEEDS_A_SESSION = guarded(Guard.PERSON, Guard.SESSION, Guard.AUDITOR, Guard.OPERATOR)
NEEDS_AN_ASSERTION = guarded(Guard.CLIENT)
NEEDS_A_TOKEN = guarded(Guard.DPOP)


def keyed(routes: list[Route]) -> Any:
    return pytest.mark.parametrize("route", routes, ids=lambda route: route.key)


@pytest.fixture(scope="module")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every function that has a route, as its file builds it."""
    folder = tmp_path_factory.mktemp("hub")
    begin_intake(folder, TABLES, "log-key")
    return {
        name: build_function(name, folder, {})
        for name in sorted({route.function for route in ROUTES})
    }


def build_function(name: str, folder: Path, known: dict[str, str]) -> Any:
    """A function as its file builds it, over tables of this folder."""
    variables = SETTINGS[name].variables()
    environment = {variable: variable.lower().replace("_", "-") for variable in variables}
    environment |= {"ENGINE": f"embedded:{folder}", "ISSUER": ISSUER}
    if "SOFTWARE_PASSKEYS" in environment:
        environment["SOFTWARE_PASSKEYS"] = "refused"
    if "PUSH_SERVICES" in environment:
        environment["PUSH_SERVICES"] = ""
    if "DPOP_NONCE" in environment:
        environment["DPOP_NONCE"] = "required"
    environment |= {name: value for name, value in known.items() if name in variables}
    return importlib.import_module(f"functions.{name}").build(environment)


def event_for(route: Route, cookies: list[str]) -> dict[str, Any]:
    """A request that has everything right but who sends it: Origin, form of body, parameters."""
    parameters = {part.strip("{}+"): "x" for part in route.path.split("/") if part[:1] == "{"}
    return {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": route.path,
        "rawQueryString": "",
        "headers": {
            "accept": "application/json",
            "content-type": "application/json",
            "origin": ISSUER,
            "x-csrf-token": "A" * 22,
        },
        "cookies": cookies,
        "pathParameters": parameters,
        "requestContext": {"http": {"method": route.method, "path": route.path}},
        "body": "{}",
        "isBase64Encoded": False,
    }


def test_every_guard_of_the_table_is_called_here() -> None:
    called = [*NEEDS_A_SESSION, *NEEDS_AN_ASSERTION, *NEEDS_A_TOKEN, *guarded(Guard.PUBLIC)]
    assert len(called) == len(ROUTES)


@keyed(NEEDS_A_SESSION)
@pytest.mark.parametrize("cookies", FOREIGN.values(), ids=FOREIGN)
def test_without_a_session_a_route_that_needs_one_says_sign_in(
    handlers: dict[str, Any], route: Route, cookies: list[str]
) -> None:
    answer = handlers[route.function](event_for(route, cookies), None)
    assert answer["statusCode"] == 401
    assert "urn:mydata-hub:problem:not-signed-in" in answer["body"]
    assert not answer.get("cookies")


@keyed([route for route in NEEDS_A_SESSION if route.method == "GET"])
def test_a_browser_without_a_session_gets_no_page_but_the_way_in(
    handlers: dict[str, Any], route: Route
) -> None:
    event = event_for(route, [])
    event["headers"]["accept"] = "text/html"
    assert handlers[route.function](event, None)["statusCode"] == 401


FORM = "application/x-www-form-urlencoded"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NO_ASSERTION = {
    "nothing": "",
    "a secret": "client_id=a&client_secret=b",
    "an assertion of no type": "client_assertion=a.b.c",
    "a type without an assertion": f"client_assertion_type={ASSERTION_TYPE}",
}


@keyed(NEEDS_AN_ASSERTION)
@pytest.mark.parametrize("body", NO_ASSERTION.values(), ids=NO_ASSERTION)
def test_without_a_client_assertion_a_client_s_route_says_invalid_client(
    handlers: dict[str, Any], route: Route, body: str
) -> None:
    event = event_for(route, []) | {"body": body}
    event["headers"]["content-type"] = FORM
    answer = handlers[route.function](event, None)
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (401, "invalid_client")
    assert answer["headers"]["cache-control"] == "no-store"


@keyed(NEEDS_AN_ASSERTION)
def test_an_assertion_that_nobody_signed_gets_no_further(
    handlers: dict[str, Any], route: Route
) -> None:
    body = f"client_assertion_type={ASSERTION_TYPE}&client_assertion=a.b.c"
    event = event_for(route, []) | {"body": body}
    event["headers"]["content-type"] = FORM
    answer = handlers[route.function](event, None)
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (401, "invalid_client")


PARTIAL = {
    "nothing": {},
    "a bearer token": {"authorization": "Bearer a.b.c", "dpop": "a.b.c"},
    "a token without a proof": {"authorization": "DPoP a.b.c"},
    "a proof without a token": {"dpop": "a.b.c"},
    "two tokens": {"authorization": "DPoP a.b.c, DPoP d.e.f", "dpop": "a.b.c"},
    "a token that nobody signed": {"authorization": "DPoP a.b.c", "dpop": "a.b.c"},
}


@keyed(NEEDS_A_TOKEN)
@pytest.mark.parametrize("headers", PARTIAL.values(), ids=PARTIAL)
def test_without_a_token_and_its_proof_a_route_says_what_it_needs(
    handlers: dict[str, Any], route: Route, headers: dict[str, str]
) -> None:
    event = event_for(route, [])
    event["headers"] |= headers
    answer = handlers[route.function](event, None)
    assert answer["statusCode"] == 401
    challenge = answer["headers"]["www-authenticate"]
    assert challenge.startswith("DPoP ")
    # Whoever sent no token is not told of an error (RFC 6750 section 3.1).
    assert ("error=" in challenge) == ("authorization" in headers)


@keyed(guarded(Guard.PUBLIC))
def test_a_public_route_asks_nobody_to_sign_in(handlers: dict[str, Any], route: Route) -> None:
    answer = handlers[route.function](event_for(route, []), None)
    # "x" is no file, no token, no tile and no ceremony: what is wrong is that, never the caller.
    assert answer["statusCode"] in (200, 303, 400, 404, 405)


ROLE_OF = {Guard.PERSON: Role.PERSON, Guard.AUDITOR: Role.AUDITOR, Guard.OPERATOR: Role.OPERATOR}


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> dict[Role, Browser]:
    """Somebody of each role, with a live session."""
    hub = Hub(tmp_path_factory.mktemp("roles"))
    browsers = {role: hub.browser() for role in Role}
    assert browsers[Role.PERSON].sign_up().status == 201
    for role in (Role.AUDITOR, Role.OPERATOR):
        assert browsers[role].enrol(role).status == 201
    return browsers


@pytest.mark.parametrize("role", Role)
@keyed([route for route in ROUTES if route.guard in ROLE_OF])
def test_a_session_opens_the_routes_of_its_own_role_only(
    signed_in: dict[Role, Browser], shared_handlers: dict[str, Any], route: Route, role: Role
) -> None:
    browser = signed_in[role]
    cookies = [f"{name}={value}" for name, value in browser.cookies.items()]
    event = event_for(route, cookies)
    event["headers"]["x-csrf-token"] = browser.csrf
    status = shared_handlers[route.function](event, None)["statusCode"]
    if ROLE_OF[route.guard] is role:
        # "x" is no grant and "{}" no question: what is wrong is that, never the caller.
        assert status in (200, 400, 404)
    else:
        assert status == 403


@pytest.fixture(scope="module")
def shared_handlers(signed_in: dict[Role, Browser]) -> dict[str, Any]:
    """The functions over the tables in which those sessions are."""
    hub = signed_in[Role.PERSON].hub
    return {
        name: build_function(name, hub.folder, hub.environment)
        for name in sorted({route.function for route in ROUTES if route.guard in ROLE_OF})
    }


def test_a_route_that_is_not_in_the_table_does_not_exist(handlers: dict[str, Any]) -> None:
    unknown = Route("GET", "/people", "pages", Guard.PUBLIC)
    for function, handler in handlers.items():
        assert handler(event_for(unknown, []), None)["statusCode"] == 404, function


def test_a_route_of_another_function_does_not_exist_here(handlers: dict[str, Any]) -> None:
    for route in ROUTES:
        for function, handler in handlers.items():
            if function != route.function:
                assert handler(event_for(route, []), None)["statusCode"] == 404


@keyed(NEEDS_A_SESSION)
def test_a_guard_without_a_check_admits_nobody(route: Route) -> None:
    with pytest.raises(NotAllowed):
        enforce(route.function, {"routeKey": route.key}, {})
