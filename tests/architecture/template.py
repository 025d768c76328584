"""Reads template.yaml for the proofs: independent of the product's own reader, so neither hides
the other's mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias

import yaml

Template: TypeAlias = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = "AWS::Serverless::Function"


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms; a key that is written twice is an error."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs = [
        (loader.construct_object(key, deep=True), loader.construct_object(value, deep=True))
        for key, value in node.value
    ]
    names = [key for key, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"line {node.start_mark.line + 1}: written twice: {sorted(twice)}")
    return dict(pairs)


_Loader.add_multi_constructor("!", _short_form)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_template(path: Path = ROOT / "template.yaml") -> Template:
    """The template as plain values; anchors share no objects, so a plant touches one place."""
    loaded = yaml.load(path.read_text("utf-8"), _Loader)
    assert isinstance(loaded, dict)
    return _unshared(loaded)


def _unshared(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unshared(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_unshared(item) for item in value]
    return deepcopy(value)


def resources(template: Template, *types: str) -> dict[str, dict[str, Any]]:
    """Logical id -> resource, of these types or of all."""
    found: dict[str, dict[str, Any]] = template["Resources"]
    return {name: one for name, one in found.items() if not types or one["Type"] in types}


def properties(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a resource; none is an empty mapping."""
    found: dict[str, Any] = resource.get("Properties", {})
    return found


def functions(template: Template) -> dict[str, dict[str, Any]]:
    """File name in functions/ -> properties with the Globals merged in as SAM merges them."""
    shared = template.get("Globals", {}).get("Function", {})
    found: dict[str, dict[str, Any]] = {}
    for resource in resources(template, FUNCTION).values():
        own = properties(resource)
        merged = {**shared, **own}
        merged["Environment"] = {
            "Variables": {
                **shared.get("Environment", {}).get("Variables", {}),
                **own.get("Environment", {}).get("Variables", {}),
            }
        }
        found[str(own["Handler"]).partition(".")[0]] = merged
    return found


def logical_id(template: Template, function: str) -> str:
    """The logical id of the function whose file is `function`."""
    for name, resource in resources(template, FUNCTION).items():
        if str(properties(resource)["Handler"]).partition(".")[0] == function:
            return name
    raise KeyError(function)


def events(template: Template, *types: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(function, event type, event properties) of every event, of these types or of all."""
    for function, own in functions(template).items():
        for event in own.get("Events", {}).values():
            if not types or event["Type"] in types:
                yield function, event["Type"], event.get("Properties", {})


def target(value: Any) -> tuple[str, str]:
    """(logical id, attribute) that a Ref or GetAtt names; ("", "") for anything else."""
    if isinstance(value, Mapping):
        if "Ref" in value:
            return str(value["Ref"]), "Ref"
        if "Fn::GetAtt" in value:
            name, attribute = value["Fn::GetAtt"]
            return str(name), str(attribute)
    return "", ""


def as_list(value: Any) -> list[Any]:
    """IAM writes one or many; None is none."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
