"""The archive: what is written is read again, and what is not whole is refused by its name."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from mydata_hub.errors import BadInput
from mydata_hub.portability.archive import (
    FILE_BYTES,
    MANIFEST,
    MAX_FILE_BYTES,
    MAX_RECORDS,
    README,
    file_name,
)
from mydata_hub.portability.checking import check_records, complete_until
from mydata_hub.portability.entries import check_entries
from mydata_hub.portability.reading import Archive
from mydata_hub.portability.writing import ArchiveWriter

from tests.unit.own_vault.own_world import monthly

AT = datetime(2026, 3, 1, tzinfo=UTC)
RECORDS = [one.encode() for one in monthly("Gas", months=6)]
FIRST = "records/bank.transactions-0001.jsonl"
SEGMENT = {
    "segment_id": "s-1",
    "dataset": "bank.transactions",
    "connection_id": "connection-1",
    "provider_id": "provider-1",
    "grant_id": "grant-1",
    "count": len(RECORDS),
}
SOURCE = {"connection_id": "connection-1", "complete_until": "2026-03-01T00:00:00+00:00"}
ABOUT = {
    "hub": "https://hub.example",
    "export_id": "e-1",
    "made_at": AT.isoformat(),
    "account": {"account_id": "a", "name": "Jiu", "locale": "ko", "joined_at": AT.isoformat()},
    "vault": {
        "manifest_version": 3,
        "segments": 1,
        "records": len(RECORDS),
        "at_end": {"manifest_version": 3, "waiting": 0, "put_aside": {}},
    },
    "missing": [],
    "log": None,
}


def as_line(members: Any) -> bytes:
    return json.dumps(members).encode()


def written(records=RECORDS, segments=(SEGMENT,), entries=(), **about: Any) -> bytes:
    stream = io.BytesIO()
    writer = ArchiveWriter(stream, AT)
    writer.add("sources", [as_line(SOURCE)])
    writer.add("records/bank.transactions", records)
    writer.add("segments", map(as_line, segments))
    writer.add("entries", entries)
    writer.close(ABOUT | about)
    return stream.getvalue()


def read(archive: bytes) -> Archive:
    found = Archive(io.BytesIO(archive))
    found.verify()
    return found


def rezip(
    archive: bytes,
    change: Callable[[dict[str, bytes]], object] = lambda _: None,
    manifest: Callable[[dict[str, Any]], object] = lambda _: None,
) -> bytes:
    """The same archive with other members; `manifest` changes what the manifest says."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    change(members)
    if MANIFEST in members:
        told = json.loads(members[MANIFEST])
        manifest(told)
        members[MANIFEST] = json.dumps(told).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return stream.getvalue()


def relist(name: str, content: bytes) -> Callable[[dict[str, Any]], None]:
    """A forger's manifest, which fits the content that was changed."""

    def change(manifest: dict[str, Any]) -> None:
        for file in manifest["files"]:
            if file["name"] == name:
                file["bytes"], file["lines"] = len(content), content.count(b"\n")
                file["sha256"] = hashlib.sha256(content).hexdigest()

    return change


def test_what_is_written_is_read_again() -> None:
    found = read(written())
    assert list(found.lines(found.manifest.of_family("records/bank.transactions")[0])) == RECORDS
    assert check_records(found) == len(RECORDS)
    assert complete_until(found) == {"connection-1": AT}
    assert check_entries(found) == (0, 0)


def test_it_is_a_plain_zip_that_says_what_it_is_in_two_languages() -> None:
    with zipfile.ZipFile(io.BytesIO(written())) as opened:
        assert opened.testzip() is None
        readme = opened.read(README).decode()
        listed = json.loads(opened.read(MANIFEST))["files"]
        for file in listed:
            content = opened.read(file["name"])
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            assert (len(content), content.count(b"\n")) == (file["bytes"], file["lines"])
    assert "내 데이터 묶음" in readme
    assert "can be read without any hub" in readme


def test_a_full_file_is_followed_by_the_next_and_memory_does_not_grow() -> None:
    line = RECORDS[0]
    lines_of_a_part = 2 * 1024 * 1024 // len(line)
    parts = 3 * FILE_BYTES // (2 * 1024 * 1024) + 1

    class Sink(io.RawIOBase):
        """Keeps nothing but where it is."""

        at = 0

        def write(self, content: Any) -> int:
            self.at += len(content)
            return len(content)

        def tell(self) -> int:
            return self.at

        def seekable(self) -> bool:
            return False

        def writable(self) -> bool:
            return True

    writer = ArchiveWriter(Sink(), AT)  # type: ignore[arg-type]
    tracemalloc.start()
    for _ in range(parts):
        writer.add("records/bank.transactions", (line for _ in range(lines_of_a_part)))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    manifest = writer.close(ABOUT)
    names = [file["name"] for file in manifest["files"] if file["name"] != README]
    assert names == [file_name("records/bank.transactions", n) for n in range(1, len(names) + 1)]
    assert len(names) == 4
    assert all(file["bytes"] <= MAX_FILE_BYTES for file in manifest["files"])
    # Twenty-four megabytes went through.
    assert peak_bytes < 1024 * 1024


def test_reading_takes_little_memory_whatever_the_size() -> None:
    many = RECORDS * 1000
    archive = written(many, (), vault=ABOUT["vault"] | {"records": len(many)})
    found = Archive(io.BytesIO(archive))
    tracemalloc.start()
    found.verify()
    count = sum(1 for file in found.manifest.files for _ in found.lines(file))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > len(many)
    assert peak_bytes < 1024 * 1024 < sum(file.bytes for file in found.manifest.files)


def cut(archive: bytes) -> bytes:
    return archive[:-40]


def twice(archive: bytes) -> bytes:
    stream = io.BytesIO(archive)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(stream, "a") as opened:
        opened.writestr(FIRST, b"{}\n")
    return stream.getvalue()


def named(name: str, content: bytes = b"") -> Callable[[bytes], bytes]:
    return lambda archive: rezip(archive, lambda members: members.update({name: content}))


def flipped(archive: bytes) -> bytes:
    """One byte of the deflated records."""
    at = archive.index(FIRST.encode()) + len(FIRST) + 60
    return archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]


def replaced(name: str, content: bytes) -> Callable[[bytes], bytes]:
    return lambda archive: rezip(archive, lambda members: members.update({name: content}))


def told(**members: Any) -> Callable[[bytes], bytes]:
    return lambda archive: rezip(archive, manifest=lambda found: found.update(members))


def told_of_files(change: Callable[[list[Any]], object]) -> Callable[[bytes], bytes]:
    return lambda archive: rezip(archive, manifest=lambda found: change(found["files"]))


BROKEN = {
    "no zip": (lambda _: b"PK\x03\x04 and no more", "archive: is cut short or no ZIP"),
    "a cut one": (cut, "archive: is cut short or no ZIP"),
    "empty": (lambda _: b"", "archive: is cut short or no ZIP"),
    "a byte of a member": (flipped, f"{FIRST}: "),
    "no manifest": (
        lambda archive: rezip(archive, lambda members: members.pop(MANIFEST)),
        "manifest.json: is not in this ZIP",
    ),
    "a manifest that is none": (
        lambda archive: raw_manifest(archive, b"[1]"),
        "manifest.json: is not the manifest",
    ),
    "a manifest that is no JSON": (lambda a: raw_manifest(a, b"{"), "manifest.json: is not JSON"),
    "deep JSON": (lambda a: raw_manifest(a, b"[" * 60_000), "manifest.json: is not JSON"),
    "an unknown format": (
        told(format=2),
        "manifest.json: is of another format than 1; use a newer",
    ),
    "a member too many in the manifest": (told(extra=1), "manifest.json: extra is not"),
    "another hash": (
        told_of_files(lambda files: files[2].update(sha256="0" * 64)),
        f"{FIRST}: has other bytes than the manifest says",
    ),
    "another size": (
        told_of_files(lambda files: files[2].update(bytes=7)),
        f"{FIRST}: has another size",
    ),
    "other lines": (
        told_of_files(lambda files: files[2].update(lines=7)),
        f"{FIRST}: has 6 lines, and the manifest says 7",
    ),
    "a file twice in the list": (
        told_of_files(lambda files: files.append(files[2])),
        "manifest.json: lists a file twice",
    ),
    "a file that is not there": (
        told_of_files(lambda files: files.append({**files[2], "name": "entries-0002.jsonl"})),
        "entries-0002.jsonl: is listed and not in the archive",
    ),
    "a foreign name in the list": (
        told_of_files(lambda files: files.append({**files[2], "name": "../x.jsonl"})),
        "manifest.json: files.5 has a name",
    ),
    "over a million records": (
        told_of_files(lambda files: files[2].update(lines=MAX_RECORDS + 1)),
        "manifest.json: lists over 1,000,000 records",
    ),
    "a member twice": (twice, f"{FIRST}: is in the archive twice"),
    "an absolute name": (named("/etc/passwd"), "/etc/passwd: has a name that leads out"),
    "a name that climbs": (named("records/../../x"), "records/../../x: has a name that leads out"),
    "a name of another system": (named("C:\\x"), "C:\\x: has a name that leads out"),
    "a name of control characters": (named("a\x1b[2J"), "a file: is in the archive and not listed"),
    "a folder": (named("records/"), "records/: is a folder"),
    "a member that is not listed": (named("more.jsonl"), "more.jsonl: is in the archive and not"),
    "a bomb": (named("bomb", bytes(40_000_000)), "bomb: would unpack to over 200 times"),
    "other records": (
        replaced(FIRST, b"{}\n" * 6),
        f"{FIRST}: has another size",
    ),
}


def raw_manifest(archive: bytes, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    members[MANIFEST] = content
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, held in members.items():
            made.writestr(name, held)
    return stream.getvalue()


@pytest.mark.parametrize("kind", BROKEN)
def test_an_archive_that_is_not_whole_is_refused_with_its_reason(kind: str) -> None:
    breaks, words = BROKEN[kind]
    with pytest.raises(BadInput) as refused:
        read(breaks(written()))
    assert str(refused.value).startswith(words), str(refused.value)


def forged(name: str, content: bytes) -> bytes:
    """A change whose forger has made the manifest fit."""
    return rezip(written(), lambda members: members.update({name: content}), relist(name, content))


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


SEGMENTS = "segments-0001.jsonl"
OTHER = as_line(SEGMENT | {"connection_id": "connection-2"})
FORGED = {
    "no record": (FIRST, joined([*RECORDS[:3], b'{"a":1}', *RECORDS[4:]]), "line 4: is no record"),
    "not canonical": (
        FIRST,
        joined([RECORDS[0].replace(b":", b": ", 1), *RECORDS[1:]]),
        "line 1: is no record",
    ),
    "a newer record": (
        FIRST,
        joined([*RECORDS[:5], RECORDS[5].replace(b'"format":1', b'"format":9')]),
        "line 6: is a record of a newer format",
    ),
    "of another dataset": (
        FIRST,
        joined([*RECORDS[:5], RECORDS[5].replace(b"bank.transactions", b"bank.accounts")]),
        "line 6: is no record",
    ),
    "a line too many": (FIRST, joined([*RECORDS, RECORDS[0]]), "line 7: belongs to no segment"),
    "no line end": (FIRST, joined(RECORDS)[:-1], "does not end with a line end"),
    "a line without end": (
        FIRST,
        random.Random(1).randbytes(1_100_000).replace(b"\n", b" "),
        "has a line of over",
    ),
    "segments that say more": (
        SEGMENTS,
        joined([as_line(SEGMENT | {"count": 7})]),
        "line 1: says more records than there are",
    ),
    "no segment": (SEGMENTS, joined([b"[]"]), "line 1: is no line of segments"),
    "of another connection": (SEGMENTS, joined([OTHER]), "line 1: is of another connection"),
    "no source": ("sources-0001.jsonl", joined([b"7"]), "line 1: is no line of sources"),
    "no entry": ("entries-0001.jsonl", joined([b"{}"]), "line 1: is no entry"),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_line_that_is_none_is_named_though_the_manifest_was_made_to_fit(kind: str) -> None:
    name, content, words = FORGED[kind]

    def look() -> None:
        found = read(forged(name, content))
        check_records(found)
        complete_until(found)
        check_entries(found)

    with pytest.raises(BadInput) as refused:
        look()
    assert words in str(refused.value)
    assert name in str(refused.value) or FIRST in str(refused.value)
    assert "Gas" not in str(refused.value)


def test_a_manifest_that_counts_other_records_is_refused() -> None:
    archive = written(vault=ABOUT["vault"] | {"records": 5})
    with pytest.raises(BadInput, match="another number of records"):
        check_records(read(archive))
