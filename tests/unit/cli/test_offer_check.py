"""`mydata offer check` tells a partner what is wrong, or how people see the offer and its price."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result
from mydata_hub.cli.main import main

from tests.unit.offers.documents import CAFE, SUBWAY, written

TODAY = datetime.now(UTC)
DATES = {
    "valid_from": TODAY.isoformat(),
    "valid_until": (TODAY + timedelta(days=30)).isoformat(),
}


def run(tmp_path: Path, document: str, *options: str) -> Result:
    file = tmp_path / "offer.json"
    file.write_text(document, "utf-8")
    return CliRunner().invoke(main, ["offer", "check", str(file), *options])


def test_a_sound_offer_is_shown_as_people_see_it_with_all_it_discloses(tmp_path):
    found = run(tmp_path, written(**DATES))
    assert found.exit_code == 0
    for words in (
        "출근길 커피",
        "Coffee on your way",
        "1,000 won off · because you paid at a café lately",
        "habits.cafe_morning@1: Yes; commute.by_subway@1: Yes",
        "spending.rhythm_cafe@1",
        "commute.window@1",
        "Together 7.755 bits, of the 24",
    ):
        assert words in found.stdout


def test_the_same_for_scripts_says_why_each_claim_is_disclosed(tmp_path):
    document = written(**DATES, eligibility=f"{CAFE} || {SUBWAY}")
    told = json.loads(run(tmp_path, document, "--json").stdout)
    assert told["for"] == [
        {"habits.cafe_morning@1": ["yes"], "commute.by_subway@1": ["yes", "no"]},
        {"habits.cafe_morning@1": ["yes", "no"], "commute.by_subway@1": ["yes"]},
    ]
    assert [(one["claim"], one["because_of"]) for one in told["discloses"]] == [
        ("habits.cafe_morning@1", "eligibility"),
        ("commute.by_subway@1", "eligibility"),
        ("spending.rhythm_cafe@1", "trigger"),
        ("commute.window@1", "claims_on_acceptance"),
    ]
    assert (told["bits"], told["group_cap_bits"]) == (7.755, 24.0)
    assert told["shown"]["because"]["ko"] == "얼마 전에 카페에서 결제해서"


def test_an_offer_for_everybody_says_that_it_discloses_nothing(tmp_path):
    found = run(
        tmp_path, written(**DATES, eligibility="", trigger="always", claims_on_acceptance=[])
    )
    assert "accepting it discloses nothing" in found.stdout


def test_what_is_wrong_goes_to_stderr_by_its_field(tmp_path):
    over = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z"}
    for options in ((), ("--json",)):
        found = run(tmp_path, written(**over), *options)
        assert (found.exit_code, found.stdout) == (1, "")
        assert found.stderr == "Error: valid_until: is over; takes an instant to come\n"
    assert run(tmp_path, "{").stderr.startswith("Error: offer: ")
    assert CliRunner().invoke(main, ["offer", "check", str(tmp_path / "no")]).exit_code == 2
