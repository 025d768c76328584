"""Today, my life and the catalogue with a whole life in them, as a browser shows them.

The pages are those of the functions, over a profile that a test gives: what a connected card
company, insurer and investment account tell, without a hub to collect it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.web.partner_pages import PartnerFront, send_catalogue
from mydata_hub.web.render import Renderer
from mydata_hub.web.request import Request
from mydata_hub.web.static_files import FOLDER
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import LOCALES, STEP_MS
from tests.browser.test_looks import STANDARDS, found, look
from tests.unit.web.test_life import LifeFront
from tests.unit.web.test_today import ISSUER, whole_life


class Shown(LifeFront):
    """The pages of somebody whose whole life is known."""

    def profile_of(self, vault_id: str) -> Any:
        return self.profile


@dataclass
class Reader:
    """Somebody who looks at a page in one language."""

    locale: str
    page: Page
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures of this run are."""
    return tmp_path_factory.mktemp("whole-life")


@pytest.fixture
def reader(chromium: Browser, tmp_path: Path) -> Iterator[Callable[[str, str], Reader]]:
    """Opens a page; at the end none may have reported an error."""
    front = Shown(tmp_path)
    front.lived(*whole_life())
    partner = PartnerFront(issuer=ISSUER, renderer=Renderer(), fair_use=None)  # type: ignore[arg-type]
    opened: list[Reader] = []

    def html_of(path: str, locale: str) -> str:
        if path == "/catalogue":
            headers = {"accept": "text/html", "accept-language": locale}
            event = {"routeKey": f"GET {path}", "rawPath": path, "headers": headers}
            return str(send_catalogue(partner, Request(event, None)).body)  # type: ignore[arg-type]
        return str(front.ask(f"GET {path}", lang=locale).body)

    def open_page(path: str, locale: str) -> Reader:
        page = chromium.new_context(locale=LOCALES[locale]).new_page()
        page.set_default_timeout(STEP_MS)
        made = Reader(locale, page)
        page.on("pageerror", lambda error: made.errors.append(str(error)))

        def serve(route: Route) -> None:
            asked = route.request.url.removeprefix(ISSUER).partition("?")[0]
            if asked.startswith("/static/"):
                route.fulfill(path=FOLDER / asked.removeprefix("/static/"))
            else:
                route.fulfill(body=html_of(path, locale), content_type="text/html; charset=utf-8")

        page.route("**/*", serve)
        page.goto(ISSUER + path)
        opened.append(made)
        return made

    yield open_page
    for one in opened:
        one.page.context.close()
    assert [error for one in opened for error in one.errors] == []


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_today_is_found_by_family_and_unfolds_what_is_missing_by_keyboard(reader, locale, pictures):
    seen = reader("/today", locale)
    page = seen.page
    assert page.locator(".jump a").count() == page.locator("section.family").count() > 5
    page.locator(".jump a").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#family-payments"
    missing = page.locator("#family-payments summary")
    assert missing.count() == 1
    missing.focus()
    page.keyboard.press("Enter")
    assert page.locator("#family-payments dl.why dt").first.is_visible()
    look(seen, "today", pictures)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_card_bills_and_holdings_are_ticked_by_keyboard_where_they_are_wrong(
    reader, locale, pictures
):
    seen = reader("/life", locale)
    page = seen.page
    for name, count in (("card_bills", 3), ("holdings", 1)):
        card = page.locator(f"section:has(#{name}-title)")
        for summary in card.locator("summary").all():
            summary.focus()
            page.keyboard.press("Enter")
        assert card.locator(f"table[data-figures={name}] tbody tr").count() == count
        boxes = card.locator("input[name=record]")
        assert boxes.count() == count
        boxes.first.focus()
        page.keyboard.press("Space")
        assert boxes.first.is_checked()
    look(seen, "life", pictures)


def test_the_catalogue_is_read_by_family_with_its_answers_in_words(reader):
    page = reader("/catalogue", "ko").page
    assert page.get_by_text("2개에서 3개").first.is_visible()
    page.set_viewport_size({"width": 360, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    # Its tables are many and alike, so one look is enough.
    assert found(page, STANDARDS) == []
