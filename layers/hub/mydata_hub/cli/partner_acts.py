"""The demonstration's acts about a partner: ask, withdraw, audit."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from mydata_hub.cli.client import http_client
from mydata_hub.cli.house_acts import Story
from mydata_hub.cli.log_sources import HttpSource, log_client
from mydata_hub.cli.own_entries import own_entries
from mydata_hub.cli.stage import run, run_all
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.transparency.tiles import tiles_of

LOG_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.2
SETTLED_SECONDS: Final = 0.6
TOLD_SECONDS: Final = 15.0
# In the catalogue, but never granted to the bicycle service.
NOT_GRANTED: Final = "insurance.car_cover"
# In no catalogue.
UNKNOWN: Final = "payments.all_records"
RECEIPT: Final = "receipt.json"
JSON: Final = {"accept": "application/json"}


@dataclass(slots=True)
class Shop:
    """The sample bicycle service, a process of its own, as a program talks to it."""

    http: httpx.Client
    visit: str = ""
    event_id: str = ""

    def ask(self, *claims: str) -> dict[str, Any]:
        """What the service learns when it asks; of its own questions unless others are named."""
        told = {"visit": self.visit} | ({"claims": list(claims)} if claims else {})
        answer = self.http.post("/ask", json=told)
        return dict(answer.json())


def visit_shop(story: Story) -> Shop:
    """A visit to the bicycle service that is served beside the hub."""
    address = story.hub.about["partners"]["bicycle"]
    return Shop(http_client(address, JSON))


def ask(story: Story, shop: Shop) -> None:
    """The partner asks, the person allows it, and the partner learns answers."""
    stage = story.stage
    stage.act("ASK · a sample bicycle service asks Jiu, by standard OAuth")
    begun = shop.http.post("/start", json={}).json()
    shop.visit = begun["visit"]
    location = run(
        *("person", "approve", begun["authorization_url"], "--as", "Jiu", *story.data, "--json")
    ).json()["location"]
    first = shop.http.get(location).json()
    answers = {answer["claim"]: answer["answer"] for answer in first["answers"]}
    for claim, answer in answers.items():
        entry = find_claim(claim).claim
        stage.line(
            f"“{entry.question.en}” {answer}", answer in entry.alphabet, f"{entry.bits} bits"
        )
    # All that went over the wire: an answer has these members and no other.
    told = {name for answer in first["answers"] for name in answer}
    stage.line("Records sent: 0.", told == {"claim", "version", "answer", "sd_jwt"})
    stage.line("Jiu signed exactly this with a passkey.", _granted(story) == set(answers))
    before = _charged(story, first["event_id"])
    again = shop.ask()
    same = {answer["claim"]: answer["answer"] for answer in again["answers"]} == answers
    cost = _charged(story, again["event_id"]) - before
    stage.line("Asked again: the same answers, for 0 bits.", same and cost == 0, f"{cost:g} bits")
    for claims, words in ((NOT_GRANTED, "What was not allowed"), (UNKNOWN, "No such question")):
        refused = shop.ask(claims)
        stage.line(f"{words}: REFUSED.", refused["status"] in (400, 403), refused["refusal"])
    shop.event_id = first["event_id"]
    (story.folder / RECEIPT).write_bytes(_receipt(shop))
    stage.figures |= {"answers": answers, "answer_milliseconds": first["milliseconds"]}


def withdraw(story: Story, shop: Shop) -> None:
    """The person withdraws, and the very next call is refused."""
    stage = story.stage
    stage.act("WITHDRAW · Jiu takes it back")
    with story.signed_in("Jiu") as jiu:
        given = _release_grants(jiu.get("/grants/state"))
        begun = time.perf_counter()
        jiu.post(f"/grants/{given[0]['grant_id']}/withdraw")
        refused = shop.ask()
        milliseconds = (time.perf_counter() - begun) * 1000
        told = _told(jiu, given[0]["grant_id"], begun)
    stage.line(
        "The partner's next call is refused.",
        refused["status"] in (401, 403),
        f"{milliseconds:.0f} ms after the tap: {refused['refusal']}",
    )
    stage.figures["withdrawn_and_refused_milliseconds"] = round(milliseconds)
    stage.line(
        "The partner was told, confirmed, deleted what it knew, and signed that.",
        told["state"] == "deletion_attested" and told["confirmed"],
        f"{told['milliseconds']:.0f} ms after the tap",
    )
    left = shop.http.get("/", params={"visit": shop.visit}).json()
    stage.line("The partner holds no answer about Jiu any more.", left["forgotten"])
    stage.figures["partner_deleted_milliseconds"] = round(told["milliseconds"])


def _told(person: Any, grant_id: str, begun: float) -> dict[str, Any]:
    """What became of the news of a grant's end, once its partner has signed that it deleted."""
    while True:
        grants = person.get("/grants/state")["grants"]
        (told,) = (dict(grant["told"]) for grant in grants if grant["grant_id"] == grant_id)
        spent = time.perf_counter() - begun
        if (told["state"] == "deletion_attested" and told["confirmed"]) or spent > TOLD_SECONDS:
            return {**told, "milliseconds": spent * 1000}
        time.sleep(0.05)


def audit(story: Story) -> None:
    """An auditor checks the log, the partner its receipt, and a forged copy is found out."""
    stage, url = story.stage, story.hub.url
    stage.act("AUDIT · an auditor checks the log, then a forged copy of it")
    _wait_for_log(url)
    receipt, spoilt = story.folder / RECEIPT, story.folder / "spoilt.json"
    spoilt.write_bytes(_flip(receipt.read_bytes()))
    mirror, forged = story.folder / "mirror", story.folder / "forged"
    entries = _mirror(url, mirror).relative_to(mirror)
    shutil.copytree(mirror, forged)
    (forged / entries).write_bytes(_flip((forged / entries).read_bytes()))
    # Each looks at something of its own, so nobody waits for another.
    whole, true, wrong, copy, found, invited = run_all(
        ("log", "verify", "--url", url, "--json"),
        ("receipt", "verify", str(receipt), "--url", url, "--json"),
        ("receipt", "verify", str(spoilt), "--url", url, "--json"),
        ("log", "verify", "--folder", str(mirror), "--json"),
        ("log", "verify", "--folder", str(forged), "--json"),
        ("auditor", "add", "Dana", "--locale", "en", *story.data, "--json"),
    )
    report = whole.json()
    stage.line(
        "Every entry verifies against the signed checkpoint.",
        report["verified"] is True,
        f"{report['size']} entries, root {str(report['root'])[:16]}…",
    )
    stage.line("The partner's answer receipt verifies, with its place in the log.", true.code == 0)
    stage.line("One letter changed in it: DETECTED.", wrong.code == 1, wrong.reason())
    stage.line("A mirror of the log verifies too.", copy.json()["verified"] is True)
    named = [finding["object"] for finding in found.json()["findings"]]
    changed = entries.as_posix() in named
    stage.line("One byte changed in the copy: DETECTED.", changed, ", ".join(named))
    stage.figures["log_entries"] = report["size"]
    _count(story, invited.json()["link"])


def _count(story: Story, link: str) -> None:
    """Somebody who sees every entry and no person counts what left the vaults."""
    stage, data = story.stage, story.data
    run("auditor", "enrol", "Dana", "--link", link, *data)
    counted = run("auditor", "counts", "--as", "Dana", *data, "--json").json()
    kinds = counted["by_class"]
    released = sum(float(one["bits"]) for one in counted["bits"])
    stage.line(
        "An auditor counts every entry, and each opens its leaf; no person is in any of them.",
        counted["entries"] == counted["size"],
        f"{counted['entries']} entries of {len(kinds)} kinds, {released:g} bits to partners",
    )
    stage.figures["kinds"] = kinds


def _granted(story: Story) -> set[str]:
    with story.signed_in("Jiu") as jiu:
        (grant,) = _release_grants(jiu.get("/grants/state"))
    return {item.partition("@")[0] for item in grant["items"]}


def _charged(story: Story, event_id: str) -> float:
    """The bits that answers to partners have cost Jiu so far, as the activity page counts them,
    once this event is among them: the log may be a second behind."""
    begun = time.perf_counter()
    with story.signed_in("Jiu") as jiu:
        while True:
            entries = own_entries(jiu)
            seen = any(entry["event_id"] == event_id for entry in entries)
            if seen or time.perf_counter() - begun > LOG_SECONDS:
                return float(sum(entry.get("bits") or 0 for entry in entries))
            time.sleep(POLL_SECONDS)


def _release_grants(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        grant
        for grant in state["grants"]
        if grant["kind"] == "release" and grant["state"] == "active"
    ]


def _wait_for_log(url: str) -> None:
    """Until everything that happened so far is in the log: it grows no more."""
    begun, size = time.perf_counter(), ""
    with log_client(url) as client:
        while time.perf_counter() - begun < LOG_SECONDS:
            before, size = size, client.get("checkpoint").text.splitlines()[1]
            if size == before:
                return
            time.sleep(SETTLED_SECONDS)


def _receipt(shop: Shop) -> bytes:
    """The partner's receipt with its place in the log, which may be a second behind."""
    begun = time.perf_counter()
    while True:
        answer = shop.http.post("/receipt", json={"visit": shop.visit, "event_id": shop.event_id})
        placed = answer.is_success and answer.json().get("log") is not None
        if placed or time.perf_counter() - begun > LOG_SECONDS:
            return answer.content
        time.sleep(POLL_SECONDS)


def _flip(content: bytes) -> bytes:
    """The content with one bit of its middle changed."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _mirror(url: str, folder: Path) -> Path:
    """Copy a log; gives the file of its first entries."""
    with log_client(url) as client:
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
