"""Logs hold only what is on the list, whatever a caller hands them."""

from __future__ import annotations

import io
import json

import pytest
from mydata_hub.observe import FIELDS, logger_for, metrics_for

SECRET = "Jiu-pays-42300-won"


def test_a_field_that_is_not_on_the_list_never_gets_out() -> None:
    out = io.StringIO()
    logger_for("first", out).info("a page was shown", extra={"route": "GET /", "person": SECRET})
    line = json.loads(out.getvalue())
    assert line["route"] == "GET /"
    assert SECRET not in out.getvalue()
    assert set(line) <= FIELDS


def test_arguments_are_never_filled_into_the_sentence() -> None:
    out = io.StringIO()
    logger_for("second", out).warning("refused %s", SECRET)
    assert json.loads(out.getvalue())["message"] == "refused %s"


def test_of_an_exception_only_its_type_and_places_are_kept() -> None:
    out = io.StringIO()
    log = logger_for("third", out)
    try:
        {}[SECRET]
    except KeyError:
        log.exception("a page failed")
    line = json.loads(out.getvalue())
    assert line["error"] == "KeyError"
    assert line["frames"]
    assert SECRET not in out.getvalue()


def test_a_message_that_is_not_a_sentence_is_told_by_its_type() -> None:
    out = io.StringIO()
    logger_for("fourth", out).info({"name": SECRET})
    assert json.loads(out.getvalue())["message"] == "dict"


def test_metrics_of_two_invocations_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = metrics_for("deliver"), metrics_for("deliver")
    one.add_metric("MessagesSettled", "Count", 3)
    other.add_metric("MessagesSettled", "Count", 4)
    one.flush_metrics()
    other.flush_metrics()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["MessagesSettled"] for line in lines] == [[3.0], [4.0]]
    assert {line["function"] for line in lines} == {"deliver"}
