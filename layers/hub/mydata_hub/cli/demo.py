"""`mydata demo`: the story so far, told by processes that meet over HTTP, with its figures."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import click
import httpx
from rich.console import Console

from mydata_hub.cli.client import HubClient
from mydata_hub.cli.log import HttpSource, httpx_client
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.stage import LineFailed, ServedHub, Stage, free_port, quiet_environment, run_all
from mydata_hub.cli.stage import run as mydata
from mydata_hub.transparency.tiles import tiles_of
from mydata_hub.web.guards import ROUTES, Guard

WRITERS: Final = 4
LOG_SECONDS: Final = 15.0
# Stands in for a path parameter where the demonstration only asks whether it may come in.
SOME_ID: Final = "x"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="print the figures as JSON at the end")
def demo(as_json: bool) -> None:
    """Tell the main job on this machine, with sample people as processes of their own."""
    quiet_environment()
    stage = Stage(Console(stderr=as_json))
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mydata-demo-") as folder:
        hub = ServedHub(Path(folder) / "data", free_port())
        try:
            _tell(stage, hub, Path(folder))
        except (LineFailed, click.ClickException, httpx.HTTPError) as error:
            stage.console.print(f"[red]The story ends here:[/red] {error}", highlight=False)
            sys.exit(1)
        finally:
            hub.stop()
    stage.figures["seconds"] = round(time.perf_counter() - begun, 1)
    stage.console.print(
        f"\nAll of it held, in {stage.figures['seconds']} s. Nothing is left running."
    )
    if as_json:
        click.echo(json.dumps(stage.figures))


def _tell(stage: Stage, hub: ServedHub, folder: Path) -> None:
    stage.act("1. A hub starts on this machine, from template.yaml")
    seconds = hub.start()
    stage.line("It serves on the loopback only.", hub.url.startswith("http://localhost:"))
    stage.line("It is ready.", True, f"{seconds:.1f} s")
    _knock(stage, hub)
    _join(stage, hub)
    _recover(stage, hub)
    _crash(stage, hub)
    _check_log(stage, hub, folder / "mirror")
    stage.act("7. The hub stops")
    seconds = hub.stop()
    stage.line("It ended what it was doing and went.", seconds < 10, f"{seconds:.1f} s")


def _knock(stage: Stage, hub: ServedHub) -> None:
    stage.act("2. Somebody without credentials tries every door")
    doors = [route for route in ROUTES if route.guard is not Guard.PUBLIC]
    with httpx.Client(base_url=hub.url, headers={"accept": "application/json"}) as http:
        refused = 0
        for route in doors:
            path = "/".join(SOME_ID if part[:1] == "{" else part for part in route.path.split("/"))
            answer = http.request(route.method, path, headers={"origin": hub.url})
            refused += answer.status_code in (401, 403)
        front = http.get("/")
    stage.line("Every guarded route refuses.", refused == len(doors), f"{refused} of {len(doors)}")
    policy = front.headers.get("content-security-policy", "")
    strict = "default-src 'none'" in policy and "unsafe" not in policy
    stage.line("The front page is open, and allows no script but the hub's own files.", strict)
    stage.figures["guarded_routes"] = len(doors)


def _join(stage: Stage, hub: ServedHub) -> None:
    stage.act("3. Three people join, each with a passkey and a one-time link")
    people = {name: link for name, link in hub.links.items() if name in ("Jiu", "Minho", "Hana")}
    told = run_all(
        *(
            ("person", "add", name, "--link", link, "--data", str(hub.data), "--json")
            for name, link in people.items()
        )
    )
    ids = {one.json()["account_id"] for one in told}
    stage.line(f"{', '.join(people)} have accounts of their own.", len(ids) == len(people) == 3)
    again = mydata("person", "add", "Mallory", "--link", people["Jiu"], "--data", str(hub.data))
    stage.line("A link that was used opens nothing.", again.code == 1, again.reason())


def _recover(stage: Stage, hub: ServedHub) -> None:
    stage.act("4. Somebody finds Jiu's printed recovery code")
    jiu = ("--as", "Jiu", "--data", str(hub.data), "--json")
    code = mydata("person", "recovery-code", *jiu).json()["code"]
    thief = ("--as", "Thief", "--data", str(hub.data), "--json")
    matures_at = mydata("person", "recover", code, *thief).json()["matures_at"]
    stage.line("The finder's passkey opens nothing for 72 hours.", True, f"until {matures_at}")
    early = mydata("person", "show", *thief, "--passkey", "recovered")
    stage.line("It is refused now, like any unknown passkey.", early.code == 1)
    _wait_for_notice(stage, jiu)
    wider = mydata("person", "recovery-code", *jiu)
    stage.line("Meanwhile nothing can be widened, by Jiu or anyone.", wider.code == 1)
    gone = mydata("person", "cancel-recovery", *jiu)
    stage.line("Jiu cancels with one command.", gone.code == 0)
    used = mydata("person", "recover", code, *thief, "--passkey", "again")
    stage.line("The code is burned.", used.code == 1, used.reason())


def _wait_for_notice(stage: Stage, jiu: tuple[str, ...]) -> None:
    begun = time.perf_counter()
    kinds: set[str] = set()
    while "recovery_started" not in kinds and time.perf_counter() - begun < 10:
        state = mydata("person", "show", *jiu).json()
        kinds = {notice["kind"] for notice in state["notices"]}
    waited = time.perf_counter() - begun
    stage.line("Jiu's passkey is told.", "recovery_started" in kinds, f"within {waited:.1f} s")


def _crash(stage: Stage, hub: ServedHub) -> None:
    stage.act("5. The hub is killed while people join")
    acknowledged: list[SoftwarePasskey] = []
    ended = threading.Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [
            pool.submit(_join_until_killed, hub.url, writer, acknowledged, ended)
            for writer in range(WRITERS)
        ]
        time.sleep(random.uniform(1.0, 1.8))  # noqa: S311 (when, not what)
        ended.set()
        hub.kill()
        for done in writers:
            done.result()
    kept = tuple(acknowledged)
    report = mydata("fsck", "--data", str(hub.data), "--json").json()
    stage.line("fsck finds every row, index, blob and key whole.", report["findings"] == [])
    seconds = hub.start()
    opened = 0
    for passkey in kept:
        with HubClient.open(hub.url) as client:
            client.sign_in(passkey)
            opened += 1
    stage.line(
        f"kill -9 in the middle, and all {len(kept)} who were told “you have joined” can sign in.",
        0 < opened == len(kept),
        f"{opened} of {len(kept)}, back after {seconds:.1f} s",
    )
    stage.figures["acknowledged_before_kill"] = len(kept)


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


def _check_log(stage: Stage, hub: ServedHub, mirror: Path) -> None:
    stage.act("6. An auditor checks the log, then a forged copy of it")
    begun = time.perf_counter()
    report: dict[str, object] = {}
    joined = int(str(stage.figures["acknowledged_before_kill"])) + 3
    while int(str(report.get("size") or 0)) < joined and time.perf_counter() - begun < LOG_SECONDS:
        report = mydata("log", "verify", "--url", hub.url, "--json").json()
    whole = report["verified"] is True and int(str(report["size"])) >= joined
    stage.line(
        "Every account's opening is in it, and it verifies.", whole, f"{report['size']} entries"
    )
    entries = _mirror(hub.url, mirror)
    same = mydata("log", "verify", "--folder", str(mirror), "--json").json()
    stage.line("A mirror verifies with the same root.", same["verified"] is True)
    content = bytearray(entries.read_bytes())
    content[len(content) // 2] ^= 1
    entries.write_bytes(content)
    forged = mydata("log", "verify", "--folder", str(mirror), "--json").json()
    named = [finding["object"] for finding in forged["findings"]]
    wanted = entries.relative_to(mirror).as_posix()
    stage.line("One flipped bit is found, and named.", wanted in named, ", ".join(named))
    stage.figures["log_entries"] = report["size"]


def _mirror(url: str, folder: Path) -> Path:
    """Copy a log; gives the file of its first entries."""
    with httpx_client(url) as client:
        source = HttpSource(client)
        checkpoint = source.get("checkpoint")
        size = int(checkpoint.split(b"\n")[1])
        names = [tile.path for tile in tiles_of(size)]
        for name in ("key", *names):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.get(name))
        (folder / "checkpoint").write_bytes(checkpoint)
    return folder / next(name for name in names if name.startswith("tile/entries/"))
