"""What tests of the gate read beside its answers: which rule refused, and what is charged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.errors import NotReleased
from mydata_hub.release.ledger_rows import ledger_key, read_ledger, read_total, total_key

DAY = timedelta(days=1)


def refused(act):
    with pytest.raises(NotReleased) as caught:
        act()
    return caught.value.rule


def total(hub, vault="vault-1"):
    key = total_key(vault)
    return read_total(hub.store.fetch_many(key).get(key)).charged(hub.now)


def ledger(hub, group="rentals", vault="vault-1"):
    key = ledger_key(vault, group)
    return read_ledger(hub.store.fetch_many(key).get(key))
