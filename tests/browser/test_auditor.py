"""An auditor searches, sorts, draws a sample and sees how the log grew, with the keyboard alone."""

from __future__ import annotations

import time

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite

from tests.browser.test_looks import look, pictures

__all__ = ["pictures"]


def test_an_auditor_searches_sorts_and_draws(somebody, desk, pictures):
    dana = somebody("ko")
    dana.go(invite(desk, Role.AUDITOR, "다나"))
    with dana.page.expect_navigation():
        dana.press("Make a passkey")
    page, rows = dana.page, dana.page.locator("table[data-sorts] tbody tr")
    until = time.monotonic() + 20
    dana.go("/auditor/search")
    while rows.count() < 2:
        assert time.monotonic() < until
        page.wait_for_timeout(300)
        dana.go("/auditor/search")
    look(dana, "auditor-search", pictures)
    first = rows.first.inner_text()
    heading = page.locator("table[data-sorts] th button").first
    heading.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=descending]").count() == 1
    assert rows.last.inner_text() == first
    page.locator("select[name=class]").select_option("auditor_invited")
    dana.press("Search")
    page.wait_for_url("**/auditor/search?**class=auditor_invited**")
    assert rows.count() >= 1
    assert page.get_by_text(dana.say("An auditor was invited"), exact=True).count() >= 1
    for path in ("sample", "growth"):
        dana.go(f"/auditor/{path}")
        look(dana, f"auditor-{path}", pictures)
