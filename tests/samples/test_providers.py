"""What a sample provider answers: a hub in the standard's words, a browser, and nobody else."""

from __future__ import annotations

import json

import httpx
import pytest
from mydata_hub.samples.people import PEOPLE

from tests.samples.sample_world import HUB, Samples


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"org_code": "OTHER"}, 400, "40001"),
        ({"limit": "501"}, 400, "40001"),
        ({"limit": "0"}, 400, "40001"),
        ({"next_page": "?"}, 400, "40001"),
    ],
)
def test_a_request_that_breaks_the_standard_is_refused_in_its_words(
    samples: Samples, asked: dict[str, str], status: int, code: str
) -> None:
    access = samples.token("card", code=samples.code("card", "jiu")).json()["access_token"]
    headers = {"authorization": f"Bearer {access}", "x-api-tran-id": "tran-0001"}

    answer = samples.http.get(
        f"{samples.base('card')}/v1/card/cards",
        params={"org_code": "SAMPLECARD"} | asked,
        headers=headers,
    )

    assert (answer.status_code, answer.json()["rsp_code"]) == (status, code)
    assert answer.headers["x-api-tran-id"] == "tran-0001"


def test_what_was_not_chosen_is_listed_without_consent_and_tells_nothing(samples: Samples) -> None:
    access = samples.token("card", code=samples.code("card", "jiu")).json()["access_token"]
    headers = {"authorization": f"Bearer {access}"}
    asked = {"org_code": "SAMPLECARD"}
    cards = samples.http.get(
        f"{samples.base('card')}/v1/card/cards", params=asked, headers=headers
    ).json()["card_list"]

    (other,) = [card for card in cards if not card["is_consent"]]
    path = f"/v1/card/cards/{other['card_id']}/approval-domestic"
    assert samples.http.get(samples.base("card") + path, params=asked, headers=headers).json()[
        "rsp_code"
    ] == ("40401")


def test_everybody_sees_that_it_is_a_sample(samples: Samples) -> None:
    listed = samples.http.get(f"{samples.about['url']}/providers").json()

    assert listed["sample"] is True
    for provider in listed["providers"]:
        assert provider["sample"] is True
        assert "샘플" in provider["name"]["ko"]
        assert "Sample" in provider["name"]["en"]
    assert "secret" not in json.dumps(listed)


def test_a_browser_chooses_a_person_in_korean_or_english(samples: Samples) -> None:
    asked = {
        "client_id": samples.about["client_id"],
        "redirect_uri": f"{HUB}/connect/callback",
        "response_type": "code",
        "state": '"><script>',
        "code_challenge": "c" * 43,
    }
    url = f"{samples.base('bank')}/oauth/2.0/authorize"

    korean = samples.http.get(url, params=asked, headers={"accept-language": "ko-KR"})
    english = samples.http.get(url, params=asked, headers={"accept-language": "en"})

    assert "샘플이에요" in korean.text
    assert "지우 (샘플)" in korean.text
    assert "A sample" in english.text
    assert "Hana (sample)" in english.text
    assert "<script>" not in korean.text
    assert "default-src 'none'" in korean.headers["content-security-policy"]


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "http://localhost:8788/connect/callback"},
        {"redirect_uri": "http://localhost:8787.evil.example/"},
        {"client_id": "somebody"},
        {"response_type": "token"},
        {"code_challenge": ""},
    ],
)
def test_a_request_for_consent_that_is_not_our_hubs_is_refused(
    samples: Samples, changed: dict[str, str]
) -> None:
    assert samples.authorize("card", "jiu", **changed).status_code == 400


def test_who_declines_sends_the_hub_away_without_a_code(samples: Samples) -> None:
    answer = samples.authorize("card", "jiu", decision="deny")

    assert answer.headers["location"] == f"{HUB}/connect/callback?state=state-1&error=access_denied"


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_a_code_is_good_once_for_its_provider_verifier_and_address(samples: Samples) -> None:
    code = samples.code("card", "jiu")

    assert refused(samples.token("bank", code=code)) == (400, "invalid_grant")
    assert refused(samples.token("card", code=code, code_verifier="x")) == (400, "invalid_grant")
    assert refused(samples.token("card", code=code, redirect_uri=HUB)) == (400, "invalid_grant")
    assert refused(samples.token("card", code=code + "0")) == (400, "invalid_grant")
    wrong = samples.token("card", code=code, client_secret="guessed")
    assert refused(wrong) == (401, "invalid_client")
    good = samples.token("card", code=code)
    assert good.json()["user_ci"] == PEOPLE["jiu"].identity
    assert refused(samples.token("card", code=code)) == (400, "invalid_grant")


def test_a_refresh_token_is_good_until_its_successor_is_used(samples: Samples) -> None:
    first = samples.token("bank", code=samples.code("bank", "hana")).json()

    def refresh(token: str) -> httpx.Response:
        return samples.token("bank", grant_type="refresh_token", refresh_token=token)

    lost = refresh(first["refresh_token"])
    kept = refresh(first["refresh_token"])
    assert (lost.status_code, kept.status_code) == (200, 200)

    headers = {"authorization": f"Bearer {kept.json()['access_token']}"}
    url = f"{samples.base('bank')}/v1/bank/accounts"
    asked = {"org_code": "SAMPLEBANK"}
    assert samples.http.get(url, params=asked, headers=headers).status_code == 200
    assert refused(refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert refresh(kept.json()["refresh_token"]).status_code == 200


def test_a_token_that_the_hub_gives_back_tells_nothing_more(samples: Samples) -> None:
    answer = samples.token("efin", code=samples.code("efin", "minho")).json()
    own = {
        "client_id": samples.about["client_id"],
        "client_secret": samples.about["client_secret"],
        "token": answer["access_token"],
    }
    assert samples.http.post(f"{samples.base('efin')}/oauth/2.0/revoke", data=own).is_success

    told = samples.http.get(
        f"{samples.base('efin')}/v1/efin/paid",
        params={"org_code": "SAMPLEEFIN"},
        headers={"authorization": f"Bearer {answer['access_token']}"},
    )
    assert told.status_code == 403
