"""The demonstration's acts about the house: doors, joining, recovery, and a kill in the middle."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import click
import httpx

from mydata_hub.cli.client import HubClient, Refused, http_client
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.person import RECOVER
from mydata_hub.cli.stage import ServedHub, Stage, run, run_all
from mydata_hub.cli.wallet import FIRST, Wallet
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.web.guards import ROUTES, Guard

PEOPLE: Final = ("Jiu", "Minho", "Hana")
WRITERS: Final = 4
NOTICE_SECONDS: Final = 10.0
JOIN_SECONDS: Final = 20.0
# Stands in for a path parameter where somebody only asks whether they may come in.
SOME_ID: Final = "x"


@dataclass(frozen=True, slots=True)
class Story:
    """What every act has: where to tell it, the hub, and a folder for files."""

    stage: Stage
    hub: ServedHub
    folder: Path

    @contextmanager
    def signed_in(self, name: str) -> Iterator[HubClient]:
        """A person's session, opened with the passkey they have here."""
        with HubClient.open(self.hub.url) as client:
            client.sign_in(self.passkey(name))
            yield client

    def passkey(self, name: str) -> SoftwarePasskey:
        """The passkey a person has here."""
        return Wallet(self.hub.data).load(name, FIRST)

    def deployment(self) -> Deployment:
        """The hub's own, as the template has it."""
        return _deployment(self.hub.data, self.hub.url)

    @property
    def data(self) -> tuple[str, str]:
        """The option that names the hub's data folder."""
        return ("--data", str(self.hub.data))


@cache
def _deployment(data: Path, url: str) -> Deployment:
    return laptop_deployment(data, url)


def start(story: Story) -> None:
    """The hub begins, from the template that is deployed."""
    story.stage.act("START · a hub on this machine, from template.yaml")
    seconds = story.hub.start()
    url = story.hub.url
    story.stage.line("It serves on the loopback only.", url.startswith("http://localhost:"), url)
    story.stage.line("It is ready.", True, f"{seconds:.1f} s")


def knock(story: Story) -> None:
    """Nobody comes in without what the door asks for."""
    story.stage.act("DOORS · somebody without credentials tries every one")
    doors = [route for route in ROUTES if route.guard is not Guard.PUBLIC]
    url = story.hub.url
    with http_client(url, {"accept": "application/json"}) as http:
        refused = 0
        for route in doors:
            path = "/".join(SOME_ID if part[:1] == "{" else part for part in route.path.split("/"))
            answer = http.request(route.method, path, headers={"origin": url})
            # 400 is how OAuth refuses what is no request of a client at all (RFC 6749 5.2).
            refused += answer.status_code in (400, 401, 403)
        policy = http.get("/").headers.get("content-security-policy", "")
    story.stage.line(
        "Every guarded route refuses.", refused == len(doors), f"{refused} of {len(doors)}"
    )
    strict = "default-src 'none'" in policy and "unsafe" not in policy
    story.stage.line("The front page is open, and runs no script but the hub's files.", strict)
    story.stage.figures["guarded_routes"] = len(doors)


def join(story: Story) -> None:
    """The sample people enrol, each in a process of their own."""
    story.stage.act("JOIN · three people, each with a passkey and a one-time link")
    links = {name: story.hub.links[name] for name in PEOPLE}
    told = run_all(
        *(
            ("person", "add", name, "--link", link, *story.data, "--json")
            for name, link in links.items()
        )
    )
    ids = {one.json()["account_id"] for one in told}
    story.stage.line(f"{', '.join(PEOPLE)} have accounts of their own.", len(ids) == len(PEOPLE))
    with HubClient.open(story.hub.url) as client:
        refusal = _refusal_of(lambda: client.enrol(SoftwarePasskey.make(), links["Jiu"]))
    story.stage.line("A link that was used opens nothing.", refusal is not None, refusal or "")


def recover(story: Story) -> None:
    """A found recovery code helps nobody but its owner."""
    story.stage.act("RECOVER · somebody finds Jiu's printed recovery code")
    theirs = SoftwarePasskey.make()
    with story.signed_in("Jiu") as jiu, HubClient.open(story.hub.url) as finder:
        code = jiu.post("/recovery-code")["code"]
        matures_at = finder.register(theirs, RECOVER, "found", code=code)["matures_at"]
        story.stage.line("The finder's passkey waits 72 hours.", True, f"until {matures_at[:16]}")
        early = _refusal_of(lambda: finder.sign_in(theirs))
        story.stage.line("It opens nothing now.", early is not None)
        seconds = _wait_for_notice(jiu)
        story.stage.line("Jiu's passkey is told.", seconds < NOTICE_SECONDS, f"{seconds:.1f} s")
        wider = _refusal_of(lambda: jiu.post("/recovery-code"))
        story.stage.line("Meanwhile nothing can be widened, by anyone.", wider is not None)
        jiu.post("/recovery/cancel")
        again = _refusal_of(
            lambda: finder.register(SoftwarePasskey.make(), RECOVER, "again", code=code)
        )
        story.stage.line("Jiu cancels, and the code is burned.", again is not None)


def crash(story: Story) -> None:
    """kill -9 in the middle of people joining."""
    stage, hub = story.stage, story.hub
    stage.act("CRASH · the hub is killed while people join")
    acknowledged: list[SoftwarePasskey] = []
    ended = threading.Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [
            pool.submit(_join_until_killed, hub.url, writer, acknowledged, ended)
            for writer in range(WRITERS)
        ]
        time.sleep(random.uniform(0.6, 1.2))  # noqa: S311 (when, not what)
        # A busy machine lets nobody in within a second, and then a kill would show nothing.
        until = time.monotonic() + JOIN_SECONDS
        while not acknowledged and time.monotonic() < until:
            time.sleep(0.05)
        ended.set()
        hub.kill()
        for done in writers:
            done.result()
    kept = tuple(acknowledged)
    report = run("fsck", *story.data, "--json").json()
    stage.line("fsck finds every row, index, blob and key whole.", report["findings"] == [])
    seconds = hub.start()
    opened = 0
    for passkey in kept:
        with HubClient.open(hub.url) as client:
            client.sign_in(passkey)
            opened += 1
    stage.line(
        "kill -9, and everybody who was told “you have joined” can sign in.",
        0 < opened == len(kept),
        f"{opened} of {len(kept)}, back after {seconds:.1f} s",
    )
    stage.figures["acknowledged_before_kill"] = len(kept)


def _refusal_of(act: Callable[[], object]) -> str | None:
    """What the hub says when it refuses, or None when it does not."""

    try:
        act()
    except Refused as refused:
        return str(refused.message)
    return None


def _wait_for_notice(jiu: HubClient) -> float:
    begun = time.perf_counter()
    while time.perf_counter() - begun < NOTICE_SECONDS:
        notices = jiu.get("/account/state")["notices"]
        if any(notice["kind"] == "recovery_started" for notice in notices):
            break
        time.sleep(0.05)
    return time.perf_counter() - begun


def _join_until_killed(
    url: str, writer: int, acknowledged: list[SoftwarePasskey], ended: threading.Event
) -> None:
    for count in range(40):
        passkey = SoftwarePasskey.make()
        try:
            with HubClient.open(url) as client:
                client.sign_up(passkey, f"Guest {writer}.{count}", "en")
        except (click.ClickException, httpx.HTTPError):
            if ended.is_set():
                return
            raise
        acknowledged.append(passkey)
