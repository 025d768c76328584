"""`mydata rotate --function`: the deployed function is asked and watched, by AWS's own client."""

from __future__ import annotations

import json

from click.testing import CliRunner
from mydata_hub.cli.rotate import rotate

from tests.contract.wire import Reply, refused

RUNNING = {"rotation_id": "r", "rotate": "seal", "state": "running", "vaults": 1, "segments": 2}
ENDED = {**RUNNING, "state": "ended", "changed": 1, "failed": 0, "failures": []}


def asked(*words: str):
    return CliRunner().invoke(rotate, ["seal", "--function", "hub-Reseal", "--json", *words])


def test_the_deployed_function_is_asked_and_watched(wire):
    wire.will(Reply(body=RUNNING), Reply(body=ENDED))
    done = asked("--vault", "v1")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["changed"] == 1
    bodies = [json.loads(one["body"]) for one in wire.requests]
    assert bodies == [{"rotate": "seal", "vault": "v1"}, {"rotation": "r"}]


def test_what_could_not_be_done_is_an_error_and_so_is_a_refusal(wire):
    wire.will(Reply(body={**ENDED, "failed": 1, "failures": ["v1"]}))
    failed = asked()
    assert failed.exit_code == 1
    assert "1 vaults could not be done" in failed.stderr
    error = {"errorType": "Taken", "errorMessage": "wait"}
    wire.will(Reply(body=error, headers={"X-Amz-Function-Error": "Unhandled"}))
    assert "refused: Taken" in asked().stderr
    wire.will(refused("AccessDeniedException", 403))
    assert "cannot be asked" in asked().stderr
