"""The snapshot of offers as files, for anyone: the signed head, its parts, and the key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aws_lambda_powertools import Logger

from mydata_hub.errors import BlobMissing, HubError, NotFound, Refusal
from mydata_hub.offers.catalogue.snapshot import PREFIX, read_head
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.tables import Tables
from mydata_hub.web.guards import enforce
from mydata_hub.web.public_files import FOR_EVER, FRESH, file_answer, file_problem
from mydata_hub.web.request import Request

KEYS_FRESH: Final = "public, max-age=300"
# What Lambda answers with at most, in base64; a larger part comes in pieces (`?piece=1`).
PIECE_BYTES: Final = 4 * 1024 * 1024
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PIECE: Final = re.compile(r"piece=(\d{1,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFiles:
    """Where the snapshot lies; `keys` gives the JWK Set that its head is verified with."""

    tables: Tables
    blobs: Blobs
    keys: Callable[[], Mapping[str, Any]]

    def serve(self, logger: Logger, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request for one of the files."""
        try:
            enforce("offers", event, {})
            return ROUTES[event["routeKey"]](self, Request(event))
        except HubError as error:
            if not isinstance(error, Refusal):
                logger.exception("the snapshot of offers could not be read")
            return file_problem(error, "the snapshot could not be read")


def _head(files: OfferFiles, _request: Request) -> dict[str, Any]:
    head = read_head(files.tables)
    if head is None:
        raise NotFound("nothing has been published yet")
    document = {"number": head.number, "manifest": head.manifest, "signed": head.signed}
    return _json(document, FRESH)


def _keys(files: OfferFiles, _request: Request) -> dict[str, Any]:
    return _json(files.keys(), KEYS_FRESH)


def _blob(files: OfferFiles, request: Request) -> dict[str, Any]:
    sha256, query = request.parameter("sha256"), request.query
    asked = _PIECE.fullmatch(query) if query else None
    if not _SHA256.fullmatch(sha256) or (query and asked is None):
        raise NotFound("there is no such part")
    try:
        content = files.blobs.get(PREFIX + sha256)
    except BlobMissing:
        raise NotFound("there is no such part") from None
    start = int(asked[1]) * PIECE_BYTES if asked else 0
    if start and start >= len(content):
        raise NotFound("there is no such piece")
    piece, whole = content[start : start + PIECE_BYTES], {"mydata-bytes": str(len(content))}
    return file_answer(piece, "application/octet-stream", FOR_EVER, whole)


ROUTES: Final[Mapping[str, Callable[[OfferFiles, Request], dict[str, Any]]]] = {
    "GET /offers/snapshot": _head,
    "GET /offers/jwks": _keys,
    "GET /offers/blobs/{sha256}": _blob,
}


def _json(document: Mapping[str, Any], caching: str) -> dict[str, Any]:
    return file_answer(json.dumps(document).encode(), "application/json", caching)
