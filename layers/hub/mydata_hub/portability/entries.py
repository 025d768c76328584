"""Checking an archive's entries: each opening opens its leaf, and each proof leads to the log."""

from __future__ import annotations

import json
from typing import Any

from mydata_hub.base64url import decode_base64url
from mydata_hub.errors import BadInput, NotProven
from mydata_hub.portability.archive import MANIFEST
from mydata_hub.portability.reading import Archive
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.leaf import PERSON_DOMAIN, Leaf, Opening
from mydata_hub.transparency.log_proof import verify_proof


def check_entries(archive: Archive, key_text: str | None = None) -> tuple[int, int]:
    """How many entries there are and how many of them are proven to be in the log.

    `key_text` is the log's verifier key, the archive's own where none is given. Raises BadInput,
    naming file and line, for an entry that does not open or a proof that does not verify.
    """
    key = _key(archive, key_text)
    count = proven = 0
    for file in archive.manifest.of_family("entries"):
        for number, line in enumerate(archive.lines(file), start=1):
            try:
                proven += _check(json.loads(line), key)
            except NotProven as error:
                raise BadInput(f"{file.name}, line {number}", str(error)) from None
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise BadInput(f"{file.name}, line {number}", "is no entry of a log") from None
            count += 1
    return count, proven


def _check(entry: dict[str, Any], key: VerifierKey | None) -> bool:
    leaf = decode_base64url(entry["leaf"])
    opening = Opening(decode_base64url(entry["salt"]), entry["payload"].encode())
    if opening.commitment(PERSON_DOMAIN) != Leaf.decode(leaf).person:
        raise NotProven("opening", "does not open the entry")
    if entry["proof"] is None:
        return False
    if key is None:
        raise NotProven("log proof", "is there and the log's key is not")
    if verify_proof(entry["proof"], leaf, key).index != entry["index"]:
        raise NotProven("log proof", "is of another place than the entry's")
    return True


def _key(archive: Archive, key_text: str | None) -> VerifierKey | None:
    log = archive.manifest.log
    told = key_text or (log.key if log else None)
    if told is None:
        return None
    try:
        return VerifierKey.parse(told)
    except NotProven as error:
        raise BadInput(MANIFEST, f"log.key: {error}") from None
