"""One's own life from the command line, over HTTP: seen, disputed, taken back, corrected."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.laptop.patience import eventually
from tests.laptop.test_import import bill


@pytest.fixture
def jiu(mydata, tmp_path):
    """Somebody with a year of gas bills."""
    assert mydata("person", "add", "Jiu", "--locale", "en").code == 0
    path = tmp_path / "bills.csv"
    path.write_text(bill())
    assert mydata("import", str(path), "--as", "Jiu").code == 0
    return lambda *command: mydata("person", *command, "--as", "Jiu")


def test_a_life_is_seen_disputed_and_corrected_from_the_command_line(jiu, hub):
    told = jiu("insights")
    assert told.code == 0, told.err
    assert "Next is “도시가스”" in told.out
    assert "Only you can see this." in told.out
    life = jiu("insights", "--json").json()
    bills = next(one for one in life["pictures"] if one["id"] == "bills")
    names = [f"{one['dataset']}:{one['mark']}" for one in bills["records"]]
    assert len(names) == 12

    done = jiu("dispute", *names, "--json").json()
    assert done == {"records": 12, "in_effect": True}
    after = jiu("insights", "--json").json()
    assert next(one for one in after["pictures"] if one["id"] == "bills")["figures"] == {}
    assert len(after["disputes"]) == 12
    today = jiu("insights")
    assert f"You said {names[0]} is wrong: left out." in today.out

    assert jiu("dispute", "--end", *names, "--json").json()["records"] == 12
    assert jiu("insights", "--json").json()["pictures"] == life["pictures"]

    assert jiu("category", "도시가스", "travel").code == 0
    corrected = jiu("insights", "--json").json()
    assert corrected["corrections"] == [{"payee": "도시가스", "category": "travel"}]
    spending = next(one for one in corrected["pictures"] if one["id"] == "spending")
    assert spending["figures"]["categories"][0] == "travel"
    assert jiu("category", "도시가스", "--hub").code == 0

    words = eventually(
        lambda: [one["words"] for one in jiu("activity", "--json").json()["entries"]],
        lambda words: words.count("You corrected a category") >= 2,  # they come last
    )
    assert "You said that a record is wrong" in words
    assert "You took that back" in words
    assert words.count("You corrected a category") == 2

    # What an archive holds of it, and that nobody else may ask.
    assert "names no record" in jiu("dispute", "the-gas-bill").err
    assert jiu("category", "도시가스").code == 2
    assert "takes one of the listed" in jiu("category", "도시가스", "horoscope").err
    for path in ("/life", "/life/state"):
        assert httpx.get(hub.url + path).status_code == 401
    body = json.dumps({"records": [{"dataset": "bank.transactions", "mark": "00" * 6}]})
    headers = {"origin": hub.url, "content-type": "application/json"}
    assert httpx.post(f"{hub.url}/life/disputes", content=body, headers=headers).status_code == 401


def test_a_reason_is_contested_and_decided_from_the_command_line(mydata, tmp_path):
    assert mydata("person", "add", "Mina", "--locale", "en").code == 0
    path = tmp_path / "bills.csv"
    path.write_text(bill())
    assert mydata("import", str(path), "--as", "Mina").code == 0
    link = mydata("operator", "add", "Dana", "--json").json()["link"]
    assert mydata("operator", "enrol", "Dana", "--link", link).code == 0
    dana, mina = ("--as", "Dana"), ("--as", "Mina")
    assert "Nothing is waiting" in mydata("operator", "appeals", *dana).out

    state = mydata("person", "appeals", *mina, "--json").json()
    bills = next(one for one in state["reasons"] if one["id"] == "regular_bills_paid")
    first = bills["records"][0]
    contest = ("person", "contest", "regular_bills_paid", "--words", "That was not me.", *mina)
    record = ("--record", f"{first['dataset']}:{first['mark']}")
    opened = mydata(*contest, *record, "--json").json()
    assert opened["in_effect"]
    assert "open already" in mydata(*contest).err
    assert "takes late_bills" in mydata("person", "contest", "age", "--words", "x", *mina).err

    (waiting,) = mydata("operator", "appeals", *dana, "--json").json()["appeals"]
    case = mydata("operator", "read-appeal", waiting["appeal_id"], *dana)
    assert "That was not me." in case.out
    assert first["name"] in case.out
    decide = ("operator", "decide-appeal", waiting["appeal_id"], *dana)
    assert mydata(*decide, "--words", "x").code == 2
    assert "takes reasons of 20" in mydata(*decide, "--reject", "--words", "No.").err
    assert mydata(*decide, "--reject", "--words", "Their letter names you as the payer.").code == 0
    assert "no such open appeal" in mydata(*decide, "--uphold", "--words", "x" * 30).err
    assert "Their letter names you" in mydata("person", "appeals", *mina).out
    assert "is decided" in mydata("person", "end-appeal", waiting["appeal_id"], *mina).err
    assert mydata("operator", "appeals", *mina).code == 1
