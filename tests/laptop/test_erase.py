"""A person leaves by the command line, and the certificate is checked without any account."""

from __future__ import annotations

import json

import httpx


def test_somebody_erases_a_part_and_the_rest_stays(hub, mydata, tmp_path):
    mydata("person", "add", "Jun")
    mydata("person", "connect", "sample-card", "--as", "Jun", "--sample-person", "jiu")
    asked = mydata("erase", "--as", "Jun", "--dataset", "card.approvals")
    assert asked.code == 1
    file = tmp_path / "part.json"
    words = ("erase", "--as", "Jun", "--dataset", "card.approvals", "--yes", "--out", str(file))
    done = mydata(*words, "--json").json()
    assert done["part"]["dataset"] == "card.approvals"
    assert all(step["done_at"] for step in done["steps"])
    checked = mydata("certificate", "verify", str(file))
    assert checked.code == 0, checked.err
    assert "A part of a vault: dataset card.approvals" in checked.out
    assert mydata("person", "show", "--as", "Jun").code == 0
    both = mydata("erase", "--as", "Jun", "--provider", "self", "--dataset", "x", "--yes")
    assert both.code == 1


def test_who_withdraws_from_a_source_may_have_its_records_erased_with_it(hub, mydata):
    mydata("person", "add", "Ara")
    mydata("person", "connect", "sample-card", "--as", "Ara", "--sample-person", "hana")
    (grant,) = mydata("person", "grants", "--as", "Ara", "--json").json()["grants"]
    words = ("person", "withdraw", grant["grant_id"], "--as", "Ara", "--records", "delete")
    # Nothing is withdrawn by somebody who did not mean it.
    assert mydata(*words).code == 1
    (same,) = mydata("person", "grants", "--as", "Ara", "--json").json()["grants"]
    assert same == grant
    done = mydata(*words, "--yes", "--json").json()
    assert done["part"]["provider"] == "sample-card"
    assert done["certificates"]
    (source,) = mydata("person", "sources", "--as", "Ara", "--json").json()["sources"]
    assert sum(source["records"].values()) == 0
    both = mydata("person", "withdraw", "--all", "--as", "Ara", "--records", "delete")
    assert both.code == 2


def test_somebody_erases_everything_and_keeps_a_certificate(hub, mydata, tmp_path):
    mydata("person", "add", "Mina")
    mydata("person", "connect", "sample-card", "--as", "Mina", "--sample-person", "jiu")
    asked = mydata("erase", "--as", "Mina")
    assert asked.code == 1
    assert mydata("person", "show", "--as", "Mina").code == 0
    file = tmp_path / "certificate.json"
    done = mydata("erase", "--as", "Mina", "--yes", "--out", str(file), "--json").json()
    assert done["state"] in ("inaccessible", "irrecoverable")
    assert all(step["done_at"] for step in done["steps"])
    # The passkey is gone from the wallet, so nobody is there to sign in as.
    assert mydata("person", "show", "--as", "Mina").code == 1
    checked = mydata("certificate", "verify", str(file))
    assert checked.code == 0, checked.err
    assert "Inaccessible since" in checked.out
    page = httpx.get(done["link"], headers={"accept": "text/html", "accept-language": "en"})
    assert "nobody can open anything" in page.text or "no copy of the keys" in page.text
    for word in ("Mina", "sample-card"):
        assert word not in page.text
    whole = httpx.get(done["link"]).json()
    file.write_text(json.dumps(whole))
    jwks, key = (httpx.get(f"{hub.url}{path}").text for path in ("/certificates/jwks", "/log/key"))
    (tmp_path / "jwks.json").write_text(jwks)
    offline = ("--jwks", str(tmp_path / "jwks.json"), "--key", key.strip())
    told = mydata("certificate", "verify", str(file), *offline, "--json").json()
    assert told["verified"]
    assert told["certificates"][0]["kind"] == "erased"
    whole["certificates"][0]["payload"] = whole["certificates"][0]["payload"][::-1]
    file.write_text(json.dumps(whole))
    wrong = mydata("certificate", "verify", str(file), *offline)
    assert wrong.code == 1
    assert "NOT verify" in wrong.err
