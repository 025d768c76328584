"""Calls of the handlers in functions/, in this process, under the rules of Lambda.

An instance of a function handles one event at a time; as many instances are built as events come at
once, so caches and other state are no more shared here than there. Unlike Lambda, nothing can stop
a handler that runs over its time: it is told nothing, and its answer is thrown away.
"""

from __future__ import annotations

import importlib.util
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any, Final

from mydata_hub.embedded.deployment import Deployment, Function
from mydata_hub.embedded.template_yaml import TemplateRefused

Handler = Callable[[dict[str, Any], Any], Any]
MAX_IDLE_INSTANCES: Final = 64


@dataclass(frozen=True, slots=True)
class Invocation:
    """The context object that a handler gets, as Lambda's Python runtime shapes it."""

    aws_request_id: str
    function_name: str
    memory_limit_in_mb: int
    deadline: float
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:local:000000000000:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class Invoker:
    """Calls functions by name. Safe to share between threads."""

    def __init__(self, deployment: Deployment) -> None:
        """Load each function's file and build one instance, so that a wrong setting shows now.

        Raises TemplateRefused for a file without `build`, and whatever building raises.
        """
        self._pools = {
            name: _Instances(function) for name, function in deployment.functions.items()
        }
        self._changed = threading.Condition()
        self._running = 0

    def call(self, name: str, event: dict[str, Any], request_id: str | None = None) -> Any:
        """The handler's result; raises whatever the handler raises."""
        pool = self._pools[name]
        with self._changed:
            self._running += 1
        try:
            return pool.call(event, request_id or str(uuid.uuid4()))
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def timeout_seconds(self, name: str) -> float:
        """How long Lambda would let the function run."""
        return self._pools[name].function.timeout_seconds

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until no handler runs; False when one still does."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, seconds)


def one_handler(function: Function) -> Handler:
    """A handler of its own, with exactly the variables that the template declares."""
    return _builder(function)(MappingProxyType(dict(function.environment)))


class _Instances:
    def __init__(self, function: Function) -> None:
        self.function = function
        # Exactly what the template declares: a handler that reads more fails here as on AWS.
        self._environment: Mapping[str, str] = MappingProxyType(dict(function.environment))
        self._build = _builder(function)
        self._idle: list[Handler] = [self._build(self._environment)]

    def call(self, event: dict[str, Any], request_id: str) -> Any:
        try:
            handler = self._idle.pop()
        except IndexError:
            handler = self._build(self._environment)
        try:
            return handler(
                event,
                Invocation(
                    aws_request_id=request_id,
                    function_name=self.function.name,
                    memory_limit_in_mb=self.function.memory_mb,
                    deadline=time.monotonic() + self.function.timeout_seconds,
                ),
            )
        except SystemExit:
            # On Lambda only the function's own process would end.
            raise RuntimeError("a handler tried to leave the process") from None
        finally:
            if len(self._idle) < MAX_IDLE_INSTANCES:
                self._idle.append(handler)


def _builder(function: Function) -> Callable[[Mapping[str, str]], Handler]:
    build = getattr(_module(function), "build", None)
    if not callable(build):
        raise TemplateRefused(f"{function.name}.Handler", "its file has no build(env)")
    return build  # type: ignore[no-any-return]


def _module(function: Function) -> ModuleType:
    # Under a name of its own: two functions may have one file, and share nothing on Lambda.
    spec = importlib.util.spec_from_file_location(f"mydata_function_{function.name}", function.file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
