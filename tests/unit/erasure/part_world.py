"""The hub in which people have lived, with the workshop that erases a part of what they hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.erasure.beginning_part import begin_part_erasure, scope_of
from mydata_hub.erasure.part_running import erase_part
from mydata_hub.errors import HubError
from mydata_hub.own_vault.folding import opener_of
from mydata_hub.own_vault.judging import open_listed
from mydata_hub.own_vault.replacing import Resealer
from mydata_hub.own_vault.strongroom import own_manifest
from mydata_hub.ports.messages import due_messages
from mydata_hub.rotation.running import Workshop
from mydata_hub.vault.announcements import segment_row
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.manifest import PAGES
from mydata_hub.vault.manifest_pages import DROPPED, all_page_rows, read_entries
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.vault_rows import fetch_vault

from tests.unit.collection.collecting_world import Person
from tests.unit.erasure.erasure_world import World

CARD = "sample-card"


class PartWorld(World):
    """Somebody's records lie in ranges of the card's minutes, the first of March on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reseal_signer = LocalSigner(folder, "reseal", "ES256")
        resealers = trust([(self.reseal_signer.public_key(), None)])
        self.strongroom = replace(self.strongroom, resealers=resealers)
        self.failures: list[HubError] = []

    def workshop(self, **changes: Any) -> Workshop:
        room = replace(self.strongroom, **changes)
        return Workshop(
            resealer=Resealer(room, self.reseal_signer),
            master=self.vaults._keys,
            failed=self.failures.append,
        )

    def settle_in(self, name: str = "Jiu") -> Person:
        """Somebody with a card's records, folded, and nothing else that could hold them."""
        person = self.join(name=name)
        self.card.identity = f"CI-of-{name}"
        self.connect(person)
        self.deliver()
        self.fold()
        return person

    def begin_part(self, person: Person, **named: Any) -> str:
        scope = scope_of(self.clock.now(), **named)
        return begin_part_erasure(self.desk, person.session, scope)

    def run_part(self, workshop: Workshop | None = None) -> None:
        """What is due for `reseal`, to its end."""
        for _ in range(50):
            due = [
                one
                for one in due_messages(self.tables, self.clock.now())
                if one.topic == "erase_part"
            ]
            if not due:
                return
            for message in due:
                until = self.clock.now() + timedelta(hours=1)
                erase_part(workshop or self.workshop(), message, until)
        raise AssertionError("the erasure does not end")

    def erase_part(self, person: Person, **named: Any) -> Any:
        """To the first certificate."""
        certificate_id = self.begin_part(person, **named)
        self.run_part()
        self.take_further()
        return self.erasure(certificate_id)

    def held(self, person: Person) -> list[str]:
        """Source ids of every record that the vault lists, as a refold sees them."""
        vault_id = person.account_id
        rows = fetch_vault(self.tables, vault_id)
        manifest = own_manifest(self.vaults, vault_id, rows)
        pages = self.tables.fetch_many(*all_page_rows(vault_id))
        opener = opener_of(self.strongroom, vault_id, rows)
        found = []
        for index in range(PAGES):
            for entry in read_entries(manifest, pages, index).values():
                if entry.digest != DROPPED:
                    key = segment_row(vault_id, entry.segment_id)
                    row = self.tables.fetch_many(key)[key]
                    found += open_listed(self.strongroom, row, entry, opener)[1]
        return sorted(f"{one.dataset} {one.source_id}" for one in found)

    def key_versions(self, person: Person) -> set[int]:
        key = secrets_row(person.account_id)
        return set(map(int, self.tables.fetch_many(key)[key].values["versions"]))

    def payload(self, person: Person, kind: str) -> dict[str, Any]:
        (event,) = self.events(person, kind)
        return json.loads(event.payload)
