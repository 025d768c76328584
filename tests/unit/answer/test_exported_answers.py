"""Answers go along with an export: what was told, to whom, by which consent and at what price."""

from __future__ import annotations

import json


def exported(asked):
    """The answers of an archive that the person begins now."""
    begun = asked.jiu.post("/export")
    assert begun.status == 200, begun.body
    path = f"/export/{begun.json()['export_id']}/history"
    part = asked.jiu.post(path, {"kind": "answers", "after": None})
    assert part.status == 200, part.body
    head, *lines = map(json.loads, part.body.splitlines())
    assert head == {"after": None}
    return {one["event_id"]: one for one in lines}


def test_an_answer_is_in_the_archive_as_it_was_told(asked):
    given = asked.partner.ask("commute.mode", "commute.by_subway")
    assert given.status == 200, given.body
    asked.hub.invoke("sequence_log", {"sweep": True})
    (one,) = exported(asked).values()
    told = [(answer["claim"], answer["answer"]) for answer in one["answers"]]
    assert told == [("commute.mode@1", "subway"), ("commute.by_subway@1", "yes")]
    assert one["partner"] == {"client_id": asked.partner.client_id, "name": "Bicycles"}
    assert (one["grant_id"], one["decision"], one["bits"]) == (asked.grant_id, "allow", "4.5850")
    assert one["event_id"] == given.json()["event_id"]
    assert isinstance(one["index"], int)
    assert len(bytes.fromhex(one["policy_hash"])) == 32


def test_of_a_refusal_the_archive_has_the_question_and_no_answer(asked):
    assert asked.partner.ask("insurance.car_cover").status == 403
    asked.hub.invoke("sequence_log", {"sweep": True})
    (one,) = exported(asked).values()
    assert [answer["answer"] for answer in one["answers"]] == [None]
    assert (one["decision"], one["bits"]) == ("deny", "0.0000")


def test_nobody_else_s_answers_are_in_the_archive(asked):
    asked.partner.ask("commute.mode")
    asked.hub.invoke("sequence_log", {"sweep": True})
    assert len(exported(asked)) == 1
    minseo = type(asked.jiu)(asked.hub)
    minseo.sign_up("Minseo")
    asked.jiu = minseo
    assert exported(asked) == {}
