"""A small deployment for tests: a template of our own and handler files written beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from mydata_hub.embedded.deployment import Deployment, read_deployment

PARAMETERS = {
    "Engine": {"Type": "String", "Default": "aws"},
    "Issuer": {"Type": "String"},
}
GIVEN = {"Engine": "embedded:there", "Issuer": "http://localhost:1"}


def function(file: str, *, events: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A function entry whose handler is in functions/<file>.py."""
    return {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "CodeUri": "functions/",
            "Handler": f"{file}.handler",
            "Timeout": 30,
            "Events": dict(events or {}),
            **more,
        },
    }


def http(method: str, path: str) -> dict[str, Any]:
    return {
        "Type": "HttpApi",
        "Properties": {"ApiId": {"Ref": "Api"}, "Method": method, "Path": path},
    }


def stream(table: str, **more: Any) -> dict[str, Any]:
    """A stream event with this deployment's habits; `more` replaces or adds properties."""
    return {
        "Type": "DynamoDB",
        "Properties": {
            "Stream": {"Fn::GetAtt": [table, "StreamArn"]},
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 10,
            "MaximumRetryAttempts": 2,
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Failed", "Arn"]}}},
            **more,
        },
    }


def schedule(rate: str = "rate(1 minute)") -> dict[str, Any]:
    return {
        "Type": "ScheduleV2",
        "Properties": {
            "ScheduleExpression": rate,
            "Input": '{"sweep": true}',
            "RetryPolicy": {"MaximumRetryAttempts": 0},
        },
    }


def table(view: str = "NEW_AND_OLD_IMAGES") -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {"StreamSpecification": {"StreamViewType": view}},
    }


def template(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": PARAMETERS,
        "Resources": {
            "Api": {"Type": "AWS::Serverless::HttpApi", "Properties": {}},
            "Failed": {"Type": "AWS::SQS::Queue", "Properties": {}},
            **resources,
        },
    }


def write(folder: Path, resources: Mapping[str, Any], files: Mapping[str, str]) -> Path:
    """Write template.yaml and functions/<name>.py; gives the folder."""
    (folder / "functions").mkdir(parents=True, exist_ok=True)
    (folder / "template.yaml").write_text(yaml.safe_dump(template(resources), sort_keys=False))
    for name, source in files.items():
        (folder / "functions" / f"{name}.py").write_text(textwrap.dedent(source))
    return folder


def deploy(folder: Path, resources: Mapping[str, Any], files: Mapping[str, str]) -> Deployment:
    return read_deployment(write(folder, resources, files), GIVEN)
