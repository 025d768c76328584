"""docs/zones.md lists every route and every setting, and says what they are."""

from __future__ import annotations

from mydata_hub.config import Settings
from mydata_hub.web.guards import ROUTES
from mydata_hub.wiring import KEYS_RECOVERABLE, ROWS_RECOVERABLE

from tests.architecture import zone_page
from tests.architecture.permissions import snake
from tests.architecture.settings import SETTINGS
from tests.architecture.template import properties, read_template, resources

# What opens, and what PITR lasts where a template says nothing (DynamoDB Developer Guide).
KEY_TABLES = {"KeysTable", "LogKeysTable"}
DYNAMODB_DAYS = 35
TABLE, BUCKET = "AWS::DynamoDB::Table", "AWS::S3::Bucket"


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


def test_the_operations_page_says_of_every_table_and_bucket_what_remains_of_an_erased_person() -> (
    None
):
    page = zone_page.PAGE.with_name("operations.md")
    listed = zone_page.table("table or bucket", "after an erasure", "why", page=page)
    template = read_template()
    tables = [snake(name.removesuffix("Table")) for name in resources(template, TABLE)]
    buckets = [snake(name.removesuffix("Bucket")) for name in resources(template, BUCKET)]
    wanted = {*tables, *(f"bucket {name}" for name in buckets)}
    assert {name for cell, *_ in listed for name in zone_page.names(cell)} == wanted
    # Whatever stays is given a reason.
    assert [
        cell for cell, stays, why in listed if not stays.startswith("nothing") and not why
    ] == []


def test_certificates_count_on_the_backups_that_the_template_keeps() -> None:
    kept = {
        name: properties(table).get("PointInTimeRecoverySpecification", {})
        for name, table in resources(read_template(), TABLE).items()
    }
    days = {
        name: how.get("RecoveryPeriodInDays", DYNAMODB_DAYS)
        for name, how in kept.items()
        if how.get("PointInTimeRecoveryEnabled")
    }
    keys = {name for name in days if name in KEY_TABLES}
    assert keys
    assert max(days[name] for name in keys) == KEYS_RECOVERABLE.days
    assert max(days.values()) == ROWS_RECOVERABLE.days
