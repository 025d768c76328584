"""A browser of the tests: it keeps cookies, sends API Gateway events, and holds a passkey."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.enrolment import invite
from mydata_hub.accounts.notices import TOPIC, deliver_notices
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.config import PagesSettings
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.messages import due_messages
from mydata_hub.web.guards import ROUTES
from mydata_hub.wiring import tables_for

from functions.pages import build
from tests.unit.personal_log.intake_begun import begin_intake

LOCALHOST = "http://localhost:8787"
PAGE = "text/html,application/xhtml+xml"


@dataclass
class Reply:
    """What came back."""

    event: dict[str, Any]

    @property
    def status(self) -> int:
        return self.event["statusCode"]

    @property
    def headers(self) -> dict[str, str]:
        return self.event["headers"]

    @property
    def body(self) -> str:
        return self.event["body"]

    @property
    def cookies(self) -> list[str]:
        return self.event.get("cookies", [])

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The last part of the problem's type."""
        assert self.headers["content-type"] == "application/problem+json"
        return self.json()["type"].rpartition(":")[2]


@dataclass
class Hub:
    """The pages function over a database of its own."""

    folder: Path
    issuer: str = LOCALHOST
    handler: Any = None

    def __post_init__(self) -> None:
        self.environment = {
            "ENGINE": f"embedded:{self.folder}",
            "ISSUER": self.issuer,
            "ACCOUNTS_TABLE": "accounts",
            "SESSIONS_TABLE": "sessions",
            "NOTICES_TABLE": "notices",
            "OUTBOX_TABLE": "outbox",
            "EVENTS_TABLE": "events",
            "LOG_PUBLIC_TABLE": "log_public",
            "LOG_KEYS_TABLE": "log_keys",
            "ERASURES_TABLE": "erasures",
            "SOFTWARE_PASSKEYS": "allowed",
            "PUSH_KEY": "push",
            "PUSH_SERVICES": "push.example",
        }
        begin_intake(self.folder)
        self.handler = build(self.environment)
        self.desk = Desk(
            tables=tables_for(PagesSettings.read(self.environment)),
            clock=SystemClock(),
            entropy=SystemEntropy(),
            issuer=self.issuer,
            software_passkeys=True,
        )

    def browser(self, **settings: Any) -> Browser:
        return Browser(self, **settings)

    def invitation(self, role: Role, name: str = "Dana") -> str:
        return invite(self.desk, role, name, "en")

    def deliver(self) -> None:
        """What the courier does, once."""
        now = self.desk.now()
        for message in due_messages(self.desk.tables, now):
            if message.topic == TOPIC:
                deliver_notices(self.desk.tables, message, now)


@dataclass
class Browser:
    """One browser: its cookies, its language, its passkey and the token of its page."""

    hub: Hub
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)
    passkey: SoftwarePasskey = field(default_factory=SoftwarePasskey.make)
    csrf: str = ""

    def event(
        self, method: str, path: str, body: str = "", **headers: str | None
    ) -> dict[str, Any]:
        path, _, query = path.partition("?")
        key, parameters = route_of(method, path)
        sent: dict[str, str | None] = {"accept-language": self.language}
        if method != "GET":
            sent |= {"origin": self.hub.issuer, "content-type": "application/json"}
            sent |= {"x-csrf-token": self.csrf} if self.csrf else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return {
            "version": "2.0",
            "routeKey": key,
            "rawPath": path,
            "rawQueryString": query,
            "headers": {name: value for name, value in sent.items() if value is not None},
            "cookies": [f"{name}={value}" for name, value in self.cookies.items()],
            "pathParameters": parameters,
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "body": body,
            "isBase64Encoded": False,
        }

    def send(self, event: dict[str, Any]) -> Reply:
        reply = Reply(self.hub.handler(event, None))
        for cookie in reply.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return reply

    def get(self, path: str, **headers: str | None) -> Reply:
        """Read a page as somebody who navigates."""
        return self.send(self.event("GET", path, **{"accept": PAGE, **headers}))

    def post(self, path: str, body: Any = None, **headers: str | None) -> Reply:
        return self.send(self.event("POST", path, json.dumps(body or {}), **headers))

    def submit(self, path: str, fields: dict[str, str], **headers: str | None) -> Reply:
        """Send a form, as a browser does without any script."""
        kind = "application/x-www-form-urlencoded"
        form = {"content_type": kind, "accept": PAGE, "x_csrf_token": None, **headers}
        return self.send(self.event("POST", path, urlencode(fields), **form))

    def make_passkey(self, begin: str, finish: str, body: Any = None, **also: Any) -> Reply:
        begun = self.post(begin, body)
        assert begun.status == 200, begun.body
        credential = self.passkey.create(begun.json()["publicKey"], self.hub.issuer)
        ceremony = begun.json()["ceremony"]
        return self.post(finish, {"ceremony": ceremony, "credential": credential, **also})

    def sign_up(self, name: str = "Jiu") -> Reply:
        return self._in(self.make_passkey("/sign-up/options", "/sign-up/finish", {"name": name}))

    def enrol(self, role: Role) -> Reply:
        path = self.hub.invitation(role)
        return self._in(self.make_passkey(f"{path}/options", "/sign-up/finish"))

    def sign_in(self) -> Reply:
        begun = self.post("/sign-in/options").json()
        credential = self.passkey.get(begun["publicKey"], self.hub.issuer)
        ceremony = begun["ceremony"]
        return self._in(
            self.post("/sign-in/finish", {"ceremony": ceremony, "credential": credential})
        )

    def state(self) -> Any:
        reply = self.get("/account/state", accept="application/json")
        assert reply.status == 200, reply.body
        return reply.json()

    def _in(self, reply: Reply) -> Reply:
        if reply.status < 300:
            self.csrf = reply.json()["csrf"]
        return reply


def route_of(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The route key and path parameters that API Gateway would give."""
    for route in sorted(ROUTES, key=lambda route: "{" in route.path):
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(route.path))
        found = re.fullmatch(pattern, path)
        if found and route.method == method:
            return route.key, found.groupdict()
    return f"{method} {path}", {}


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A hub on localhost."""
    return Hub(tmp_path)


@pytest.fixture
def https_hub(tmp_path: Path) -> Hub:
    """A hub behind a name of its own."""
    return Hub(tmp_path, issuer="https://hub.example")


@pytest.fixture
def browser(hub: Hub) -> Browser:
    """Somebody who is not signed in."""
    return hub.browser()


@pytest.fixture
def jiu(hub: Hub) -> Browser:
    """Somebody who is signed in."""
    browser = hub.browser()
    assert browser.sign_up().status == 201
    return browser
