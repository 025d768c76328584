"""The demonstration's acts about the vault: collect, import, understand."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mydata_hub.accounts.rows import rows_of
from mydata_hub.cli.client import HubClient, http_client
from mydata_hub.cli.house_acts import Story
from mydata_hub.cli.laptop import environment_of
from mydata_hub.cli.sample_providers import FILE_NAME as SAMPLE_PROVIDERS
from mydata_hub.cli.sources import connect_provider
from mydata_hub.cli.stage import LineFailed, run
from mydata_hub.collection.datasets import CARD_APPROVALS
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.collection.versions import settle
from mydata_hub.config import CollectSettings
from mydata_hub.errors import LimitExceeded, Unopenable
from mydata_hub.fields import VaultId
from mydata_hub.portability.archive import RECORDS
from mydata_hub.portability.reading import Archive
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Key
from mydata_hub.samples.lives import live
from mydata_hub.samples.people import PEOPLE
from mydata_hub.vault.announcements import FOLDED
from mydata_hub.vault.announcements import TABLE as SEGMENTS
from mydata_hub.vault.segment_opening import load_segment, open_segment, trust
from mydata_hub.vault.segments import blob_prefix
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import FoldRecordsSettings
from mydata_hub.wiring import blobs_for, keys_for, signer_for, tables_for

WAIT_SECONDS: Final = 30.0
JIUS: Final = ("sample-card", "sample-mobility", "sample-insurer")
HANAS: Final = ("sample-card",)


def collect(story: Story) -> None:
    """Providers are connected by signed consent, and their records sealed on arrival."""
    stage = story.stage
    stage.act("COLLECT · Jiu and Hana connect sample providers, each by a signed consent")
    _spoil(story, kind="repeat", provider="card", person="jiu")
    _spoil(story, kind="unavailable", provider="mobility", person="jiu")
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(_connect, (story, story), ("Jiu", "Hana"), (JIUS, HANAS)):
            pass
    with story.signed_in("Jiu") as jiu, story.signed_in("Hana") as hana:
        sources = _until_collected(jiu, len(JIUS))
        _until_collected(hana, len(HANAS))
        vault_id = jiu.get("/account/state")["account_id"]
    records = {source["provider_id"]: sum(source["records"].values()) for source in sources}
    for name, count in records.items():
        stage.line(f"{name}: collected, page by page.", count > 0, f"{count:,} records")
    paid, cancelled = _lived(story)
    held = _held(story, vault_id)
    stage.line(
        "One page came twice and one provider failed at first: nothing is doubled, nothing lost.",
        len(held) == paid,
        f"{len(held):,} card payments, as the sample life has",
    )
    stage.line(
        "Cancelled payments are told apart, and count for nothing.",
        0 < cancelled == sum(not record.counts for record in held),
        f"{cancelled} of them",
    )
    settings, sealed = _sealed(story, vault_id)
    stage.line(
        "Every record is sealed to the vault and signed.",
        bool(sealed),
        f"{len(sealed)} segments, {sum(map(len, sealed)):,} bytes",
    )
    refused = _try_to_read_back(settings, vault_id, sealed)
    stage.line("The collector, with all it holds, tries to read it back: REFUSED.", refused)
    stage.figures["records"] = records


def write_statement(story: Story) -> Path:
    """A sample bank statement with two broken lines."""
    path = story.folder / "statement.csv"
    run("samples", "statement", "jiu", "--out", str(path), "--broken", "--json").json()
    return path


def bring(story: Story, path: Path) -> None:
    """A bank statement of one's own goes into the vault; broken lines are named."""
    stage = story.stage
    stage.act("IMPORT · Jiu brings a bank statement of her own")
    whole = run("import", str(path), "--as", "Jiu", *story.data, "--all-or-nothing", "--json")
    stage.line("All or nothing: two broken lines, so nothing is taken.", whole.code == 1)
    told = run("import", str(path), "--as", "Jiu", *story.data, "--keep-good", "--json").json()
    places = ", ".join(f"line {one['line']} ({one['name']})" for one in told["broken_lines"])
    stage.line("Keeping the good ones: the broken are named.", told["broken"] == 2, places)
    stage.line("The rest is in the vault.", told["lines"] > 100, f"{told['lines']} lines")
    stage.figures["imported_lines"] = told["lines"]


def understand(story: Story) -> None:
    """What the vault finds, for the person's eyes only; and where it says nothing."""
    stage = story.stage
    stage.act("UNDERSTAND · only the person sees this")
    with story.signed_in("Jiu") as jiu:
        found = _until_understood(jiu)
    for name in ("habits.cafe_time", "commute.mode", "payments.recurring_count"):
        insight = found[name]
        support = json.dumps(_brief(insight["support"]), ensure_ascii=False)
        stage.line(insight["sentence"]["en"], insight["answer"] is not None, support)
    with story.signed_in("Hana") as hana:
        habit = _until_complete(hana)["habits.cafe_time"]
    stage.line(f"Hana: {habit['sentence']['en']}", habit["answer"] is None, "no answer is given")


def take_along(story: Story) -> None:
    """Everything of Jiu as one archive, which holds what her vault holds."""
    stage, file = story.stage, story.folder / "jiu.zip"
    stage.act("EXPORT · Jiu takes everything along")
    told = run("export", "--as", "Jiu", "--out", str(file), *story.data, "--json").json()
    with story.signed_in("Jiu") as jiu:
        vault_id = jiu.get("/account/state")["account_id"]
    deployment = story.deployment()
    tables = tables_for(FoldRecordsSettings.read(environment_of(deployment, "fold_records")))
    rows = [row.values for row in rows_of(tables, SEGMENTS, vault_id)]
    sealed = sum(int(str(row["count"])) for row in rows if row["state"] == FOLDED)
    with file.open("rb") as stream:
        archive = Archive(stream)
        archive.verify()
        files = archive.manifest.files
    inside = sum(one.lines for one in files if one.name.startswith(RECORDS))
    stage.line(
        "The archive holds every record of the vault, and its hashes fit.",
        inside == told["vault"]["records"] == sealed > 0 and not told["missing"],
        f"{inside:,} records, {file.stat().st_size:,} bytes",
    )
    stage.figures["exported_records"] = inside


def _connect(story: Story, name: str, providers: tuple[str, ...]) -> None:
    with story.signed_in(name) as person:
        passkey = story.passkey(name)
        for provider in providers:
            connect_provider(person, passkey, provider, name.lower())


def _lived(story: Story) -> tuple[int, int]:
    """How many card payments Jiu's sample life has been told of, and how many were cancelled."""
    until = datetime.fromisoformat(_beside(story)["now"])
    paid = [
        bought
        for bought in live(PEOPLE["jiu"], until).purchases
        if bought.through in ("credit", "debit") and bought.told_at <= until
    ]
    gone = [
        bought
        for bought in paid
        if bought.change and bought.change.kind == "cancelled" and bought.change.at <= until
    ]
    return len(paid), len(gone)


def _held(story: Story, vault_id: str) -> list[Record]:
    """The card payments in a vault, opened with what `fold_records` alone is deployed with."""
    deployment = story.deployment()
    settings = FoldRecordsSettings.read(environment_of(deployment, "fold_records"))
    tables, blobs = tables_for(settings), blobs_for(settings, settings.segments_bucket)
    collector = signer_for(settings, settings.collector_key, "ES256").public_key()
    trusted = trust([(collector, Provenance.COLLECTED)])
    keys = VaultKeys(tables, keys_for(settings, settings.vault_key), SystemClock())
    secret = keys.records_secret(VaultId(vault_id))
    records = [
        Record.decode(encoded)
        for row in rows_of(tables, SEGMENTS, vault_id)
        if row.values["dataset"] == CARD_APPROVALS
        for encoded in open_segment(load_segment(blobs, row), secret, trusted)
    ]
    return list(settle(records).values())


def _beside(story: Story) -> dict[str, Any]:
    """What the sample providers beside the hub have said of themselves."""
    told: dict[str, Any] = json.loads((story.hub.data / SAMPLE_PROVIDERS).read_text())
    return told


def _spoil(story: Story, **fault: str) -> None:
    """Let something go wrong at a sample provider, as the act then has to withstand."""
    kept = _beside(story)
    headers = {"authorization": f"Bearer {kept['admin_token']}"}
    with http_client(kept["url"], headers) as http:
        http.post("/admin/faults", json=fault).raise_for_status()


def _until_collected(person: HubClient, count: int) -> list[dict[str, Any]]:
    begun = time.perf_counter()
    while time.perf_counter() - begun < WAIT_SECONDS:
        sources: list[dict[str, Any]] = person.get("/sources/state")["sources"]
        if sum(source["complete_at"] is not None for source in sources) == count:
            return sources
        time.sleep(0.1)
    raise LineFailed(f"a source was not collected within {WAIT_SECONDS:.0f} s")


def _sealed(story: Story, vault_id: str) -> tuple[CollectSettings, list[bytes]]:
    """What the collector is deployed with, and the segments of one vault as they are stored."""
    deployment = story.deployment()
    settings = CollectSettings.read(environment_of(deployment, "collect"))
    blobs = blobs_for(settings, settings.segments_bucket)
    return settings, [blobs.get(name) for name in blobs.names(blob_prefix(VaultId(vault_id)))]


def _try_to_read_back(settings: CollectSettings, vault_id: str, sealed: list[bytes]) -> bool:
    """Whether nothing that the collector has opens anything: no table of keys, and no key."""
    tables, keys = tables_for(settings), keys_for(settings, settings.intake_key)
    with suppress(LimitExceeded):  # what a table that a function was not given raises
        tables.fetch_many(Key("keys", vault_id))
        return False
    for segment in sealed:
        try:
            keys.unwrap(segment, {"purpose": "records"})
        except Unopenable:
            continue
        return False
    return True


def _until_understood(person: HubClient) -> Mapping[str, dict[str, Any]]:
    begun = time.perf_counter()
    while True:
        state = person.get("/today/state")
        found = {insight["attribute"]: insight for insight in state["insights"]}
        known = sum(insight["answer"] is not None for insight in found.values())
        if known >= len(JIUS) or time.perf_counter() - begun > WAIT_SECONDS:
            return found
        time.sleep(0.1)


def _until_complete(person: HubClient) -> Mapping[str, dict[str, Any]]:
    begun = time.perf_counter()
    while True:
        state = person.get("/today/state")
        complete = state["sources"] and all(one["complete_until"] for one in state["sources"])
        if complete or time.perf_counter() - begun > WAIT_SECONDS:
            return {insight["attribute"]: insight for insight in state["insights"]}
        time.sleep(0.1)


def _brief(support: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a support, without its lists."""
    return {name: value for name, value in support.items() if not isinstance(value, list)}
