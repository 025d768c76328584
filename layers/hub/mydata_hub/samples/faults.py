"""Faults on demand: what a provider does wrong next, for tests and for the demonstration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final

from mydata_hub.samples.asgi import Answer, Refused, json_answer

# Kinds that change a page, each told by what the hub should make of it.
PAGE_KINDS: Final = frozenset(
    {
        "repeat",  # the page comes twice, under another token
        "loop",  # the page names itself as the next one
        "malformed",  # no JSON
        "wrong_type",  # a text where a list belongs
        "unknown_field",  # a field that the schema does not have
        "throttled",  # 429 with Retry-After
        "unavailable",  # 500
        "truncated",  # the connection ends in the middle
        "slow",  # the body drips
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """So many pages go wrong, after so many that do not; of one person or of any."""

    kind: str
    provider: str
    person: str | None = None
    after: int = 0
    times: int = 1
    # Retry-After, or how long a slow body takes.
    seconds: int = 1


class Faults:
    """The faults that are still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Fault] = []

    def add(self, told: Mapping[str, Any]) -> Fault:
        """Take a fault in. Raises Refused for a field or kind that is not known."""
        try:
            fault = Fault(**told)
        except TypeError:
            raise Refused(400, "takes provider, kind, person, after, times, seconds") from None
        if not all(type(told) is int for told in (fault.after, fault.times, fault.seconds)):
            raise Refused(400, "after, times, seconds: take numbers")
        if fault.kind not in PAGE_KINDS:
            raise Refused(400, f"kind: takes {', '.join(sorted(PAGE_KINDS))}")
        with self._lock:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._waiting.clear()

    def take(self, provider: str, person: str) -> Fault | None:
        """The fault of this page, if it has one."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.provider != provider or fault.person not in (None, person):
                    continue
                if fault.after:
                    self._waiting[place] = replace(fault, after=fault.after - 1)
                    continue
                if fault.times > 1:
                    self._waiting[place] = replace(fault, times=fault.times - 1)
                else:
                    del self._waiting[place]
                return fault
        return None


def spoil(fault: Fault | None, page: dict[str, Any], field: str, again: str) -> Answer:
    """A page as the fault has it; `again` is a token that names the same page once more."""
    match fault.kind if fault else "":
        case "repeat":
            page["next_page"] = f"{again}~again"
        case "loop":
            page["next_page"] = f"{again}~loop"
        case "wrong_type":
            page[field] = "sample fault"
        case "unknown_field":
            page["sample_fault"] = True
        case "throttled" if fault:
            told = {"rsp_code": "42901", "rsp_msg": "too many requests (sample fault)"}
            return json_answer(told, 429, retry_after=str(fault.seconds))
        case "unavailable":
            told = {"rsp_code": "50001", "rsp_msg": "out of order (sample fault)"}
            return json_answer(told, 500)
    answer = json_answer(page)
    match fault.kind if fault else "":
        case "malformed":
            return replace(answer, body=b'{"rsp_code": "00000", "rsp_msg": sample fault}')
        case "truncated":
            return replace(answer, cut=len(answer.body) // 2)
        case "slow" if fault:
            return replace(answer, drip_s=float(fault.seconds))
    return answer
