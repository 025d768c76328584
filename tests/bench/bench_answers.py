"""Answers: what `POST /claims` takes after histories of three sizes, and what its time tells.

The handler is the deployed one on SQLite, with warm keys. Beside it DuckDB answers the same
question by a plain query over the same history, unencrypted, in a Parquet file.
"""

from __future__ import annotations

import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from mydata_hub.accounts.rows import rows_of
from mydata_hub.collection.record import Record
from mydata_hub.fields import ClaimRef, VaultId
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.profile import Profile
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.tables import Delete, Row, Tables, VersionIs
from mydata_hub.release.ledger_rows import TABLE as LEDGER
from mydata_hub.release.ledger_rows import ledger_key, total_key
from mydata_hub.release.signing_keys import LEAD, PRESENT, put_days, read_days
from mydata_hub.vault.manifest import HASH_BYTES, PAGES, Manifest, read_manifest, vault_row
from mydata_hub.vault.profiles import open_profile, seal_profile, write_vault
from mydata_hub.vault.vault_keys import ProfileSecret, VaultKeys
from mydata_hub.vault_config import AnswerSettings, FoldRecordsSettings
from mydata_hub.wiring import keys_for, tables_for

from tests.bench.plain_history import history, query_times
from tests.bench.ratio import Ratio
from tests.unit.accounts.conftest import memory_folder
from tests.unit.answer.answer_world import AskingPartner, Laptop
from tests.unit.insights.lives import weekdays_before
from tests.unit.release.attack_world import Seen, Town
from tests.unit.web.conftest import Browser

NAME = "answers"
SIZES = (1_000, 100_000, 1_000_000)
SAMPLES = 400
PAIRS = 10_000


def run() -> Sequence[Ratio]:
    """Latencies by the size of the history, the query beside the largest, the classifier."""
    with tempfile.TemporaryDirectory() as folder:
        latencies = _latencies(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        queried = query_times(Path(folder), max(SIZES))
    return [*_ratios(latencies, queried), _answered(max(SIZES), queried), *_classified()]


def _latencies(folder: Path) -> dict[int, list[float]]:
    hub = Laptop(folder)
    tables = tables_for(AnswerSettings.read(hub.environment("answer")))
    askers = {}
    for size in SIZES:
        person = Browser(hub)  # type: ignore[arg-type]
        assert person.sign_up(f"person {size}").status == 201
        partner = AskingPartner(hub, hub.environment("authorize"), client_id=f"partner-{size}")
        _fill(hub, person.state()["account_id"], size)
        partner.be_allowed(person)
        askers[size] = (partner, person.state()["account_id"])
    assert askers[SIZES[0]][0].ask().status == 200
    _let_the_key_of_the_day_sign(tables)
    hub.handlers.pop("answer")
    taken: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(SAMPLES + 1):
        for size, (partner, person_id) in askers.items():
            _forget_charges(tables, person_id)
            elapsed = _ask(hub, partner)
            if number:  # the first warms the keys
                taken[size].append(elapsed)
    return taken


def _fill(hub: Laptop, vault_id: Any, size: int) -> None:
    settings = FoldRecordsSettings.read(hub.environment("fold_records"))
    tables, entropy = tables_for(settings), SystemEntropy()
    keys = VaultKeys(tables, keys_for(settings, settings.vault_key), SystemClock())
    keys.create_vault(vault_id, entropy)
    profile = _profile(vault_id, size)
    row = tables.fetch_many(vault_row(vault_id))[vault_row(vault_id)]
    manifest = read_manifest(vault_id, row)
    sealed = seal_profile(profile.encode(), 1, manifest, keys.profile_secret(vault_id), entropy)
    tables.commit(write_vault(row, manifest, keys.records_secret(vault_id), 1, sealed))


def _profile(vault_id: Any, size: int) -> Profile:
    profile: Profile = new_profile(vault_id)
    for batch in history(size):
        profile = advance_profile(profile, batch, {"connection-1": datetime.now(UTC)}, 0)
    return profile


def _let_the_key_of_the_day_sign(tables: Tables) -> None:
    row = tables.fetch_many(PRESENT)[PRESENT]
    (day,) = read_days(row)
    tables.commit(put_days(row, [replace(day, begins_at=day.begins_at - 2 * LEAD)]))


def _forget_charges(tables: Tables, person_id: Any) -> None:
    # So that each sample is a new answer out of the vault, and no budget ends the run.
    told = list(rows_of(tables, LEDGER, person_id))
    if told:
        tables.commit(*(Delete(row.key, VersionIs(row.version)) for row in told))


def _ask(hub: Laptop, partner: AskingPartner) -> float:
    """Milliseconds of one invocation; the partner's own work is not in it."""
    proof = partner.proof("POST", "/claims", token=partner.token)
    event = {
        "version": "2.0",
        "routeKey": "POST /claims",
        "rawPath": "/claims",
        "rawQueryString": "",
        "headers": {
            "authorization": f"DPoP {partner.token}",
            "dpop": proof,
            "content-type": "application/json",
            "idempotency-key": secrets.token_hex(8),
        },
        "requestContext": {"http": {"method": "POST", "path": "/claims"}},
        "body": json.dumps({"claims": ["commute.mode"]}),
        "isBase64Encoded": False,
    }
    begun = time.perf_counter()
    answered = hub.invoke("answer", event)
    elapsed = (time.perf_counter() - begun) * 1000
    assert answered["statusCode"] == 200, answered["body"]
    assert json.loads(answered["body"])["answers"][0]["answer"] == "subway", answered["body"]
    return elapsed


def _answered(size: int, queried: list[float]) -> Ratio:
    """The same without what the query has none of: access, policies, a charge, proof and commit."""
    vault_id, entropy = VaultId("vault-1"), SystemEntropy()
    manifest = Manifest(
        vault_id=vault_id, version=1, key_version=1, segments=1, pages=bytes(PAGES * HASH_BYTES)
    )
    secret = ProfileSecret(key_version=1, key=entropy.token(32))
    encoded = _profile(vault_id, size).encode()
    row = Row(
        key=vault_row(vault_id),
        version=1,
        values={
            "profile_version": 1,
            "profile": seal_profile(encoded, 1, manifest, secret, entropy),
        },
    )
    claim, taken = CATALOGUE[ClaimRef("commute.mode@1")], []
    for _ in range(SAMPLES):
        begun = time.perf_counter()
        opened = open_profile(manifest, row, secret)
        assert opened is not None
        answered = answer_claim(Profile.decode(opened), claim, datetime.now(UTC))
        taken.append((time.perf_counter() - begun) * 1000)
        assert answered == "subway"
    return Ratio(
        what=f"profile opened and the claim answered, p50, {size:,} records",
        ours=statistics.median(taken),
        peer="DuckDB over plain Parquet",
        theirs=statistics.median(queried),
        unit="ms",
        goal="<= 0.2",
    )


def _ratios(latencies: dict[int, list[float]], queried: list[float]) -> Iterator[Ratio]:
    middle = {}
    for size, taken in latencies.items():
        cuts = statistics.quantiles(taken, n=100)
        middle[size] = cuts[49]
        print(
            f"POST /claims after {size:,} records: p50 {cuts[49]:.2f} ms, "
            f"p95 {cuts[94]:.2f} ms, p99 {cuts[98]:.2f} ms"
        )
    smallest, largest = min(SIZES), max(SIZES)
    yield Ratio(
        what=f"POST /claims, p50, {largest:,} records",
        ours=middle[largest],
        peer=f"the same after {smallest:,} records",
        theirs=middle[smallest],
        unit="ms",
        goal="<= 1.2",
    )
    yield Ratio(
        what=f"POST /claims, p50, {largest:,} records",
        ours=middle[largest],
        peer="a bound",
        theirs=5.0,
        unit="ms",
        goal="<= 1",
    )
    query = statistics.median(queried)
    print(f"DuckDB over {largest:,} records in Parquet: p50 {query:.2f} ms")
    yield Ratio(
        what=f"POST /claims, p50, {largest:,} records",
        ours=middle[largest],
        peer="DuckDB over plain Parquet",
        theirs=query,
        unit="ms",
        goal="<= 0.2",
    )


def _classified() -> Iterator[Ratio]:
    """How often a partner tells the two of a pair apart by their times alone.

    With the tables in memory, so that nothing but the gate's own work is in the time: on a network
    it is less. A threshold is learnt on one half of the pairs and judged on the other.
    """
    with memory_folder() as folder:
        town = Town(folder)
        early, late, nothing = (town.person(life) for life in (_cafe(8), _cafe(19), []))
        for what, others in (("yes from no", late), ("a habit from no records", nothing)):
            right = _told_apart(town, early, others)
            yield Ratio(
                what=f"timing tells {what}, {PAIRS:,} pairs",
                ours=right * 100,
                peer="a coin",
                theirs=50.0,
                unit="%",
            )


def _cafe(hour: int) -> list[Record]:
    from tests.unit.insights.lives import cafe_visits

    return cafe_visits(weekdays_before(80), hour)


def _told_apart(town: Town, one: Any, other: Any) -> float:
    client = town.client()
    grant = town.allow(one, client)
    draw, taken = Random(5), []
    for _ in range(PAIRS):
        pair = {}
        for person in draw.sample((one, other), 2):
            for key in (ledger_key(person.vault, client.group), total_key(person.vault)):
                town.store.rows.pop(key, None)
            seen = Seen()
            begun = time.perf_counter()
            told = town.attack(seen, person, grant, client=client)
            pair[person.vault] = time.perf_counter() - begun
            assert told is not None
        taken.append((pair[one.vault], pair[other.vault]))
        if len(taken) % 500 == 0:  # the tables are a dictionary, and need not grow for ever
            for key in [
                key for key in town.store.rows if key.table in {"events", "idempotency", "oauth"}
            ]:
                town.store.rows.pop(key)
    return _accuracy(taken[: PAIRS // 2], taken[PAIRS // 2 :])


def _accuracy(learnt: list[tuple[float, float]], judged: list[tuple[float, float]]) -> float:
    """Of single answers, how many a threshold on the time assigns to the right one of the two."""
    labelled = [(first, 0) for first, _ in learnt] + [(second, 1) for _, second in learnt]
    labelled.sort()
    below = [0, 0]
    total = [len(learnt), len(learnt)]
    best, threshold, side = 0.0, 0.0, 0
    for value, label in labelled:
        below[label] += 1
        for low in (0, 1):
            right = below[low] + total[1 - low] - below[1 - low]
            if right > best:
                best, threshold, side = right, value, low
    counted = sum(
        ((first <= threshold) == (side == 0)) + ((second <= threshold) == (side == 1))
        for first, second in judged
    )
    return counted / (2 * len(judged))
