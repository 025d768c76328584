"""People whose lives differ, a gate before tables in memory, and what an adversary gets to see."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from mydata_hub.consent.grant import Frequency, FrequencyUnit, Grant, GrantKind
from mydata_hub.consent.grants import put_grant
from mydata_hub.errors import BadInput, Busy, NotReleased, OAuthRefused
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.ports.tables import Key
from mydata_hub.release.ledger import UNITS
from mydata_hub.release.ledger_rows import ledger_key, read_ledger, read_total, total_key
from mydata_hub.vault.key_rows import Purpose
from mydata_hub.vault.manifest import read_manifest, vault_row
from mydata_hub.vault.profiles import seal_profile, write_vault
from mydata_hub.vault.vault_keys import VaultKeys

from tests.faults.sequencer_world import Faults
from tests.unit.insights.lives import NOW, at, cafe_visits, contract, debit, trip, weekdays_before
from tests.unit.release.test_reconciliation import StrictTables
from tests.unit.release.world import Hub

GROUP = "rentals"
PARTNERS = ("bicycles", "scooters", "cars", "vans", "boats")
# What the lives below differ in; as many as fair use lets one consent of this purpose name.
FOR_OFFERS = (
    "habits.cafe_time@1",
    "habits.cafe_morning@1",
    "commute.mode@1",
    "commute.by_subway@1",
    "commute.transfers@1",
    "payments.recurring_count@1",
)
LIVES = 48
DAY = timedelta(days=1)


@dataclass
class Seen:
    """All that a coalition of partners of one group got to see of one person, in order."""

    # What every response looked like, answers apart: these must not depend on the person.
    shapes: list = field(default_factory=list)
    # (claim, period) -> symbols told, in order.
    symbols: list = field(default_factory=list)


@dataclass
class Person:
    vault: str
    # What the adversary is after: attribute -> cell.
    cells: dict


class Town(Hub):
    """The gate's world with its tables in memory, and people by the hundred."""

    def __init__(self, folder, seed=1):
        super().__init__(Path(folder))
        self.random = Random(seed)
        self.store = self.tables.tables = StrictTables(Faults(), Random(0))
        self.lives = [life(self.random) for _ in range(LIVES)]
        self.vault_keys = VaultKeys(self.store, self.kms.keys, self.clock)
        self.gate = replace(
            self.gate,
            vault_keys=VaultKeys(
                self.tables, self.kms, self.clock, purposes=frozenset({Purpose.PROFILE})
            ),
        )
        self.numbers = 0

    def person(self, life=None):
        """Somebody with one of the lives, in a vault of their own."""
        self.numbers += 1
        vault = f"vault-{self.numbers:06}"
        self.vault_keys.create_vault(vault, self.desk.entropy)
        records = self.random.choice(self.lives) if life is None else life
        profile = advance_profile(new_profile(vault), records, {"connection-1": NOW}, 0)
        row = self.store.rows[vault_row(vault)]
        manifest, version = read_manifest(vault, row), row.values["profile_version"] + 1
        sealed = seal_profile(
            profile.encode(),
            version,
            manifest,
            self.vault_keys.profile_secret(vault),
            self.desk.entropy,
        )
        records_secret = self.vault_keys.records_secret(vault)
        self.store.commit(write_vault(row, manifest, records_secret, version, sealed))
        return Person(vault, cells_of(profile))

    def allow(self, _person, client, items=FOR_OFFERS, **changes):
        """A grant as a signed consent leaves it."""
        self.numbers += 1
        grant = Grant(
            grant_id=f"grant-{self.numbers:06}",
            version=1,
            kind=GrantKind.RELEASE,
            subject=f"person-{self.numbers:06}",
            counterparty=client.client_id,
            recipient_group=client.group,
            purpose="personal_offers",
            items=tuple(items),
            frequency=Frequency(unit=FrequencyUnit.MONTH, count=600),
            max_bits=16,
            given_at=self.now,
            expires_at=self.now + timedelta(days=300),
            consent_hash=bytes(32),
            assertion=b"signed",
        )
        grant = replace(grant, **changes)
        self.store.commit(put_grant(grant, {"grant": grant.encode()}))
        return grant

    # Here nothing but the gate stands in the way of a consent to anything.
    allow_all_it_can = allow

    def withdraw_again(self, person, client):
        """A grant of a second consent, which the person has withdrawn."""
        return self.allow(person, client).withdraw(self.now)

    def advance(self, span):
        self.clock.advance(span)

    def attack(self, seen, person, grant, *claims, **how):
        """One call of an adversary: the symbols it got, and what it saw otherwise."""
        try:
            answered = self.ask(grant, *claims, vault=person.vault, **how)
        except (NotReleased, OAuthRefused, BadInput, Busy) as error:
            said = getattr(error, "rule", None) or getattr(error, "code", None) or error.slug
            seen.shapes.append((claims, type(error).__name__, said))
            return None
        body = json.loads(answered.body)
        told = {f"{one['claim']}@{one['version']}": one["answer"] for one in body["answers"]}
        seen.symbols += sorted(told.items())
        parts = [[len(part) for part in one["sd_jwt"].split("~")] for one in body["answers"]]
        seen.shapes.append((claims, body["bits"], len(answered.body), tuple(map(tuple, parts))))
        return told

    def charged(self, person, group=GROUP):
        """Bits charged for a person: in all, and to each attribute."""
        key = ledger_key(person.vault, group)
        ledger = read_ledger(self.store.rows.get(key))
        each = Counter()
        for (attribute, _), units in ledger.attributes().items():
            each[attribute] += units / UNITS
        return sum(one.units for one in ledger.charges) / UNITS, each

    def total(self, person):
        row = self.store.rows.get(total_key(person.vault))
        return sum(units for *_, units in read_total(row).charges) / UNITS

    def events(self):
        return [row for key, row in self.store.rows.items() if key.table == "events"]


def life(random, now=NOW):
    """A life drawn so that every attribute of FOR_OFFERS takes all of its cells in a town."""
    days = weekdays_before(80, now)
    records = []
    hour = random.choice((5, 8, 10, 12, 15, 19, None))
    if hour is not None:
        records += cafe_visits(days, hour)
    mode = random.choice(("subway", "bus", "car", "walk", "bicycle", None))
    if mode is not None:
        transfers = random.randrange(4)
        records += [trip(f"trip-{day}", at(day, 7), mode, transfers) for day in days]
    if random.random() < 0.8:
        years = random.choice((0, 1, 2, 4, 7, 12))
        status = random.choice(("active", "expired"))
        starts, ends = (now - 270 * DAY).date(), (now + 90 * DAY).date()
        dated = {"started_on": str(starts), "ends_on": str(ends)}
        records.append(contract("car", no_claim_years=years, status=status, **dated))
    for payee in range(random.choice((0, 1, 2, 4, 7))):
        for back in range(5):
            year, month = divmod(now.year * 12 + now.month - 2 - back, 12)
            day = now.date().replace(year=year, month=month + 1, day=5 + payee)
            records.append(debit(f"debit-{payee}-{day}", day, f"payee {payee}"))
    return records


def cells_of(profile, now=NOW):
    """The cell of each attribute as the finest claim would tell it, by the product's own folds."""
    from mydata_hub.insights.answers import answer_claim

    found = {}
    for entry in CATALOGUE.values():
        if len(set(entry.symbols.values())) == len(entry.attribute.cells):
            found[entry.attribute.id] = answer_claim(profile, entry, now)
    return found


def information(pairs):
    """What the second of each pair tells of the first, in bits: (Shannon's, min-entropy's).

    Neither can be more than log2 of how many different views there are.
    """
    pairs = list(pairs)
    many = len(pairs)
    secrets, views, both = Counter(), Counter(), Counter(pairs)
    for secret, view in pairs:
        secrets[secret] += 1
        views[view] += 1
    mutual = sum(
        count / many * math.log2(count * many / (secrets[secret] * views[view]))
        for (secret, view), count in both.items()
    )
    best = Counter()
    for (_, view), count in both.items():
        best[view] = max(best[view], count)
    return mutual, math.log2(sum(best.values()) / max(secrets.values()))


def row_sizes(changes):
    """What a commit writes, as its sizes: table, kind, and the length of each value."""
    return [
        (
            change.key.table,
            type(change).__name__,
            sorted(
                (name, len(value) if isinstance(value, bytes | str) else value_size(value))
                for name, value in getattr(change, "values", {}).items()
            ),
        )
        for change in changes
    ]


def value_size(value):
    return len(json.dumps(value, default=str))


def keys_named(keys):
    return [key.table if isinstance(key, Key) else key for key in keys]
