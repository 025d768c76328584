"""A served hub, Debian's Chromium, and people whose authenticators are simulated by the browser."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polib
import pytest
from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.laptop import desk_of, laptop_deployment, pages_environment
from mydata_hub.config import PagesSettings
from mydata_hub.web.wording import KOREAN
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# The same browser twice: the one without windows of its own is quicker.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 30
STEP_MS = 5_000
RELOADS, RELOAD_MS = 20, 500
LOCALES = {"ko": "ko-KR", "en": "en-GB"}


@dataclass
class ServedHub:
    """A hub in a process of its own."""

    url: str
    folder: Path


@dataclass
class Person:
    """Somebody at a browser of their own, who reads one language."""

    hub: ServedHub
    context: BrowserContext
    page: Page
    locale: str
    cdp: Any
    authenticator: str = ""
    errors: list[str] = field(default_factory=list)

    def say(self, sentence: str, **values: str) -> str:
        """A sentence of the pages in this person's language."""
        if self.locale == "ko":
            sentence = korean()[sentence]
        return sentence % values if values else sentence

    def new_authenticator(self) -> None:
        """Hold another device in the hand; the one before stays at home."""
        if self.authenticator:
            self.cdp.send(
                "WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.authenticator}
            )
        added = self.cdp.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self.authenticator = added["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        """What the authenticator holds."""
        held = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return held["credentials"]

    def take(self, credential: dict[str, Any]) -> None:
        """Put a credential on the authenticator."""
        self.cdp.send(
            "WebAuthn.addCredential",
            {"authenticatorId": self.authenticator, "credential": credential},
        )

    def go(self, path: str) -> None:
        self.page.goto(self.hub.url + path)

    def finds(self, path: str, sentence: str) -> None:
        """Reload a page until it says so: an entry has its place in the log a moment later."""
        told = self.page.get_by_text(self.say(sentence)).first
        for _ in range(RELOADS):
            self.go(path)
            if told.is_visible():
                return
            self.page.wait_for_timeout(RELOAD_MS)
        raise AssertionError(f"{path} does not say: {sentence}")

    def press(self, sentence: str) -> None:
        """Press a button by what it says."""
        self.page.get_by_role("button", name=self.say(sentence), exact=True).click()

    def fill(self, label: str, text: str) -> None:
        """Fill a field in by its label."""
        self.page.get_by_label(self.say(label), exact=True).fill(text)

    def heading(self, sentence: str, **values: str) -> None:
        """Wait until the page is headed so."""
        name = self.say(sentence, **values)
        self.page.get_by_role("heading", name=name, exact=True).wait_for()

    def told(self, sentence: str) -> None:
        """Wait until the page says so where it is read out."""
        said = self.page.get_by_role("alert").filter(has_text=self.say(sentence))
        said.wait_for()

    def sign_up(self, name: str) -> None:
        self.go("/sign-up")
        self.fill("What should we call you?", name)
        self.press("Make a passkey")
        self.heading("Hello, %(name)s", name=name)

    def sign_in(self) -> None:
        self.go("/sign-in")
        self.press("Sign in with a passkey")

    def make_code(self) -> str:
        """A recovery code, read from the sheet and put away."""
        self.press("Make a recovery code")
        self.heading("Your recovery code")
        code = self.page.locator("#code-text").inner_text()
        assert re.fullmatch(r"([0-9A-Z]{5}-){5}[0-9A-Z]{5}", code)
        with self.page.expect_navigation():
            self.press("I have kept it")
        return code


def korean() -> dict[str, str]:
    """English sentence -> Korean sentence."""
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(KOREAN))}


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHub]:
    """The hub as `mydata serve` runs it."""
    folder = tmp_path_factory.mktemp("hub")
    with served(folder) as hub:
        yield hub


@pytest.fixture(scope="session")
def desk(hub: ServedHub) -> Desk:
    """The served hub's own database, for what no page can do."""
    return desk_of(PagesSettings.read(pages_environment(laptop_deployment(hub.folder, hub.url))))


@contextmanager
def served(folder: Path) -> Iterator[ServedHub]:
    """A hub that is served while the block runs."""
    command = [sys.executable, "-m", "mydata_hub.cli", "serve", "--port", "0", "--empty", "--json"]
    log = folder.with_name("hub.log")
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*command, "--data", str(folder)],
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        try:
            assert process.stdout
            readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
            line = process.stdout.readline() if readable else b""
            assert line, f"the hub did not start: {log.read_text()[-2000:]}"
            about = json.loads(line)
            yield ServedHub(about["url"], folder)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; each person gets a context of their own."""
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def somebody(hub: ServedHub, chromium: Browser) -> Iterator[Callable[..., Person]]:
    """Makes people; at the end no page may have reported an error."""
    people: list[Person] = []

    def make(locale: str = "en", **settings: Any) -> Person:
        settings = {"viewport": {"width": 1280, "height": 900}, **settings}
        context = chromium.new_context(locale=LOCALES[locale], **settings)
        context.set_default_timeout(STEP_MS)
        page = context.new_page()
        cdp = context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        person = Person(hub, context, page, locale, cdp)
        # What the content security policy blocks and what a script throws ends up here.
        page.on("pageerror", lambda error: person.errors.append(str(error)))
        page.on("console", lambda line: _keep_errors(person, line))
        person.new_authenticator()
        people.append(person)
        return person

    yield make
    for person in people:
        person.context.close()
    assert [error for person in people for error in person.errors] == []


def _keep_errors(person: Person, line: Any) -> None:
    # Chromium itself notes each answer of 4xx; those are what some tests ask for.
    if line.type == "error" and "the server responded with a status of 4" not in line.text:
        person.errors.append(line.text)
