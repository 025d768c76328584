"""Every route of the table, called at the real handler by somebody who has shown nothing."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.errors import NotAllowed
from mydata_hub.web.guards import ROUTES, Guard, Route, enforce

from tests.architecture.settings import SETTINGS
from tests.unit.web.conftest import Browser, Hub

ISSUER = "http://localhost:8787"
FOREIGN = {
    "no cookie": [],
    "an empty session": ["session="],
    "a session nobody opened": ["session=" + "0" * 32 + "." + "A" * 43],
    "a session of other text": ["session=../../accounts"],
}


def guarded(*guards: Guard) -> list[Route]:
    return [route for route in ROUTES if route.guard in guards]


NEEDS_A_SESSION = guarded(Guard.PERSON, Guard.SESSION, Guard.AUDITOR, Guard.OPERATOR)


def keyed(routes: list[Route]) -> Any:
    return pytest.mark.parametrize("route", routes, ids=lambda route: route.key)


@pytest.fixture(scope="module")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every function that has a route, as its file builds it."""
    folder = tmp_path_factory.mktemp("hub")
    made = {}
    for name in sorted({route.function for route in ROUTES}):
        environment = {
            variable: variable.lower().replace("_", "-") for variable in SETTINGS[name].variables()
        }
        environment |= {"ENGINE": f"embedded:{folder}", "ISSUER": ISSUER}
        if "SOFTWARE_PASSKEYS" in environment:
            environment["SOFTWARE_PASSKEYS"] = "refused"
        made[name] = importlib.import_module(f"functions.{name}").build(environment)
    return made


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
    assert len(NEEDS_A_SESSION) + len(guarded(Guard.PUBLIC)) == len(ROUTES)


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


@keyed(guarded(Guard.PUBLIC))
def test_a_public_route_asks_nobody_to_sign_in(handlers: dict[str, Any], route: Route) -> None:
    answer = handlers[route.function](event_for(route, []), None)
    # "x" is no file, no token, no tile and no ceremony: what is wrong is that, never the caller.
    assert answer["statusCode"] in (200, 303, 400, 404)


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
    signed_in: dict[Role, Browser], route: Route, role: Role
) -> None:
    expected = 200 if ROLE_OF[route.guard] is role else 403
    assert signed_in[role].get(route.path).status == expected


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
