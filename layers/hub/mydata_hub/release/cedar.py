"""Cedar, as the gate uses it: parsed once, and anything but a clean decision is a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mydata_hub.errors import BadInput

# What stands for "could not be decided" beside the ids of policies.
UNDECIDED: Final = "undecided"


@dataclass(frozen=True, slots=True)
class Decided:
    """What Cedar said of one request.

    `reasons` are the policies that determined it: of a denial every forbid that holds, each of
    which forbids by itself; so they are the fewest that have to change. `errors` counts policies
    that Cedar skipped because their evaluation failed.
    """

    allowed: bool
    reasons: tuple[str, ...]
    errors: int = 0

    @property
    def failing(self) -> tuple[str, ...]:
        """The policies in the way; empty where, and only where, the request is allowed.

        Cedar skips a forbid that cannot be evaluated, so an error stands in the way of anything.
        """
        if self.errors:
            return (UNDECIDED,)
        # No reason means that nothing permits it.
        return () if self.allowed else self.reasons or (UNDECIDED,)


class Engine:
    """One set of policies with its schema. Safe between threads."""

    def __init__(
        self,
        text: str,
        schema: str | None,
        rename: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda parsed: parsed,
    ) -> None:
        """Parse both; without a schema nothing is held to one.

        `rename` gets the parsed policies by Cedar's names for them and gives them by the names that
        reasons shall have. Raises BadInput for what does not parse or fit.
        """
        import cedarpy

        try:
            self._schema = cedarpy.Schema.from_str(schema) if schema is not None else None
            valid = schema is None or bool(cedarpy.validate_policies(text, schema))
            parsed = json.loads(cedarpy.policies_to_json_str(text))
        except ValueError:
            raise BadInput("policies", "take Cedar that can be parsed") from None
        if not valid:
            raise BadInput("policies", "take policies that keep to their schema")
        self.policies: Final = rename(parsed["staticPolicies"])
        renamed = json.dumps({**parsed, "staticPolicies": self.policies})
        self._set = cedarpy.PolicySet.from_json_str(renamed)

    def decide(self, requests: Sequence[Mapping[str, Any]], entities: str) -> list[Decided]:
        """A decision for each request, over the same entities (Cedar's JSON).

        A request that does not keep to the schema is denied with an error, and so is one that gets
        no decision.
        """
        import cedarpy

        asked = [dict(request) for request in requests]
        found = cedarpy.is_authorized_batch(asked, self._set, entities, self._schema)
        decided = [_decided(result) for result in found[: len(asked)]]
        return decided + [Decided(False, (), 1)] * (len(asked) - len(decided))


def _decided(result: Any) -> Decided:
    errors, decision = len(result.diagnostics.errors), result.decision.value
    if decision not in ("Allow", "Deny"):
        return Decided(False, (), errors or 1)
    return Decided(decision == "Allow", tuple(sorted(result.diagnostics.reasons)), errors)
