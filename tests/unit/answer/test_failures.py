"""What fails behind the gate says nothing outside, and names nobody in the function's log."""

from __future__ import annotations

import io
import json

import pytest
from mydata_hub.errors import Busy, Damaged
from mydata_hub.oauth.authority import Authority, PublishedCatalogue, SigningKeys
from mydata_hub.observe import logger_for
from mydata_hub.web.claims import Acts, answer_handler

from tests.unit.answer.answer_world import Laptop

KEYS = {
    "version": "2.0",
    "routeKey": "GET /claims/jwks",
    "rawPath": "/claims/jwks",
    "headers": {},
    "requestContext": {"http": {"method": "GET", "path": "/claims/jwks"}},
}


def answered(tmp_path, error, out):
    def fail(*_):
        raise error

    authority = Authority(
        desk=Laptop(tmp_path).desk, keys=SigningKeys(), catalogue=PublishedCatalogue()
    )
    acts = Acts(ask=fail, receipt=fail, own_receipt=fail, keys=fail, key=fail)
    # A service's logger is made once in a process, so each test takes a service of its own.
    logger = logger_for(f"answer-{id(out)}", out)
    return answer_handler("answer", authority, acts, logger)(KEYS, None)


def test_a_busy_engine_says_when_to_come_back(tmp_path):
    out = io.StringIO()
    answer = answered(tmp_path, Busy("throttled"), out)
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "1")
    assert json.loads(answer["body"])["type"] == "urn:mydata-hub:problem:busy"
    assert '"error":"Busy"' in out.getvalue()


@pytest.mark.parametrize("error", [Damaged("a row is malformed"), ZeroDivisionError("Jiu, 900")])
def test_damage_and_defects_are_one_problem_without_a_word(tmp_path, error):
    out = io.StringIO()
    answer = answered(tmp_path, error, out)
    problem = json.loads(answer["body"])
    assert answer["statusCode"] == 500
    assert "detail" not in problem
    logged = out.getvalue()
    assert f'"error":"{type(error).__name__}"' in logged
    assert "Jiu" not in logged + answer["body"]
