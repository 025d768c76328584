"""A person checks the log about themselves, by the command line, on a hub that is served."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from mydata_hub.cli.stage import run
from mydata_hub.personal_log.period_key import log_key_period

from tests.laptop.patience import eventually


def test_a_person_finds_every_entry_and_what_is_hidden_since(hub, mydata):
    assert mydata("person", "add", "Sora").code == 0
    assert mydata("person", "add-passkey", "phone", "--as", "Sora").code == 0
    card = ("connect", "sample-card", "--as", "Sora", "--sample-person", "hana")
    assert mydata("person", *card).code == 0
    whole = mydata("person", "log", "--as", "Sora", "--json")
    assert whole.code == 0, whole.err
    told = whole.json()
    assert told["findings"] == []
    assert told["checked"] >= 1
    file = hub.data / "logs" / "Sora.json"
    kept = json.loads(file.read_text())
    ((period, head),) = kept["periods"].items()
    assert head["count"] == told["checked"]
    ((day, first),) = kept["days"].items()
    assert (first["heads"], told["days"]) == ({period: head}, 0)
    # As if there had been one more at the last check.
    kept["periods"][period] = {**head, "count": head["count"] + 9, "chain": "00" * 32}
    kept["days"] = {"2026-01-01": first, day: {**first, "heads": {period: {**head, "count": 99}}}}
    file.write_text(json.dumps(kept))
    hidden = mydata("person", "log", "--as", "Sora")
    assert hidden.code == 1
    assert f"period {period}" in hidden.err
    assert f"day {day}: " in hidden.err
    assert "day 2026-01-01" not in hidden.err


def test_a_month_that_is_disclosed_is_opened_by_whoever_has_the_file(hub, mydata, tmp_path):
    assert mydata("person", "add", "Yuna").code == 0
    period = log_key_period(datetime.now(UTC))
    file, mirror = tmp_path / "shown.json", str(tmp_path / "mirror")
    disclose = ("person", "disclose", "--as", "Yuna", "--to", "Dana", "--out", str(file))
    nothing = mydata(*disclose, "--period", "2020-01")
    assert (nothing.code, "nothing about Yuna" in nothing.err, file.exists()) == (1, True, False)
    made = eventually(
        lambda: mydata(*disclose, "--period", period, "--json"), lambda told: told.code == 0
    )
    assert made.code == 0, made.err
    assert made.json()["entries"] == 2
    assert file.stat().st_mode & 0o077 == 0
    again = mydata(*disclose, "--period", period)
    assert (again.code, "is there already" in again.err) == (1, True)

    # Without a hub, a session or a network: the file and a mirror.
    assert run("log", "mirror", "--url", hub.url, "--out", mirror).code == 0
    opened = run("auditor", "open", str(file), "--mirror", mirror, "--json")
    assert opened.code == 0, opened.err
    told = opened.json()
    assert (told["period"], told["to"], told["findings"]) == (period, "Dana", [])
    assert [one["kind"] for one in told["entries"]] == ["account_opened", "key_disclosed"]
    words = mydata("auditor", "open", str(file))
    assert (words.code, "An account was opened" in words.out) == (0, True)

    left = json.loads(file.read_text())
    gone = left["entries"].pop(0)["index"]
    file.write_text(json.dumps(left))
    found = run("auditor", "open", str(file), "--mirror", mirror)
    assert (found.code, f"entry {gone}: " in found.err, "left out" in found.err) == (1, True, True)
    file.write_text("{}")
    assert run("auditor", "open", str(file), "--mirror", mirror).code == 1
