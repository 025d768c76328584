"""What is deployed is valid, small, made of our files and the locked wheels, and it answers.

The deployed architecture is arm64. On a host of another one that build can be looked into but not
run, so its twin for the host's processor is built from the same locks and files, and run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.settings import SETTINGS
from tests.architecture.template import ROOT, logical_id, read_template
from tests.deploy.artefact import (
    ELF_MACHINE,
    HERE,
    LAYERS,
    MAX_UNZIPPED_BYTES,
    SAM,
    Artefact,
    NotBuilt,
    build,
    python_folder,
    validate,
)

pytestmark = pytest.mark.timeout(300)
PACKAGE = ROOT / "layers" / "hub" / "mydata_hub"


@pytest.fixture(scope="session")
def tools() -> None:
    """SAM and a Python of Lambda's minor version."""
    if not SAM.exists():
        pytest.skip("the SAM command line is not installed: make setup-deploy")
    try:
        python_folder()
    except NotBuilt as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def deployed(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    """What is deployed."""
    return build(tmp_path_factory.mktemp("arm64"))


@pytest.fixture(scope="session")
def runnable(deployed: Artefact, tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    """The same for this host's processor."""
    if deployed.architecture == HERE:
        return deployed
    return build(tmp_path_factory.mktemp(HERE), HERE)


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_template_is_valid_to_the_last_rule_of_the_linter(tools: None, tmp_path: Path) -> None:
    assert "is a valid SAM Template" in validate(tmp_path)


@pytest.mark.parametrize("function", SETTINGS)
def test_a_function_with_its_layers_fits_into_lambda(
    deployed: Artefact, function: str, record_property: Any
) -> None:
    size_bytes = deployed.size_bytes(function)
    record_property("unzipped_bytes", size_bytes)
    assert 1_000_000 < size_bytes < MAX_UNZIPPED_BYTES


def test_every_native_library_is_for_the_deployed_processor(deployed: Artefact) -> None:
    machines = deployed.machines()
    assert any("cryptography" in name for name in machines)
    assert set(machines.values()) == {ELF_MACHINE["arm64"]}


def test_the_twin_differs_in_native_libraries_alone(deployed: Artefact, runnable: Artefact) -> None:
    assert set(runnable.machines().values()) == {ELF_MACHINE[runnable.architecture]}
    one, other = (built.folder / "VendorLayer" for built in (deployed, runnable))
    both = files(one) & files(other)
    differing = (files(one) ^ files(other)) | {
        name for name in both if (one / name).read_bytes() != (other / name).read_bytes()
    }
    # Wheels note in their dist-info for which platform they are.
    assert {name for name in differing if ".so" not in name and ".dist-info/" not in name} == set()


def test_the_hub_layer_is_the_source_tree(deployed: Artefact) -> None:
    built = deployed.folder / "HubLayer" / "python" / "mydata_hub"
    assert files(built) == files(PACKAGE)
    assert [
        name
        for name in files(built)
        if (built / name).read_bytes() != (PACKAGE / name).read_bytes()
    ] == []
    assert {path.name for path in built.parent.iterdir()} == {"mydata_hub"}


def test_the_policies_layer_is_what_the_hub_reads_of_policies(deployed: Artefact) -> None:
    built = deployed.folder / "PoliciesLayer" / "python" / "mydata_policies"
    source = ROOT / "policies"
    suffixes = (".cedar", ".cedarschema", ".json")
    read = {path.name for path in source.iterdir() if path.suffix in suffixes}
    assert files(deployed.folder / "PoliciesLayer") == {
        f"python/mydata_policies/{name}" for name in read
    }
    assert all((built / name).read_bytes() == (source / name).read_bytes() for name in read)


def test_a_function_holds_handlers_and_nothing_else(deployed: Artefact) -> None:
    handlers = {f"{function}.py" for function in SETTINGS}
    for function in SETTINGS:
        assert files(deployed.folder / logical_id(read_template(), function)) == handlers
    parts = {path.name for path in deployed.folder.iterdir()}
    functions = {logical_id(read_template(), function) for function in SETTINGS}
    assert parts == {*functions, *LAYERS, "template.yaml"}


def get(route: str, **parameters: str) -> dict[str, Any]:
    path = route.partition(" ")[2]
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "text/html", "accept-language": "ko"},
        "pathParameters": parameters,
        "requestContext": {"http": {"method": "GET", "path": path}, "stage": "$default"},
        "isBase64Encoded": False,
    }


def variables(function: str, engine: str) -> dict[str, str]:
    """Exactly what the function's settings read."""
    values = {name: name.lower().replace("_", "-") for name in SETTINGS[function].variables()}
    values |= {"ENGINE": engine, "ISSUER": "https://hub.example"}
    if "WITNESSES" in values:
        values["WITNESSES"] = ""  # as the template has it where nobody was asked to be one
    if "PUSH_SERVICES" in values:
        values["PUSH_SERVICES"] = ""
    if "SOFTWARE_PASSKEYS" in values:
        values["SOFTWARE_PASSKEYS"] = "refused"
    return values


def test_the_built_pages_answer_with_nothing_but_their_variables(
    runnable: Artefact, tmp_path: Path
) -> None:
    health, home, account = runnable.invoke(
        "pages",
        variables("pages", f"embedded:{tmp_path}"),
        *(get("GET /health"), get("GET /"), get("GET /account")),
    )
    assert health["statusCode"] == 200
    assert home["statusCode"] == 200
    assert '<html lang="ko"' in home["body"]
    assert account["statusCode"] == 401


def test_the_built_log_runs_and_is_served(runnable: Artefact, tmp_path: Path) -> None:
    engine = f"embedded:{tmp_path}"
    (ran,) = runnable.invoke("sequence_log", variables("sequence_log", engine), {"sweep": True})
    assert ran == {"entries": 0, "size": 0}
    (checkpoint,) = runnable.invoke("audit", variables("audit", engine), get("GET /log/checkpoint"))
    assert checkpoint["statusCode"] == 200


def test_the_built_gate_finds_its_policies_and_asks_who_calls(
    runnable: Artefact, tmp_path: Path
) -> None:
    event = get("POST /claims")
    event["requestContext"]["http"]["method"] = "POST"
    engine = f"embedded:{tmp_path}"
    # What takes the events of the gate must have run once, as its schedule has it everywhere.
    runnable.invoke("sequence_log", variables("sequence_log", engine), {"sweep": True})
    keys, refused = runnable.invoke(
        "answer", variables("answer", engine), get("GET /claims/jwks"), event
    )
    # The hub's own key, and the one that it has vouched for today.
    assert [key["alg"] for key in json.loads(keys["body"])["keys"]] == ["ES256", "ES256"]
    assert refused["statusCode"] == 401


def test_the_built_courier_sweeps(runnable: Artefact, tmp_path: Path) -> None:
    engine = f"embedded:{tmp_path}"
    assert runnable.invoke("deliver", variables("deliver", engine), {"sweep": True}) == [{}]


def test_the_built_pages_start_on_aws_without_calling_it(runnable: Artefact) -> None:
    # No network, no credentials: clients are made at the first call, and this page needs none.
    (answer,) = runnable.invoke("pages", variables("pages", "aws"), get("GET /sign-up"))
    assert answer["statusCode"] == 200, json.dumps(answer)
