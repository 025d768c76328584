"""docs/zones.md lists every route and every setting, and says what they are."""

from __future__ import annotations

from mydata_hub.config import Settings
from mydata_hub.web.guards import ROUTES

from tests.architecture import zone_page
from tests.architecture.settings import SETTINGS


def test_the_page_lists_every_route_with_its_guard() -> None:
    assert zone_page.routes() == {(route.key, route.function, str(route.guard)) for route in ROUTES}


def test_the_page_lists_every_setting_of_every_function() -> None:
    assert zone_page.settings() == {
        function: set(settings.variables()) for function, settings in SETTINGS.items()
    }


def test_every_settings_class_of_config_is_a_functions() -> None:
    assert set(Settings.__subclasses__()) == set(SETTINGS.values())


def test_every_guard_on_the_page_is_explained() -> None:
    page = zone_page.PAGE.read_text("utf-8")
    assert [guard for _, _, guard in zone_page.routes() if f"*{guard}*" not in page] == []


def test_every_zone_on_the_page_has_its_row() -> None:
    rows = {zone for zone, _, _ in zone_page.table("zone", "may", "may not")}
    assert set(zone_page.zones().values()) <= rows
