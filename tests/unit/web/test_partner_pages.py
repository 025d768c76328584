"""What is published for partners: a valid description, and documents that are as it says."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from mydata_hub.web.guards import ROUTES
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.partner import build
from tests.unit.web.conftest import PAGE

ISSUER = "http://localhost:8787"
# Described by RFC 8414 metadata, or for people.
ELSEWHERE = ("/.well-known/", "/oauth/", "/authorize", "/grants/", "/partner")
ASKED = "claims=commute.mode,commute.by_subway&purpose=mobility_service"
PUBLISHED = {"/catalogue": "Catalogue", "/purposes": "Purposes"}


def ask(path, query="", **headers):
    handler = build({"ENGINE": "embedded:nowhere", "ISSUER": ISSUER})
    event = {"routeKey": f"GET {path}", "rawPath": path, "headers": headers, "cookies": []}
    return handler(event | {"rawQueryString": query}, None)


def dry_run(query):
    reply = ask("/dry-run", query)
    return reply["statusCode"], json.loads(reply["body"])


@pytest.fixture(scope="module")
def described():
    return json.loads(ask("/openapi.json")["body"])


def test_the_description_is_valid_openapi_3_1(described):
    assert described["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []


def test_a_fault_in_the_description_is_found(described):
    broken = json.loads(json.dumps(described))
    del broken["paths"]["/claims"]["post"]["responses"]
    broken["paths"]["/catalogue"]["get"]["responses"]["200"].pop("description")
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_every_described_path_is_served(described):
    served = {(route.method.lower(), route.path) for route in ROUTES}
    for path, methods in described["paths"].items():
        shown = path.replace("{level}/{index}", "{tile+}")
        for method in methods:
            assert (method, shown) in served or shown in {"/claims", "/receipts/{event_id}"}


@pytest.mark.parametrize(("path", "schema"), PUBLISHED.items())
def test_published_documents_are_as_described(described, path, schema):
    reply = ask(path)
    assert reply["headers"]["content-type"] == "application/json"
    validator = Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": described["components"]}
    )
    document = json.loads(reply["body"])
    assert list(validator.iter_errors(document)) == []
    (only,) = [name for name in document if name == path.strip("/") or name == "claims"]
    document[only][0]["surprise"] = True
    assert list(validator.iter_errors(document))


def test_what_is_published_needs_no_cookie_and_sets_none():
    for path in ("/catalogue", "/purposes", "/openapi.json", "/partner", "/dry-run"):
        reply = ask(path, accept=PAGE)
        assert reply["statusCode"] == 200
        assert "cookies" not in reply
        assert not [name for name in reply["headers"] if name.startswith("access-control")]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_for_partners_lists_every_claim_and_purpose(language):
    page = ask("/partner", accept=PAGE, **{"accept-language": language})["body"]
    for claim in json.loads(ask("/catalogue")["body"])["claims"]:
        assert claim["id"] in page
        assert claim["question"][language] in page
    for purpose in json.loads(ask("/purposes")["body"])["purposes"]:
        assert purpose["text"][language] in page


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_catalogue_is_json_for_programs_and_a_page_for_people(language):
    reply = ask("/catalogue", accept=PAGE, **{"accept-language": language})
    assert reply["headers"]["content-type"].startswith("text/html")
    view = json.loads(ask("/catalogue", accept="*/*")["body"])
    for claim in view["claims"]:
        assert f"{claim['id']}@{claim['version']}" in reply["body"]
        assert claim["question"][language] in reply["body"]
    for attribute in view["attributes"]:
        assert " · ".join(attribute["cells"]) in reply["body"]
    assert "accept" in ask("/catalogue")["headers"]["vary"]


def test_every_purpose_says_what_is_fair_for_it(described):
    for purpose in json.loads(ask("/purposes")["body"])["purposes"]:
        assert purpose["fair_use"].keys() == {"says", "day", "week", "month", "days", "claims"}


# ------------------------------------------------------------------ dry run


def test_a_dry_run_says_what_a_consent_would_tell_and_its_price(described):
    status, told = dry_run(f"{ASKED}&max_bits=8&days=89")
    assert status == 200
    assert told["bits_once"] == "4.5850"  # of eight symbols, and of three
    # A span of 89 days reaches two quarters, so each may be asked twice; the consent ends at 8.
    assert (told["bits_at_most"], told["fits_once"]) == ("8.0000", True)
    assert [claim["periods"] for claim in told["claims"]] == [2, 2]
    # Who asks the mode has no need to ask for the subway: it is paid and tells nothing more.
    (attribute,) = told["attributes"]
    assert (attribute["charged"], attribute["told_at_most"]) == ("4.5850", "3.0000")
    assert told["refused"] == []
    schema = {"$ref": "#/components/schemas/DryRun", "components": described["components"]}
    assert list(Draft202012Validator(schema).iter_errors(told)) == []


def test_a_dry_run_says_why_a_consent_would_be_refused(described):
    query = "claims=commute.mode&claims=insurance.car_cover&purpose=deposit_waiver"
    status, told = dry_run(f"{query}&unit=day&count=9&days=366")
    assert status == 200
    fields = [(one["field"], one["reason"].split(" ")[0]) for one in told["refused"]]
    assert fields == [
        ("claims", "commute.mode@1"),
        ("claims", "insurance.car_cover@1"),
        ("frequency", "at"),
        ("days", "at"),
    ]
    schema = {"$ref": "#/components/schemas/DryRun", "components": described["components"]}
    assert list(Draft202012Validator(schema).iter_errors(told)) == []
    for language, words in {
        "en": ["commute.mode@1 is not answered for", "more often than is fair", "longer than is"],
        "ko": ["commute.mode@1 질문은", "알맞은 횟수보다 많아요", "알맞은 기간보다 길어요"],
    }.items():
        page = ask(
            "/dry-run",
            f"{query}&unit=day&count=9&days=366",
            accept=PAGE,
            **{"accept-language": language},
        )["body"]
        assert [one for one in words if one not in page] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "claims"),
        ("claims=commute.mode,commute.mode&purpose=mobility_service", "claims"),
        ("claims=commute.everything&purpose=mobility_service", "claims"),
        ("claims=commute.mode&purpose=anything", "purpose"),
        (f"{ASKED}&max_bits=17", "max_bits"),
        (f"{ASKED}&max_bits=1e3", "max_bits"),
        (f"{ASKED}&days=0", "days"),
        (f"{ASKED}&days={'9' * 30}", "days"),
        (f"{ASKED}&unit=hour", "unit"),
        (f"{ASKED}&count=0", "frequency"),
        ("a=1&" * 70, "query"),
    ],
)
def test_a_dry_run_of_what_is_not_published_names_the_field(query, field):
    status, problem = dry_run(query)
    assert (status, problem["field"]) == (400, field)
    page = ask("/dry-run", query, accept=PAGE)
    assert page["statusCode"] == (400 if field == "query" else 200)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_dry_run_s_page_works_without_a_script(language):
    page = ask("/dry-run", ASKED, accept=PAGE, **{"accept-language": language})["body"]
    assert "4.5850" in page
    assert 'method="get"' in page
    assert "<script" not in page.split("<main")[1]
