"""One's own score in a real browser: read, tried out by keyboard, and nothing said past it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.fold import BILLS, TRIPS
from mydata_hub.insights.trust import keep_score
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.vault.manifest import read_manifest, vault_row
from mydata_hub.vault.profiles import seal_profile, write_vault
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import FoldRecordsSettings
from mydata_hub.wiring import keys_for, tables_for

from tests.browser.test_life import painted
from tests.browser.test_looks import look
from tests.browser.test_today import wait_for
from tests.unit.insights.lives import NOW
from tests.unit.insights.test_perturbation import LIFE, moved
from tests.unit.insights.test_trust_features import bills

DAY = timedelta(days=1)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where the pictures of this run are."""
    return tmp_path_factory.mktemp("score")


def lived():
    """The life of the design up to today, with four card bills paid late."""
    by = (datetime.now(UTC).date() - NOW.date()) * DAY.days
    told = [*(one for one in LIFE if one.dataset not in (BILLS, TRIPS)), *bills(13, late=4)]
    return [moved(one, by) for one in told]


def give(hub, account_id):
    """What folding leaves: a sealed profile, whose score got worse in the last weeks."""
    functions = laptop_deployment(hub.folder, hub.url).functions.values()
    (environment,) = [one.environment for one in functions if one.file.stem == "fold_records"]
    settings = FoldRecordsSettings.read(environment)
    tables, entropy, now = tables_for(settings), SystemEntropy(), datetime.now(UTC)
    keys = VaultKeys(tables, keys_for(settings, settings.vault_key), SystemClock())
    row = tables.fetch_many(vault_row(account_id))[vault_row(account_id)]
    records, profile = lived(), new_profile(account_id)
    for at in (now - 70 * DAY, now - 30 * DAY, now):
        known = [one for one in records if one.occurred_at < at]
        profile = advance_profile(
            profile, known, dict.fromkeys({one.connection_id for one in known}, at), 0
        )
        profile = keep_score(profile, at)
    manifest, version = read_manifest(account_id, row), 1
    secret = keys.profile_secret(account_id)
    sealed = seal_profile(profile.encode(), version, manifest, secret, entropy)
    tables.commit(write_vault(row, manifest, keys.records_secret(account_id), version, sealed))


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_score_is_read_with_its_reasons_and_tried_out_by_keyboard(
    locale, somebody, hub, pictures
):
    person = somebody(locale)
    person.sign_up("지우" if locale == "ko" else "Jiu")
    page = person.page
    page.get_by_role("link", name=person.say("My trust score"), exact=True).click()
    wait_for(person, "No score yet")
    look(person, "score-empty", pictures)

    account_id = page.request.get(f"{hub.url}/account/state").json()["account_id"]
    give(hub, account_id)
    page.reload()
    told = page.request.get(f"{hub.url}/score/state").json()
    assert page.locator(".score").inner_text().endswith(str(told["score"]))
    page.locator("canvas[data-chart=course]:visible").wait_for()
    assert painted(page) == [True]
    assert page.locator("table[data-figures=course] tbody tr").count() == len(told["history"]) >= 2
    look(person, "score", pictures)

    # By keyboard alone: the sum is unfolded, a row is chosen, and the answer is on the page.
    page.locator("summary").filter(has_text=person.say("How it adds up")).focus()
    page.keyboard.press("Enter")
    assert page.locator(".counted tbody tr").count() == len(told["reasons"]) + 2
    page.locator("#try-late_bills").focus()
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
        person.press("Work it out")
    told = page.request.get(f"{hub.url}/score/state?{page.url.partition('?')[2]}").json()
    assert told["what_if"]["difference"] != 0
    shown = page.locator("#what-if [role=status]").inner_text()
    assert str(told["what_if"]["score"]) in shown
    look(person, "score-what-if", pictures)
