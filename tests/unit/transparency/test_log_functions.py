"""The functions of the log on the embedded engine: what is pending gets in, and anyone may read."""

from __future__ import annotations

import base64
import json

import pytest
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.events import pending_events
from mydata_hub.transparency.tiles import ENTRIES, Tile, decode_bundle, decode_tile


def body_of(answer):
    assert answer["statusCode"] == 200
    return base64.b64decode(answer["body"])


def key_of(hub):
    return VerifierKey.parse(body_of(hub.ask("GET /log/key")).decode())


def tile_of(hub, path):
    return hub.ask("GET /log/tile/{tile+}", tile=path)


def test_a_log_that_has_not_begun_is_not_found(log_hub):
    answer = log_hub.ask("GET /log/checkpoint")
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["type"] == "urn:mydata-hub:problem:not-found"


def test_the_first_run_signs_an_empty_log_named_after_the_hub(log_hub):
    assert log_hub.sequence() == {"entries": 0, "size": 0}
    checkpoint = verify_checkpoint(body_of(log_hub.ask("GET /log/checkpoint")), key_of(log_hub))
    assert (checkpoint.origin, checkpoint.size) == ("localhost:8787/log", 0)


def test_pending_events_are_in_the_log_after_one_run_and_not_again_after_the_next(log_hub):
    log_hub.write(0, 20)
    assert log_hub.sequence() == {"entries": 20, "size": 20}
    assert pending_events(log_hub.tables) == []
    assert log_hub.sequence() == {"entries": 0, "size": 20}
    checkpoint = verify_checkpoint(body_of(log_hub.ask("GET /log/checkpoint")), key_of(log_hub))
    assert checkpoint.size == 20


def test_more_than_one_batch_is_published_by_one_run(log_hub):
    log_hub.write(0, 1_100)
    assert log_hub.sequence() == {"entries": 1_100, "size": 1_100}
    answer = tile_of(log_hub, "0/003")
    assert len(body_of(answer)) == 256 * 32


def test_a_tile_is_cached_for_ever_and_a_checkpoint_for_two_seconds(log_hub):
    log_hub.write(0, 3)
    log_hub.sequence()
    tile = tile_of(log_hub, "0/000.p/3")
    assert tile["headers"]["cache-control"] == "public, max-age=31536000, immutable"
    assert tile["headers"]["content-type"] == "application/octet-stream"
    checkpoint = log_hub.ask("GET /log/checkpoint")
    assert checkpoint["headers"]["cache-control"] == "public, max-age=2"
    assert checkpoint["headers"]["content-type"] == "text/plain; charset=utf-8"


def test_the_tiles_of_an_older_checkpoint_stay_readable_when_wider_ones_replaced_them(log_hub):
    log_hub.write(0, 3)
    log_hub.sequence()
    old = body_of(tile_of(log_hub, "0/000.p/3")), body_of(tile_of(log_hub, "entries/000.p/3"))
    log_hub.write(3, 4)
    log_hub.sequence()
    assert list(log_hub.blobs.names("tile/0/000.p/")) == ["tile/0/000.p/7"]
    now = body_of(tile_of(log_hub, "0/000.p/3")), body_of(tile_of(log_hub, "entries/000.p/3"))
    assert now == old
    log_hub.write(7, 300)
    log_hub.sequence()
    assert body_of(tile_of(log_hub, "0/000.p/3")) == old[0]
    assert (
        len(decode_bundle(Tile(ENTRIES, 0, 7), body_of(tile_of(log_hub, "entries/000.p/7")))) == 7
    )
    assert len(decode_tile(Tile(1, 0, 1), body_of(tile_of(log_hub, "1/000.p/1")))) == 1


@pytest.mark.parametrize("path", ["0/001", "0/000.p/9", "0/0", "../hub.sqlite3", "", "x/000"])
def test_a_tile_that_is_not_there_or_is_no_path_at_all_is_not_found(log_hub, path):
    log_hub.write(0, 3)
    log_hub.sequence()
    assert tile_of(log_hub, path)["statusCode"] == 404


def test_a_route_that_is_not_in_the_table_is_not_found(log_hub):
    assert log_hub.ask("GET /log/staging/{name}", name="x")["statusCode"] == 404


def test_the_log_keeps_its_name_when_the_hub_moves(log_hub):
    log_hub.sequence()
    moved = type(log_hub)(log_hub.folder)
    moved.environment["ISSUER"] = "https://hub.example"
    log_hub.write(0, 1)
    moved.sequence()
    assert key_of(log_hub).name == "localhost:8787/log"


def test_a_failure_inside_says_nothing_of_its_cause_outside(log_hub, caplog):
    log_hub.write(0, 3)
    log_hub.sequence()
    stored = log_hub.folder / "blobs" / "tiles" / "tile=" / "0=" / "000.p=" / "3"
    assert stored.exists()
    stored.write_bytes(b"damaged")
    answer = tile_of(log_hub, "0/000.p/3")
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["detail"] == "the log could not be read"
    assert [line.message for line in caplog.records if line.levelname == "ERROR"] == [
        "the log could not be read"
    ]


def test_a_run_says_how_long_events_waited_and_one_without_work_says_so_too(log_hub, capsys):
    def told():
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        (found,) = (line for line in lines if "LogLag" in line)
        return {
            name: found[name][0] for name in ("LogBacklog", "LogEntries", "LogBatchSize")
        }, found

    log_hub.write(0, 1_100)
    log_hub.sequence()
    counts, found = told()
    # Sixteen shards of pending events give at most 62 each; how full each is, its ids decide.
    assert (counts["LogBacklog"], counts["LogEntries"]) == (0, 1_100)
    assert 550 <= counts["LogBatchSize"] <= 992
    # These events say that they happened a while ago; so long did they wait.
    assert found["LogLag"][0] > 0
    assert found["function"] == "sequence_log"
    log_hub.sequence()
    counts, found = told()
    assert counts == {"LogBacklog": 0, "LogEntries": 0, "LogBatchSize": 0}
    assert found["LogLag"] == [0.0]
