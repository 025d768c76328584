"""The sample providers in a process of their own, and a hub's side of connecting to them."""

from __future__ import annotations

import base64
import hashlib
import json
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from mydata_hub.collection.cursor import Cursor, read_cursor
from mydata_hub.collection.provider_http import HttpProvider, HubAtProvider, Tokens
from mydata_hub.collection.record import Record
from mydata_hub.collection.sync import Batch, Connection, Outcome, Syncer
from mydata_hub.collection.versions import settle
from mydata_hub.ports.clock import SetClock
from mydata_hub.samples.facts import KST

# An evening on which one of the payments of the days before is not told yet.
NOW = datetime(2026, 11, 18, 21, 0, tzinfo=KST)
HUB = "http://localhost:8787"
CALLBACK = f"{HUB}/connect/callback"
VERIFIER = "sample-verifier-sample-verifier-sample-verifier"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
READY_SECONDS = 30.0


def start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A `mydata samples` process and what it said when it was ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mydata_hub.cli", "samples", *arguments, "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        ready = selector.select(READY_SECONDS)
    line = process.stdout.readline() if ready else ""
    if not line:
        stop(process)
        raise AssertionError("the sample process was not ready")
    return process, json.loads(line)


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


@dataclass
class Samples:
    """The served providers, as a test and as a hub see them."""

    about: dict[str, Any]
    http: httpx.Client

    def base(self, family: str) -> str:
        return f"{self.about['url']}/{family}"

    def authorize(self, family: str, person: str, **changed: str) -> httpx.Response:
        """Follow the form as a browser would, and stop at the redirect to the hub."""
        asked = {
            "client_id": self.about["client_id"],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "state": "state-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changed
        json_wanted = {"accept": "application/json"}
        form = self.http.get(
            f"{self.base(family)}/oauth/2.0/authorize", params=asked, headers=json_wanted
        )
        if form.status_code != 200:
            return form
        told = form.json()
        choice = {"person": person, "decision": changed.get("decision", "allow")}
        return self.http.post(told["action"], data=told["fields"] | choice)

    def code(self, family: str, person: str) -> str:
        answer = self.authorize(family, person)
        assert answer.status_code == 303, answer.text
        back = parse_qs(urlsplit(answer.headers["location"]).query)
        assert back["state"] == ["state-1"]
        return back["code"][0]

    def token(self, family: str, **form: str) -> httpx.Response:
        own = {
            "client_id": self.about["client_id"],
            "client_secret": self.about["client_secret"],
            "grant_type": "authorization_code",
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return self.http.post(f"{self.base(family)}/oauth/2.0/token", data=own | form)

    def connect(self, family: str, person: str, deadline_s: float = 5.0) -> Connected:
        answer = self.token(family, code=self.code(family, person)).json()
        at = HubAtProvider(
            self.base(family),
            f"SAMPLE{family.upper()}",
            self.about["client_id"],
            self.about["client_secret"],
        )
        kept: list[Tokens] = []
        tokens = Tokens(answer["access_token"], answer["refresh_token"])
        provider = HttpProvider(at, tokens, kept.append, deadline_s)
        return Connected(family, f"{family}-{person}", provider, kept)

    def admin(self, method: str, path: str, **told: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.about['admin_token']}"}
        answer = self.http.request(
            method, f"{self.about['url']}/admin/{path}", headers=headers, json=told
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, kind: str, family: str, person: str, **more: Any) -> dict[str, Any]:
        return self.admin("POST", "faults", kind=kind, provider=family, person=person, **more)


class Connected:
    """One connection, and what the hub keeps of it; waits are counted and not slept."""

    def __init__(
        self, family: str, connection_id: str, provider: HttpProvider, renewed: list[Tokens]
    ) -> None:
        self.family = family
        self.connection_id = connection_id
        self.provider = provider
        self.renewed = renewed
        self.clock = SetClock(NOW)
        self.cursor = Cursor()
        self.batches: list[Batch] = []
        self.waits: list[float] = []

    def sync(self) -> Outcome:
        """One run, from the cursor as its row holds it."""
        syncer = Syncer(
            clock=self.clock,
            chance=lambda: 0.5,
            wait=self._wait,
            until=self.clock.now() + timedelta(minutes=10),
        )
        connection = Connection(
            connection_id=self.connection_id,
            family=self.family,
            provider=self.provider,
            cursor=read_cursor(self.cursor.to_values()),
        )
        return syncer.run(connection, self._keep)

    def held(self) -> dict[str, Record]:
        """What is in the vault: each record once, in the version that holds."""
        return settle(record for batch in self.batches for record in batch.records)

    def _keep(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.cursor = batch.cursor

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))


@contextmanager
def served(hub: str = HUB) -> Iterator[Samples]:
    process, about = start("providers", "--now", NOW.isoformat(), "--hub", hub)
    try:
        with httpx.Client(timeout=10) as http:
            yield Samples(about, http)
    finally:
        stop(process)
