"""template.yaml as plain data: CloudFormation's short tags become their long forms."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from mydata_hub.errors import HubError

MAX_TEMPLATE_BYTES: Final = 1024 * 1024  # CloudFormation's own limit


class TemplateRefused(HubError):
    """The template holds something that this gateway would run differently from AWS.

    Names the resource and the property, so that nothing is ever skipped in silence.
    """

    slug = "template-refused"

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


def read_yaml(path: Path) -> dict[str, Any]:
    """The document as dicts, lists, texts, numbers and truth values. Raises TemplateRefused."""
    try:
        content = path.read_bytes()
    except OSError:
        raise TemplateRefused(path.name, "cannot be read") from None
    if len(content) > MAX_TEMPLATE_BYTES:
        raise TemplateRefused(path.name, f"is longer than {MAX_TEMPLATE_BYTES} bytes")
    try:
        document = yaml.load(content, _Loader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "is not YAML"
        raise TemplateRefused(path.name, f"{problem}{line}") from None
    if not isinstance(document, dict):
        raise TemplateRefused(path.name, "is not a map")
    return document


class _Loader(yaml.CSafeLoader):
    """Safe YAML with tags, without dates, and without a name that stands twice in a map."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    # Which functions exist is judged where they stand, by the name of the resource.
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    assert isinstance(node, yaml.ScalarNode)
    value = loader.construct_scalar(node)
    return {name: value.split(".", 1) if suffix == "GetAtt" else value}


def _map_of(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    names = [loader.construct_object(key, deep=True) for key, _ in node.value]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise yaml.MarkedYAMLError(
            problem=f"{min(map(str, doubled))} stands twice in a map", problem_mark=node.start_mark
        )
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _long_form)
_Loader.add_constructor("tag:yaml.org,2002:map", _map_of)
# CloudFormation reads 2012-10-17 as text.
_Loader.yaml_implicit_resolvers = {
    first: [found for found in resolvers if found[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
