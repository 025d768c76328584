"""A client of a running hub: it calls the endpoints that a browser calls, and has no back door."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import click
import httpx

from mydata_hub.cli.passkey import SoftwarePasskey

DEFAULT_DATA: Final = ".mydata"
# `mydata serve` writes it into its data folder while it runs: {"url", "pid"}.
RUNNING_HUB: Final = "hub.json"
TIMEOUT_SECONDS: Final = 30.0
_ENROL: Final = "/enrol/"

data_option: Final = click.option(
    "--data",
    envvar="MYDATA_DATA",
    default=DEFAULT_DATA,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="the hub's data folder",
)
url_option: Final = click.option("--url", help="the hub to talk to [default: the running one]")
json_option: Final = click.option("--json", "as_json", is_flag=True, help="print JSON")


class Refused(click.ClickException):
    """The hub said no; `slug` is the last part of the problem's type (RFC 9457)."""

    def __init__(
        self, status: int, slug: str, detail: str, problem: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        # The whole problem document, whose further members belong to its endpoint.
        self.problem: Mapping[str, Any] = problem or {}


def running_hub(data: Path, url: str | None) -> str:
    """The hub's address, as given or as the running hub has left it. Raises ClickException."""
    if url:
        if not url.startswith(("http://", "https://")):
            raise click.BadParameter("takes an address: http://localhost:8787", param_hint="--url")
        return url.rstrip("/")
    try:
        return str(json.loads((data / RUNNING_HUB).read_text())["url"])
    except FileNotFoundError:
        raise click.ClickException(
            f"no hub is running on {data}: start one with `mydata serve --data {data}`"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{data / RUNNING_HUB} is damaged: start the hub anew") from None


@cache
def _trust() -> ssl.SSLContext:
    # To read every certificate takes 50 ms, and httpx would do so for each of its clients.
    return httpx.create_ssl_context()


def http_client(url: str = "", headers: Mapping[str, str] | None = None) -> httpx.Client:
    """A client of whatever answers below a URL."""
    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, verify=_trust())


@dataclass(slots=True)
class HubClient:
    """One browser's worth of a hub: cookies, the origin, and the session's CSRF token."""

    url: str
    http: httpx.Client
    csrf: str = ""

    @classmethod
    def open(cls, url: str) -> HubClient:
        """A client without a session."""
        return cls(url, http_client(url, {"origin": url}))

    def __enter__(self) -> HubClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at a path. Raises Refused."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the hub answers to a JSON body. Raises Refused."""
        return self._call("POST", path, body or {})

    def part(self, path: str, body: Mapping[str, Any]) -> bytes:
        """The bytes that the hub answers to a JSON body. Raises Refused."""
        return self._answer("POST", path, body).content

    def sign_up(self, passkey: SoftwarePasskey, name: str, locale: str) -> None:
        """A new account that this passkey opens, and its session."""
        begun = self.post("/sign-up/options", {"name": name, "locale": locale})
        self._finish_sign_up(passkey, begun)

    def enrol(self, passkey: SoftwarePasskey, link: str) -> None:
        """The account of a one-time link, and its session. Raises ClickException."""
        try:
            path = httpx.URL(link).path
        except httpx.InvalidURL:
            path = ""
        if not path.startswith(_ENROL):
            raise click.BadParameter("takes the one-time link, whole", param_hint="--link")
        begun = self.post(f"{path}/options")
        self._finish_sign_up(passkey, begun)

    def sign_in(self, passkey: SoftwarePasskey) -> None:
        """A session of the account that the passkey opens."""
        begun = self.post("/sign-in/options")
        assertion = passkey.get(begun["publicKey"], self.url)
        body = {"ceremony": begun["ceremony"], "credential": assertion}
        self.csrf = self.post("/sign-in/finish", body)["csrf"]

    def register(
        self, passkey: SoftwarePasskey, paths: tuple[str, str], label: str, **begin: str
    ) -> dict[str, Any]:
        """Make a passkey in answer to the first path's options and bring it to the second."""
        begun = self.post(paths[0], begin)
        return self.post(paths[1], self._made(passkey, begun, label))

    def _finish_sign_up(self, passkey: SoftwarePasskey, begun: dict[str, Any]) -> None:
        body = self._made(passkey, begun, "mydata")
        self.csrf = self.post("/sign-up/finish", body)["csrf"]

    def _made(self, passkey: SoftwarePasskey, begun: dict[str, Any], label: str) -> dict[str, Any]:
        made = passkey.create(begun["publicKey"], self.url)
        return {"ceremony": begun["ceremony"], "credential": made, "passkey_name": label}

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        answer = self._answer(method, path, body)
        found = answer.json() if answer.content else {}
        return found if isinstance(found, dict) else {}

    def _answer(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        headers = {"accept": "application/json"}
        if method != "GET" and self.csrf:
            headers["x-csrf-token"] = self.csrf
        try:
            answer = self.http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            reason = type(error).__name__
            raise click.ClickException(f"the hub at {self.url} does not answer: {reason}") from None
        if answer.is_success:
            return answer
        raise _refusal(answer)


def tell(as_json: bool, result: Mapping[str, Any], words: str | Callable[[], None]) -> None:
    """Print JSON, or say it in words."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    elif isinstance(words, str):
        click.echo(words)
    else:
        words()


def _refusal(answer: httpx.Response) -> Refused:
    try:
        problem = answer.json()
        slug = str(problem.get("type", "")).rpartition(":")[2]
        detail = str(problem.get("detail") or problem.get("title") or problem.get("message"))
    except (ValueError, AttributeError):
        problem, slug, detail = {}, "", f"the hub answered {answer.status_code}"
    return Refused(answer.status_code, slug, detail, problem)
