"""A person checks the log about themselves, by the command line, on a hub that is served."""

from __future__ import annotations

import json


def test_a_person_finds_every_entry_and_what_is_hidden_since(hub, mydata):
    assert mydata("person", "add", "Sora").code == 0
    assert mydata("person", "add-passkey", "phone", "--as", "Sora").code == 0
    whole = mydata("person", "log", "--as", "Sora", "--json")
    assert whole.code == 0, whole.err
    told = whole.json()
    assert told["findings"] == []
    assert told["checked"] >= 1
    file = hub.data / "logs" / "Sora.json"
    kept = json.loads(file.read_text())
    ((period, head),) = kept["periods"].items()
    assert head["count"] == told["checked"]
    # As if there had been one more at the last check.
    kept["periods"][period] = {**head, "count": head["count"] + 9, "chain": "00" * 32}
    file.write_text(json.dumps(kept))
    hidden = mydata("person", "log", "--as", "Sora")
    assert hidden.code == 1
    assert f"period {period}" in hidden.err
