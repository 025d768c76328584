"""A statement of one's own, from the command line into a vault that really serves."""

from __future__ import annotations

import itertools
import json

import httpx
import pytest
from mydata_hub.cli import statement_parts
from mydata_hub.cli.client import HubClient
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.wallet import FIRST, Wallet
from mydata_hub.collection.mapping import BUILT_IN

numbers = itertools.count()
HEADER = "거래일시,적요,보낸분/받는분,송금메모,출금액,입금액,거래후잔액\n"
BROKEN = "2025-02-30 01:00:00,이체,가게,,1,,1\n2025-03-01 01:00:00,이체,가게,,많이,,1\n"


def bill(months=12):
    """A gas bill on the 25th of each month of 2025."""
    lines = (
        f'2025-{month + 1:02d}-25 09:00:00,자동이체,도시가스,,"42,300",,100000\n'
        for month in range(months)
    )
    return HEADER + "".join(lines)


@pytest.fixture
def person(mydata, hub):
    """A person of their own; runs `mydata import` on a text and reads /today/state."""
    name = f"Importer {next(numbers)}"
    assert mydata("person", "add", name, "--locale", "en").code == 0

    class Person:
        def bring(self, path, *more):
            return mydata("import", str(path), "--as", name, *more)

        def today(self):
            with HubClient.open(hub.url) as client:
                client.sign_in(Wallet(hub.data).load(name, FIRST))
                return client.get("/today/state")

    return Person()


def streams(today):
    found = {one["attribute"]: one for one in today["insights"]}
    return found["payments.recurring_count"]["support"]["streams"]


def test_a_generated_statement_shows_its_monthly_payment_on_today(person, tmp_path):
    path = tmp_path / "march.csv"
    path.write_text(bill())
    done = person.bring(path, "--json").json()
    assert (done["lines"], done["broken"], done["folded"]) == (12, 0, True)
    today = person.today()
    (stream,) = streams(today)
    assert (stream["payee"], stream["amount_minor"], stream["times"]) == ("도시가스", 42300, 12)
    assert [source["own"] for source in today["sources"]] == [True]
    assert [(one["lines"], one["waiting"]) for one in today["imports"]] == [(12, 0)]


def test_with_a_broken_line_nothing_is_imported_and_every_one_is_named(person, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(bill() + BROKEN)
    told = person.bring(path)
    assert told.code == 1
    assert "bad.csv, line 14, column 1 (거래일시): is no date" in told.err
    assert "bad.csv, line 15, column 5 (출금액): is no amount in KRW" in told.err
    assert person.today()["imports"] == []


def test_what_can_be_read_is_kept_when_the_person_says_so(person, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(bill() + BROKEN)
    told = person.bring(path, "--keep-good")
    assert told.code == 0
    assert "12 lines are sealed" in told.out
    assert "line 15, column 5" in told.out
    assert len(streams(person.today())) == 1


def test_the_same_statement_twice_counts_once(person, tmp_path):
    path = tmp_path / "march.csv"
    path.write_text(bill())
    assert [person.bring(path).code for _ in range(2)] == [0, 0]
    assert streams(person.today())[0]["times"] == 12


def test_a_mapping_of_ones_own_is_a_file(person, tmp_path):
    path, mapping = tmp_path / "kontoauszug.csv", tmp_path / "bank.yaml"
    lines = "".join(f"05.{month:02d}.2025|-9,90|Streaming\n" for month in range(1, 9))
    path.write_text("Tag|Betrag|Wer\n" + lines)
    mapping.write_text(
        "name: my-bank\ndelimiter: '|'\ncurrency: EUR\ndecimal_mark: ','\ndate_column: Tag\n"
        "date_format: '%d.%m.%Y'\namount: {column: Betrag}\ncounterparty_columns: [Wer]\n"
    )
    assert person.bring(path, "--mapping", str(mapping)).code == 0
    assert streams(person.today())[0]["payee"] == "Streaming"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04", "file"),
        (b"a,b\n1,2\n", "header"),
        (HEADER.encode() + b"2025-01-01 09:00:00,=cmd|x,b,,1,,1\n", "formula"),
        (b"\xff\xfe" + HEADER.encode(), "utf-8"),
    ],
)
def test_a_file_that_is_no_statement_is_refused_with_the_reason(person, tmp_path, content, reason):
    path = tmp_path / "hostile.csv"
    path.write_bytes(content)
    told = person.bring(path)
    assert told.code == 1
    assert reason in told.err.lower()
    assert "Traceback" not in told.err


def test_a_long_statement_goes_in_parts_and_gives_the_same_records(person, tmp_path):
    """The same lines stand far apart, and one is broken: parts must not tell them apart."""
    body = "".join(
        f"2025-{1 + day % 12:02d}-{1 + day % 28:02d} 09:00:00,이체,가게 {day},메모 {'가' * 200},"
        f"{day + 1},,1\n"
        for day in range(7_000)
    )
    twice = "2025-05-05 09:00:00,이체,쌍둥이,,700,,1\n"
    path = tmp_path / "long.csv"
    path.write_text(HEADER + twice + body + twice + "2025-02-30 01:00:00,a,b,,1,,1\n")
    assert path.stat().st_size > statement_parts.MAX_PART_BYTES
    refused = person.bring(path)
    assert refused.code == 1
    assert "line 7004, column 1" in refused.err
    assert person.today()["imports"] == []
    done = person.bring(path, "--keep-good", "--json").json()
    assert (done["lines"], done["broken"], done["folded"]) == (7_002, 1, True)
    assert done["parts"] > 1


def test_parts_hold_each_line_once_and_like_lines_together(tmp_path):
    mapping = BUILT_IN["kr_bank"]
    body = [f"2025-01-01 09:00:00,이체,가게 {n % 20_000},{'가' * 80},1,,1\n" for n in range(40_000)]
    path = tmp_path / "long.csv"
    path.write_text(HEADER + "".join(body))
    with path.open("rb") as stream:
        parts = [part.content.decode() for part in statement_parts.parts_of(stream, mapping, "x")]
    assert all(part.startswith(HEADER) for part in parts)
    lines = [set(part.splitlines()[1:]) for part in parts]
    assert len(parts) > 1
    assert sum(len(part.splitlines()) - 1 for part in parts) == 40_000
    assert not any(one & other for one, other in itertools.combinations(lines, 2))


def test_todays_page_and_state_are_for_the_person_alone(hub, mydata):
    for path in ("/today", "/today/state"):
        assert httpx.get(hub.url + path).status_code == 401
    body = json.dumps({"name": "a", "mapping": "kr_bank", "content": "", "all_or_nothing": True})
    headers = {"origin": hub.url, "content-type": "application/json"}
    assert httpx.post(f"{hub.url}/import", content=body, headers=headers).status_code == 401
    link = mydata("auditor", "add", "Sora", "--json").json()["link"]
    with HubClient.open(hub.url) as client:
        client.enrol(SoftwarePasskey.make(), link)
        for path in ("/today", "/today/state"):
            assert client.http.get(path).status_code == 403
        headers["x-csrf-token"] = client.csrf
        assert client.http.post("/import", content=body, headers=headers).status_code == 403
