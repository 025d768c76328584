"""What template.yaml deploys, as the local gateway runs it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mydata_hub.embedded.event_sources import HttpRoute, Schedule, StreamLink, event_sources
from mydata_hub.embedded.template import Resource, read_template
from mydata_hub.embedded.template_types import FUNCTION, HTTP_API, TABLE
from mydata_hub.embedded.template_yaml import TemplateRefused

TEMPLATE_NAME: Final = "template.yaml"
MAX_ROUTES: Final = 300  # API Gateway's quota of routes per HTTP API
DEFAULT_TIMEOUT_SECONDS: Final = 3.0  # Lambda's own
DEFAULT_MEMORY_MB: Final = 128  # Lambda's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One Lambda function. `environment` holds exactly the variables that its entry declares."""

    name: str
    file: Path
    timeout_seconds: float
    memory_mb: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deployment:
    """`tables` are the engine's names of all tables."""

    functions: Mapping[str, Function]
    routes: tuple[HttpRoute, ...]
    schedules: tuple[Schedule, ...]
    streams: tuple[StreamLink, ...]
    tables: tuple[str, ...]


def deployment_folder() -> Path:
    """Where template.yaml and functions/ are: in the installed package, or in the source tree.

    Raises TemplateRefused when they are in neither.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_deployment", package.parents[2]):
        if (folder / TEMPLATE_NAME).is_file():
            return folder
    raise TemplateRefused(TEMPLATE_NAME, "is neither in the package nor in a source tree")


def read_deployment(folder: Path, parameters: Mapping[str, str]) -> Deployment:
    """What `<folder>/template.yaml` deploys with these parameters. Raises TemplateRefused."""
    template = read_template(folder / TEMPLATE_NAME, parameters)
    for api in template.of_type(HTTP_API):
        if api.properties.get("StageName", "$default") != "$default":
            raise TemplateRefused(f"{api.name}.StageName", "only $default leaves paths as they are")
    functions = {found.name: _function(folder, found) for found in template.of_type(FUNCTION)}
    sources = [
        source for found in template.of_type(FUNCTION) for source in event_sources(template, found)
    ]
    routes = [source for source in sources if isinstance(source, HttpRoute)]
    _refuse_doubled(routes)
    tables = tuple(table.name for table in template.of_type(TABLE))
    return Deployment(
        functions=functions,
        routes=tuple(routes),
        schedules=tuple(source for source in sources if isinstance(source, Schedule)),
        streams=tuple(source for source in sources if isinstance(source, StreamLink)),
        tables=tables,
    )


def _function(folder: Path, resource: Resource) -> Function:
    properties = resource.properties
    module, _, attribute = str(properties.get("Handler", "")).rpartition(".")
    code = properties.get("CodeUri", "")
    file = folder / str(code) / f"{module.replace('.', '/')}.py"
    if not (module and isinstance(code, str) and file.is_file()):
        raise TemplateRefused(f"{resource.name}.Handler", "names no file below CodeUri")
    if attribute != "handler":
        # The gateway asks the file's `build` for a handler of its own, which `handler` wraps.
        raise TemplateRefused(f"{resource.name}.Handler", "is not <file>.handler")
    environment = properties.get("Environment", {})
    if environment.keys() - {"Variables"}:
        raise TemplateRefused(f"{resource.name}.Environment", "takes Variables only")
    variables = environment.get("Variables", {})
    for name, value in variables.items():
        if not isinstance(value, str):
            raise TemplateRefused(f"{resource.name}.Environment.{name}", "is not a text")
    return Function(
        name=resource.name,
        file=file,
        timeout_seconds=float(properties.get("Timeout", DEFAULT_TIMEOUT_SECONDS)),
        memory_mb=int(properties.get("MemorySize", DEFAULT_MEMORY_MB)),
        environment=variables,
    )


def _refuse_doubled(routes: Sequence[HttpRoute]) -> None:
    if len(routes) > MAX_ROUTES:
        raise TemplateRefused("Resources", f"more than {MAX_ROUTES} routes")
    # Two names of one variable segment would be two routes that API Gateway cannot tell apart.
    shapes: dict[str, HttpRoute] = {}
    for route in routes:
        shape = re.sub(r"\{[^}+]*", "{", route.key)
        if shape in shapes:
            raise TemplateRefused(route.function, f"the route {route.key} exists twice")
        shapes[shape] = route
