"""Taking one's data along in a real browser: with the keyboard, the passkey, and one whole file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mydata_hub.accounts.sessions import FRESH
from mydata_hub.portability.checking import check_records
from mydata_hub.portability.entries import check_entries
from mydata_hub.portability.reading import Archive

from tests.browser.test_looks import look, pictures
from tests.browser.test_step_up import age

__all__ = ["age", "pictures"]
STATEMENT = (
    "거래일시,적요,보낸분/받는분,송금메모,출금액,입금액,거래후잔액\n"
    "2025-01-25 09:00:00,자동이체,도시가스,,42300,,1\n"
    '2025-02-25 09:00:00,자동이체,"김밥 ""천국""",,8000,,1\n'
)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_somebody_takes_everything_along_with_the_keyboard_alone(
    locale, somebody, age, pictures, tmp_path: Path
):
    person = somebody(locale)
    person.sign_up("Jiu")
    page = person.page
    person.go("/today")
    statement = {"name": "a.csv", "mimeType": "text/csv", "buffer": STATEMENT.encode()}
    page.get_by_label(person.say("The file, as CSV")).set_input_files(statement)
    with page.expect_navigation():
        person.press("Seal it into my vault")
    person.go("/account")
    page.get_by_role("link", name=person.say("See what is inside"), exact=True).press("Enter")
    person.heading("What is inside")
    look(person, "export", pictures)
    # The page was open for a while, so the passkey is asked for once more.
    age(person, FRESH)
    with page.expect_download() as saved:
        page.get_by_role("button", name=person.say("Make the file"), exact=True).press("Enter")
    person.told("It is not locked: keep it where only you can get at it.")
    link = page.get_by_role("link", name=person.say("Save the file again"))
    assert link.evaluate("link => link === document.activeElement")
    look(person, "exported", pictures)
    file = tmp_path / saved.value.suggested_filename
    assert file.suffix == ".zip"
    saved.value.save_as(file)
    with file.open("rb") as stream:
        archive = Archive(stream)
        archive.verify()
        assert check_records(archive) == 2
        entries, _proven = check_entries(archive)
        manifest = archive.manifest
        kinds = [
            json.loads(json.loads(line)["payload"])["kind"]
            for listed in manifest.of_family("entries")
            for line in archive.lines(listed)
        ]
    assert entries == len(kinds)
    # The export's own entry had no place in the log yet, or has one by now.
    assert {"account_opened", "statement_imported"} <= set(kinds)
    assert (manifest.hub, manifest.account.name) == (person.hub.url, "Jiu")
    assert manifest.missing == ()
    person.finds("/activity", "You took your data with you")


def test_somebody_whose_recovery_runs_takes_nothing_out(somebody, pictures):
    person, other = somebody("ko"), somebody("ko")
    person.sign_up("Jiu")
    code = person.make_code()
    person.go("/export")
    other.go("/recover")
    other.fill("Recovery code", code)
    other.press("Make a new passkey")
    other.heading("Your new passkey is made")
    # The page was loaded before, and the hub refuses all the same.
    person.press("Make the file")
    person.told("A recovery is running")
    person.go("/export")
    person.page.get_by_text(person.say("A recovery is running until")).wait_for()
    assert person.page.get_by_role("button", name=person.say("Make the file")).count() == 0
    look(person, "export-in-recovery", pictures)
