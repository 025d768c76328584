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
PUBLISHED = {"/catalogue": "Catalogue", "/purposes": "Purposes"}


def ask(path, **headers):
    handler = build({"ENGINE": "embedded:nowhere", "ISSUER": ISSUER})
    event = {"routeKey": f"GET {path}", "rawPath": path, "headers": headers, "cookies": []}
    return handler(event, None)


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
    for path in ("/catalogue", "/purposes", "/openapi.json", "/partner"):
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
