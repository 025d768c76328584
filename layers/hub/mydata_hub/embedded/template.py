"""template.yaml with its references resolved for this laptop.

A reference to a table, bucket, key, queue or function resolves to its logical id: that is the name
of the thing in the embedded engine. A stream resolves to `<table>/stream`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mydata_hub.embedded.template_types import BYSTANDERS, GLOBALS, KINDS, Kind
from mydata_hub.embedded.template_yaml import TemplateRefused, read_yaml

STREAM: Final = "/stream"
_SECTIONS: Final = frozenset(
    {
        *("AWSTemplateFormatVersion", "Transform", "Description", "Metadata"),
        *("Globals", "Parameters", "Resources", "Outputs"),
        # Rules bind parameters in an account; a laptop chooses what an account may not.
        "Rules",
    }
)
_PARAMETER: Final = frozenset(
    {"Type", "Default", "Description", "AllowedValues", "AllowedPattern", "ConstraintDescription"}
)
# What CloudFormation adds to a resource beside its properties.
_ENVELOPE: Final = frozenset(
    {"Type", "Properties", "DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Metadata"}
)
# Functions that may stand where nothing is read, as in a policy; what is read knows fewer.
_KNOWN_FUNCTIONS: Final = frozenset(
    {"Fn::GetAtt", "Fn::GetAZs", "Fn::Sub", "Fn::Select", "Fn::Split"}
)
_PSEUDO: Final = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": "local",
    "AWS::StackName": "mydata",
    "AWS::URLSuffix": "localhost",
}
_PLACE: Final = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: `properties` are those the gateway uses, resolved, Globals merged in."""

    name: str
    type: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """The resources that matter on a laptop, by logical id in the template's order."""

    resources: Mapping[str, Resource]

    def of_type(self, type_name: str) -> tuple[Resource, ...]:
        return tuple(found for found in self.resources.values() if found.type == type_name)


def read_template(path: Path, parameters: Mapping[str, str]) -> Template:
    """Read and resolve a template; `parameters` replace its defaults.

    Raises TemplateRefused for anything that is not known: a section, a type, a property, an
    intrinsic function, a reference, a parameter.
    """
    document = read_yaml(path)
    for section in document.keys() - _SECTIONS:
        raise TemplateRefused(str(section), "this section is not known")
    return _Resolver(document, parameters).template()


class _Resolver:
    def __init__(self, document: dict[str, Any], parameters: Mapping[str, str]) -> None:
        self._resources = _map(document.get("Resources"), "Resources")
        self._globals = _map(document.get("Globals", {}), "Globals")
        self._values = {
            **_PSEUDO,
            **_parameters(_map(document.get("Parameters", {}), "Parameters"), parameters),
        }

    def template(self) -> Template:
        for name in self._globals.keys() - GLOBALS.keys():
            raise TemplateRefused(f"Globals.{name}", "is not known")
        found: dict[str, Resource] = {}
        for name, entry in self._resources.items():
            resource = self._resource(name, _map(entry, name))
            if resource is not None:
                found[name] = resource
        return Template(found)

    def _resource(self, name: str, entry: dict[str, Any]) -> Resource | None:
        for member in entry.keys() - _ENVELOPE:
            raise TemplateRefused(f"{name}.{member}", "is not known")
        type_name = str(entry.get("Type"))
        properties = _map(entry.get("Properties", {}), name)
        _refuse_unknown_functions(properties, name)
        if type_name in BYSTANDERS:
            return None
        kind = KINDS.get(type_name)
        if kind is None:
            raise TemplateRefused(name, f"the type {type_name} is not known")
        merged = self._with_globals(type_name, properties)
        _refuse_unknown_properties(name, type_name, kind, merged)
        used = {key: value for key, value in merged.items() if key in kind.used}
        return Resource(name, type_name, self._resolve(used, name))

    def _with_globals(self, type_name: str, properties: dict[str, Any]) -> dict[str, Any]:
        for section, global_type in GLOBALS.items():
            if global_type == type_name:
                shared = _map(self._globals.get(section, {}), f"Globals.{section}")
                _refuse_unknown_functions(shared, f"Globals.{section}")
                merged = _merge(shared, properties)
                assert isinstance(merged, dict)
                return merged
        return properties

    def _resolve(self, value: Any, where: str) -> Any:
        if isinstance(value, list):
            return [self._resolve(item, f"{where}[{n}]") for n, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            match name:
                case "Ref":
                    return self._reference(str(argument), where)
                case "Fn::GetAtt":
                    return self._attribute(argument, where)
                case "Fn::Sub":
                    return self._substitute(argument, where)
            if str(name).startswith("Fn::") or name == "Condition":
                raise TemplateRefused(where, f"the function {name} is not known here")
        return {name: self._resolve(item, f"{where}.{name}") for name, item in value.items()}

    def _reference(self, name: str, where: str) -> str:
        if name in self._values:
            return self._values[name]
        if name in self._resources:
            return name
        raise TemplateRefused(where, f"refers to {name}, which the template does not have")

    def _attribute(self, argument: Any, where: str) -> str:
        if not (isinstance(argument, list) and len(argument) == 2):
            raise TemplateRefused(where, "Fn::GetAtt takes a resource and an attribute")
        name, attribute = map(str, argument)
        entry = self._resources.get(name)
        type_name = str(entry.get("Type")) if isinstance(entry, dict) else ""
        kind = KINDS.get(type_name)
        if type_name not in BYSTANDERS and (kind is None or attribute not in kind.attributes):
            raise TemplateRefused(where, f"asks for {name}.{attribute}, which is not known")
        return name + STREAM if attribute == "StreamArn" else name

    def _substitute(self, argument: Any, where: str) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        given = {name: str(self._resolve(value, where)) for name, value in own.items()}

        def fill(place: re.Match[str]) -> str:
            name = place[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in given:
                return given[name]
            if "." in name:
                return self._attribute(name.split(".", 1), where)
            return self._reference(name, where)

        return _PLACE.sub(fill, str(text))


def _parameters(declared: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    for name in given.keys() - declared.keys():
        raise TemplateRefused(f"Parameters.{name}", "the template does not declare it")
    values: dict[str, str] = {}
    for name, entry in declared.items():
        where = f"Parameters.{name}"
        about = _map(entry, where)
        for member in about.keys() - _PARAMETER:
            raise TemplateRefused(f"{where}.{member}", "is not known")
        value = given.get(name, about.get("Default"))
        if value is None:
            raise TemplateRefused(where, "has no default and was not given")
        values[name] = str(value)
        allowed = about.get("AllowedValues", [value])
        if value not in allowed or not re.fullmatch(about.get("AllowedPattern", ".*"), str(value)):
            raise TemplateRefused(where, "was given a value that is not allowed")
    return values


def _refuse_unknown_properties(
    name: str, type_name: str, kind: Kind, properties: Mapping[str, Any]
) -> None:
    for key in sorted(properties.keys() - kind.used - kind.silent):
        raise TemplateRefused(f"{name}.{key}", f"this property of {type_name} is not known")


def _refuse_unknown_functions(value: Any, where: str) -> None:
    if isinstance(value, list):
        for number, item in enumerate(value):
            _refuse_unknown_functions(item, f"{where}[{number}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if str(name).startswith("Fn::") and name not in _KNOWN_FUNCTIONS:
                raise TemplateRefused(where, f"the intrinsic function {name} is not known")
            _refuse_unknown_functions(item, f"{where}.{name}")


def _merge(shared: Any, own: Any) -> Any:
    """As SAM merges Globals: maps by name, lists one after the other, else the resource's own."""
    if isinstance(shared, dict) and isinstance(own, dict):
        return {
            **shared,
            **{
                name: _merge(shared[name], value) if name in shared else value
                for name, value in own.items()
            },
        }
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return own


def _map(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TemplateRefused(where, "is not a map")
    return value
