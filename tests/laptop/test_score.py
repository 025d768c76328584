"""One's own score from the command line, over HTTP: what is missing, and nobody else's business."""

from __future__ import annotations

import httpx

from tests.laptop.test_import import bill


def test_a_score_is_asked_from_the_command_line_and_says_what_is_missing(mydata, tmp_path, hub):
    assert mydata("person", "add", "Sora", "--locale", "en").code == 0
    empty = mydata("person", "score", "--as", "Sora")
    assert empty.code == 0, empty.err
    assert "No score yet: connect a card or a bank." in empty.out

    path = tmp_path / "bills.csv"
    path.write_text(bill())
    assert mydata("import", str(path), "--as", "Sora").code == 0
    assert "No score yet. What is missing: " in mydata("person", "score", "--as", "Sora").out
    told = mydata("person", "score", "--as", "Sora", "--json").json()
    assert (told["score"], told["partners_are_told"]) == (None, "no_answer")
    assert told["needed"]
    assert {one["id"] for one in told["never_used"]} >= {"sex", "age", "location", "device"}

    tried = mydata("person", "score", "--as", "Sora", "--what-if", "late_bills=1", "--json").json()
    assert tried["what_if"]["values"] == {"late_bills": 1}
    assert tried["what_if"]["difference"] is None
    assert mydata("person", "score", "--as", "Sora", "--what-if", "late_bills").code == 2
    refused = mydata("person", "score", "--as", "Sora", "--what-if", "horoscope=1")
    assert (refused.code, "features of the card" in refused.err) == (1, True)
    for where in ("/score", "/score/state?late_bills=0"):
        assert httpx.get(hub.url + where).status_code == 401
