"""What a fault planted in a template is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Plant = Callable[[dict[str, Any]], object]

# (what is planted, the plant, the proof that must catch it, the words it must say)
Fault = tuple[str, Plant, str, str]


def of(name: str, resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resources[name]["Properties"]
    return found


def role_statements(name: str, resources: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = of(name, resources)["Policies"][0]["PolicyDocument"]["Statement"]
    return found


def allow(role: str, *actions: str, on: Any = None) -> Plant:
    """A plant: `role` may do `actions`."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on or arn("CheckpointKey")}
    return lambda resources: role_statements(role, resources).append(statement)


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def set_in(name: str, *path: str, to: Any) -> Plant:
    """A plant: the property at `path` becomes `to`; None takes it away."""

    def plant(resources: dict[str, Any]) -> None:
        place = of(name, resources)
        for step in path[:-1]:
            place = place.setdefault(step, {})
        if to is None:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return plant


def stream_of(name: str, *path: str, to: Any) -> Plant:
    event = {"Deliver": "Messages", "SequenceLog": "Recorded"}[name]
    return set_in(name, "Events", event, "Properties", *path, to=to)


def without(name: str) -> Plant:
    return lambda resources: resources.pop(name)


def add(name: str, kind: str, **properties: Any) -> Plant:
    return lambda resources: resources.update({name: {"Type": kind, "Properties": properties}})


def route(name: str, method: str, path: str, event: str = "Planted") -> Plant:
    properties = {"ApiId": {"Ref": "Api"}, "Method": method, "Path": path}
    return set_in(name, "Events", event, to={"Type": "HttpApi", "Properties": properties})
