"""Taking one's data along: the page, and the parts that page and command line put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from mydata_hub.accounts.store import fetch_account
from mydata_hub.errors import NotSignedIn
from mydata_hub.portability.archive import FILE_BYTES
from mydata_hub.portability.parts import LINES, MAX_ASKED, Exports, Part
from mydata_hub.portability.readme import README_TEXT
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import MAX_TEXT_CHARACTERS, Body, Empty
from mydata_hub.web.request import Request
from mydata_hub.web.site import Site

MAX_MARK_LETTERS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFront(Site):
    """`exports` opens what the pages may not."""

    exports: Exports


class Wanted(Body):
    """Which segments' records, and how many of the first one are here already."""

    segments: list[str] = Field(max_length=MAX_ASKED)
    skip: int = Field(ge=0)


class Further(Body):
    """Which kind of history, and behind which mark."""

    kind: str = Field(max_length=MAX_TEXT_CHARACTERS)
    after: str | None = Field(max_length=MAX_MARK_LETTERS)


def show_export(front: ExportFront, request: Request) -> Answer:
    """The page: what is in the archive, and the button."""
    account = fetch_account(front.desk.tables, request.caller.account_id)
    if account is None:
        raise NotSignedIn("the account of this session is gone")
    return front.page(
        request,
        "export.html",
        account_locale=account.locale,
        account=account,
        recovery=account.pending_recovery(front.desk.now()),
        asked_at_once=MAX_ASKED,
        file_bytes=FILE_BYTES,
        readme=README_TEXT,
    )


def begin(front: ExportFront, request: Request) -> Answer:
    """Begins: the entry in the log, and what the archive will consist of."""
    Empty.read(request.json())
    return json_answer(200, front.exports.begin(request.caller))


def records(front: ExportFront, request: Request) -> Answer:
    """Some records."""
    body = Wanted.read(request.json())
    export_id = request.parameter("export_id")
    return _lines(front.exports.records(request.caller, export_id, body.segments, body.skip))


def history(front: ExportFront, request: Request) -> Answer:
    """Some consents or answers."""
    body = Further.read(request.json())
    export_id = request.parameter("export_id")
    return _lines(front.exports.history(request.caller, export_id, body.kind, body.after))


def end(front: ExportFront, request: Request) -> Answer:
    """What changed meanwhile."""
    Empty.read(request.json())
    return json_answer(200, front.exports.end(request.caller, request.parameter("export_id")))


def _lines(part: Part) -> Answer:
    return Answer(body=part.encode().decode(), content_type=LINES)


HANDLERS: Final[Mapping[str, Callable[[ExportFront, Request], Answer]]] = {
    "GET /export": show_export,
    "POST /export": begin,
    "POST /export/{export_id}/records": records,
    "POST /export/{export_id}/history": history,
    "POST /export/{export_id}/end": end,
}
