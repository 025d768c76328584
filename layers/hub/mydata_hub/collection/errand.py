"""Errands of intake: which connection to look after, and the message that asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from mydata_hub.errors import Damaged
from mydata_hub.ports.messages import Message, settle
from mydata_hub.ports.tables import Change


@dataclass(frozen=True, slots=True)
class Errand:
    """Which connection to look after, and the message that asked for it."""

    account_id: str
    provider_id: str
    message: Message | None = None
    # The stream gives a message to one run after the other, so when it comes again its earlier run
    # is over. The sweep knows no such thing.
    by_stream: bool = False

    @classmethod
    def told(cls, message: Message, *, by_stream: bool = False) -> Errand:
        """What a message of TOPIC asks for. Raises Damaged."""
        account_id, provider_id = (message.body.get(name) for name in ("account_id", "provider_id"))
        if not (isinstance(account_id, str) and isinstance(provider_id, str)):
            raise Damaged("a message does not say what to collect")
        return cls(account_id, provider_id, message, by_stream)

    def settled(self) -> list[Change]:
        """The change that settles the message, for the commit of what it asked for."""
        return [settle(self.message)] if self.message else []
