"""The reader of template.yaml: what it resolves, and that it refuses whatever it does not know."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.config import (
    AuditSettings,
    DeliverSettings,
    PagesSettings,
    SequenceLogSettings,
    Settings,
)
from mydata_hub.embedded.deployment import Deployment, deployment_folder, read_deployment
from mydata_hub.embedded.template import read_template
from mydata_hub.embedded.template_yaml import TemplateRefused
from mydata_hub.web.guards import ROUTES

from tests.gateway.templates import GIVEN, deploy, function, http, schedule, stream, table, write

HANDLER = {"it": "def build(env): ...\n"}
LAPTOP = {
    "Engine": "embedded:.mydata",
    "Issuer": "http://localhost:8787",
    "SoftwarePasskeys": "allowed",
}


@pytest.fixture(scope="module")
def ours() -> Deployment:
    return read_deployment(deployment_folder(), LAPTOP)


def properties(entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = entry["Properties"]
    return found


def refused(folder: Path, resources: dict[str, Any]) -> TemplateRefused:
    with pytest.raises(TemplateRefused) as caught:
        deploy(folder, resources, HANDLER)
    return caught.value


def test_our_own_template_has_the_routes_of_the_guard_table(ours: Deployment) -> None:
    assert {route.key for route in ours.routes} == {route.key for route in ROUTES}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("Pages", PagesSettings),
        ("Deliver", DeliverSettings),
        ("SequenceLog", SequenceLogSettings),
        ("Audit", AuditSettings),
    ],
)
def test_each_of_our_functions_gets_exactly_what_its_settings_read(
    ours: Deployment, name: str, settings: type[Settings]
) -> None:
    environment = ours.functions[name].environment
    assert environment.keys() == settings.variables()
    assert settings.read(environment).engine == "embedded:.mydata"


def test_references_to_tables_buckets_and_keys_are_names_of_the_engine(ours: Deployment) -> None:
    environment = ours.functions["SequenceLog"].environment
    assert environment["EVENTS_TABLE"] in ours.tables
    assert environment["TILES_BUCKET"] == "TilesBucket"
    assert environment["CHECKPOINT_KEY"] == "CheckpointKey"
    assert environment["ISSUER"] == "http://localhost:8787"


def test_our_streams_and_sweeps_are_linked_as_declared(ours: Deployment) -> None:
    links = {link.function: link for link in ours.streams}
    deliver = links["Deliver"]
    assert (deliver.table, deliver.view, deliver.kinds) == ("OutboxTable", "NEW_IMAGE", {"INSERT"})
    assert (deliver.batch_size, deliver.max_retries, deliver.bisect) == (25, 5, True)
    assert deliver.reports_item_failures
    assert deliver.on_failure == "DeliverFailures"
    assert links["SequenceLog"].window_seconds == 1
    assert {(found.function, found.every) for found in ours.schedules} == {
        ("Deliver", timedelta(minutes=1)),
        ("Notify", timedelta(minutes=1)),
        ("SequenceLog", timedelta(minutes=1)),
        ("FoldRecords", timedelta(minutes=1)),
        ("Collect", timedelta(minutes=1)),
        ("Erase", timedelta(minutes=1)),
        ("Reseal", timedelta(minutes=1)),
        ("PublishOffers", timedelta(minutes=1)),
    }
    assert all(found.event == {"sweep": True} for found in ours.schedules)


def test_globals_are_merged_below_what_a_function_says_itself(tmp_path: Path) -> None:
    folder = write(tmp_path, {"One": function("it"), "Two": function("it", Timeout=7)}, HANDLER)
    path = folder / "template.yaml"
    path.write_text(
        path.read_text()
        + "Globals: {Function: {MemorySize: 512, Timeout: 5,"
        + " Environment: {Variables: {ENGINE: !Ref Engine}}}}\n"
    )
    found = read_deployment(folder, GIVEN).functions
    assert found["Two"].timeout_seconds == 7
    assert found["Two"].memory_mb == 512
    assert found["One"].environment == {"ENGINE": "embedded:there"}


def test_sub_fills_references_attributes_and_its_own_values(tmp_path: Path) -> None:
    variables = {
        "A": {"Fn::Sub": "${Issuer}/x/${Rows}/${Rows.Arn}/${!Kept}"},
        "B": {"Fn::Sub": ["${Mine}-${AWS::Region}", {"Mine": {"Ref": "Rows"}}]},
    }
    found = deploy(
        tmp_path,
        {"Rows": table(), "One": function("it", Environment={"Variables": variables})},
        HANDLER,
    )
    assert found.functions["One"].environment == {
        "A": "http://localhost:1/x/Rows/Rows/${Kept}",
        "B": "Rows-local",
    }


def test_short_tags_mean_what_their_long_forms_mean(tmp_path: Path) -> None:
    path = write(tmp_path, {"Rows": table()}, HANDLER) / "template.yaml"
    path.write_text(
        path.read_text()
        + "  One:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        + "      CodeUri: functions/\n      Handler: it.handler\n      Environment:\n"
        + "        Variables: {A: !Ref Rows, B: !GetAtt Rows.StreamArn, C: !Sub 'x${Issuer}'}\n"
    )
    resources = read_template(path, GIVEN).resources
    assert resources["One"].properties["Environment"]["Variables"] == {
        "A": "Rows",
        "B": "Rows/stream",
        "C": "xhttp://localhost:1",
    }


@pytest.mark.parametrize(
    ("resource", "where", "words"),
    [
        (function("it", Hooks=1), "One.Hooks", "AWS::Serverless::Function"),
        (function("it", FileSystemConfigs=[]), "One.FileSystemConfigs", "not known"),
        ({"Type": "AWS::Lambda::Function", "Properties": {}}, "One", "AWS::Lambda::Function"),
        (table() | {"Condition": "Prod"}, "One.Condition", "not known"),
        (function("it", MemorySize={"Fn::If": ["A", 1, 2]}), "One.MemorySize", "Fn::If"),
        (function("it", Policies=[{"Fn::Transform": 1}]), "One.Policies[0]", "Fn::Transform"),
        (function("it", Timeout={"Fn::Select": [0, [1]]}), "One.Timeout", "Fn::Select"),
        (
            function("it", Environment={"Variables": {"A": {"Ref": "Nobody"}}}),
            "One.Environment.Variables.A",
            "Nobody",
        ),
        (
            function("it", Environment={"Variables": {"A": {"Fn::GetAtt": ["Api", "Arn"]}}}),
            "One.Environment.Variables.A",
            "Api.Arn",
        ),
        (function("it", Environment={"Variables": {"A": 1}}), "One.Environment.A", "not a text"),
        (function("gone"), "One.Handler", "no file"),
        (function("it", Handler="it.main"), "One.Handler", "handler"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_known_is_refused_by_its_resource_and_property(
    tmp_path: Path, resource: dict[str, Any], where: str, words: str
) -> None:
    error = refused(tmp_path, {"One": resource})
    assert error.where == where
    assert words in error.reason


@pytest.mark.parametrize(
    ("event", "where"),
    [
        ({"Type": "SQS", "Properties": {}}, "One.Events.It"),
        (http("GET", "/x") | {"Extra": 1}, "One.Events.It"),
        (http("FETCH", "/x"), "One.Events.It.Method"),
        (http("GET", "x"), "One.Events.It.Path"),
        (http("GET", "/{rest+}/x"), "One.Events.It.Path"),
        (http("GET", "/a{b}"), "One.Events.It.Path"),
        (schedule("cron(0 1 * * ? *)"), "One.Events.It.ScheduleExpression"),
        (schedule("rate(0 minutes)"), "One.Events.It.ScheduleExpression"),
        (stream("Rows", StartingPosition="LATEST"), "One.Events.It.StartingPosition"),
        (stream("Rows", Stream={"Ref": "Rows"}), "One.Events.It.Stream"),
        (stream("Rows", BatchSize=5000), "One.Events.It.BatchSize"),
        (stream("Rows", TumblingWindowInSeconds=1), "One.Events.It.TumblingWindowInSeconds"),
        (stream("Rows", FunctionResponseTypes=["New"]), "One.Events.It.FunctionResponseTypes"),
        (stream("Rows", DestinationConfig={}), "One.Events.It.DestinationConfig"),
        (
            stream("Rows", FilterCriteria={"Filters": [{"Pattern": '{"dynamodb":{}}'}]}),
            "One.Events.It.FilterCriteria",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_event_that_would_run_differently_here_is_refused(
    tmp_path: Path, event: dict[str, Any], where: str
) -> None:
    quiet = {"MaximumRetryAttempts": 0}
    one = function("it", events={"It": event}, EventInvokeConfig=quiet)
    assert refused(tmp_path, {"Rows": table(), "One": one}).where == where


def test_a_schedule_that_aws_would_retry_is_refused(tmp_path: Path) -> None:
    one = function("it", events={"It": schedule()})
    assert "MaximumRetryAttempts" in refused(tmp_path, {"One": one}).reason


def test_two_routes_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    one = function("it", events={"A": http("GET", "/x/{a}"), "B": http("GET", "/x/{b}")})
    assert "twice" in refused(tmp_path, {"One": one}).reason


def test_a_section_a_parameter_and_a_parameter_value_must_be_known(tmp_path: Path) -> None:
    path = write(tmp_path, {}, HANDLER) / "template.yaml"
    with pytest.raises(TemplateRefused, match=r"Parameters\.Colour"):
        read_template(path, GIVEN | {"Colour": "red"})
    with pytest.raises(TemplateRefused, match=r"Parameters\.Issuer: has no default"):
        read_template(path, {})
    path.write_text(path.read_text() + "Mappings: {}\n")
    with pytest.raises(TemplateRefused, match="Mappings"):
        read_template(path, GIVEN)


def test_a_parameter_keeps_to_its_pattern_and_its_allowed_values() -> None:
    path = deployment_folder() / "template.yaml"
    for wrong in ({"Issuer": "http://elsewhere.example"}, {"SoftwarePasskeys": "perhaps"}):
        with pytest.raises(TemplateRefused, match="not allowed"):
            read_template(path, LAPTOP | wrong)


def test_a_name_that_stands_twice_is_refused_and_a_date_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("Resources: {}\nResources: {}\n")
    with pytest.raises(TemplateRefused, match="twice"):
        read_template(path, {})
    path.write_text("AWSTemplateFormatVersion: 2010-09-09\nResources: {\n")
    with pytest.raises(TemplateRefused, match="line"):
        read_template(path, {})


def test_yaml_that_would_make_python_objects_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("Resources: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(TemplateRefused, match="could not determine a constructor"):
        read_template(path, {})
