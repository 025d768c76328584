"""Deploys the built artefact to an emulator of AWS on loopback, with every role enforced.

The emulator is ministack in an environment of its own. What it lacks is made up for here, and
said: it makes no route of an HTTP API that SAM wrote as OpenAPI (`add_routes`), and knows neither
TLS nor the condition key s3:if-none-match, so the bucket's two denials would deny everything, and
no firewall of names (`without_what_it_lacks`). It gives requests' cookies to no function, so nobody
stays signed in.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import yaml
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.web.guards import ROUTES

from tests.architecture.template import ROOT
from tests.deploy.artefact import Artefact, python_folder, sam

PROGRAM = ROOT / ".venv-emulator" / "bin" / "ministack"
# What the emulator does not know or would judge wrongly; tests/architecture proves it by reading.
LACKING = ("AWS::S3::BucketPolicy", "AWS::Route53Resolver::")
CONTEXT = "kms:EncryptionContext:"
STACK = "mydata-hub-check"
ARTEFACTS = "artefacts"
REGION = "eu-central-1"
ISSUER = "https://hub.example"
CERTIFICATE = f"arn:aws:acm:{REGION}:000000000000:certificate/emulated"
SOME_MAKE = bytes(range(16))  # a passkey of no make the hub refuses in an account
READY_S = 30.0
SEQUENCED_S = 90.0


@dataclass(frozen=True)
class Emulated:
    """A running emulator; `client` makes AWS clients for it, as the account's root."""

    url: str

    @property
    def variables(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def api(self) -> str:
        """The base of the deployed HTTP API."""
        (found,) = self.client("apigatewayv2").get_apis()["Items"]
        return f"{self.url}/_aws/execute-api/{found['ApiId']}/$default"


@contextmanager
def running(folder: Path) -> Iterator[Emulated]:
    """An empty emulator on a free port of loopback; gone with all its workers at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join((str(PROGRAM.parent), str(python_folder()), os.environ["PATH"]))
    environment = {
        "PATH": path,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "EDGE_PORT": str(port),
        "AUTH": "true",
    }
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [str(PROGRAM)],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield _ready(process, f"http://127.0.0.1:{port}")
        finally:
            # Its Lambda workers are its children and in its group.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ready(process: subprocess.Popen[bytes], url: str) -> Emulated:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{url}/_ministack/health").is_success:
                return Emulated(url)
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the emulator did not start")


def deploy(emulated: Emulated, artefact: Artefact, folder: Path) -> None:
    """`sam deploy`, as an operator does it. Raises NotBuilt."""
    emulated.client("s3").create_bucket(
        Bucket=ARTEFACTS, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    sam(
        *("deploy", "--template-file", str(without_what_it_lacks(artefact))),
        *("--stack-name", STACK, "--s3-bucket", ARTEFACTS, "--no-progressbar"),
        *("--no-confirm-changeset", "--capabilities", "CAPABILITY_IAM"),
        *("--parameter-overrides", f"Issuer={ISSUER}", f"CertificateArn={CERTIFICATE}"),
        *(f"{service}PrefixList=pl-00000000" for service in ("S3", "DynamoDB")),
        home=folder,
        **emulated.variables,
    )
    add_routes(emulated)


def without_what_it_lacks(artefact: Artefact) -> Path:
    """The built template without what the emulator cannot judge."""
    template = yaml.safe_load((artefact.folder / "template.yaml").read_text("utf-8"))
    for name, resource in list(template["Resources"].items()):
        if resource["Type"].startswith(LACKING):
            del template["Resources"][name]
        elif resource["Type"] == "AWS::KMS::Key":
            for statement in resource["Properties"]["KeyPolicy"]["Statement"]:
                _without_context(statement)
    path = artefact.folder / "emulated.yaml"
    path.write_text(yaml.safe_dump(template, sort_keys=False), "utf-8")
    return path


def _without_context(statement: dict[str, Any]) -> None:
    """Leave out what is asked of an encryption context, which the emulator never shows a policy."""
    condition = statement.get("Condition", {})
    for operator, asked in list(condition.items()):
        condition[operator] = {
            name: value for name, value in asked.items() if not name.startswith(CONTEXT)
        }
        if not condition[operator]:
            del condition[operator]
    if "Condition" in statement and not condition:
        del statement["Condition"]


def add_routes(emulated: Emulated) -> None:
    """The routes of the guards' table, which tests/architecture proves equal to the template's."""
    api, functions = emulated.client("apigatewayv2"), deployed(emulated)
    (found,) = api.get_apis()["Items"]
    integrations = {
        name: api.create_integration(
            ApiId=found["ApiId"],
            IntegrationType="AWS_PROXY",
            IntegrationUri=function["FunctionArn"],
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        for name, function in functions.items()
        if any(route.function == name for route in ROUTES)
    }
    for route in ROUTES:
        target = f"integrations/{integrations[route.function]}"
        api.create_route(ApiId=found["ApiId"], RouteKey=route.key, Target=target)


def deployed(emulated: Emulated) -> dict[str, dict[str, Any]]:
    """File name -> the function as the emulator describes it."""
    found = emulated.client("lambda").list_functions()["Functions"]
    return {function["Handler"].partition(".")[0]: function for function in found}


def ask(emulated: Emulated, method: str, path: str, body: Any = None) -> httpx.Response:
    """One request to the deployed HTTP API, as a page of the hub sends it."""
    headers = {"accept": "application/json"}
    content = None
    if method != "GET":
        headers |= {"origin": ISSUER, "content-type": "application/json"}
        content = json.dumps(body or {})
    url = emulated.api() + path
    return httpx.request(method, url, headers=headers, content=content, timeout=60)


def sign_up(emulated: Emulated) -> httpx.Response:
    """A person with a passkey; the answer to the second half."""
    begun = ask(emulated, "POST", "/sign-up/options", {"name": "Jiu"}).json()
    credential = SoftwarePasskey(aaguid=SOME_MAKE).create(begun["publicKey"], ISSUER)
    finish = {"ceremony": begun["ceremony"], "credential": credential}
    return ask(emulated, "POST", "/sign-up/finish", finish)


def sweep(emulated: Emulated, function: str) -> bool:
    """What the function's schedule does each minute; whether it went well."""
    name = deployed(emulated)[function]["FunctionName"]
    answer = emulated.client("lambda").invoke(FunctionName=name, Payload=b'{"sweep": true}')
    return "FunctionError" not in answer


def wait_for_entries(emulated: Emulated, count: int) -> Checkpoint:
    """The verified checkpoint once the log has that many entries. Raises TimeoutError."""
    until = time.monotonic() + SEQUENCED_S
    while time.monotonic() < until:
        answer = ask(emulated, "GET", "/log/checkpoint")
        if answer.is_success:
            key = VerifierKey.parse(ask(emulated, "GET", "/log/key").text.strip())
            checkpoint = verify_checkpoint(answer.content, key)
            if checkpoint.size >= count:
                return checkpoint
        time.sleep(0.5)
    raise TimeoutError(f"the log did not reach {count} entries in {SEQUENCED_S:.0f} s")


@contextmanager
def without_policy(emulated: Emulated, function: str) -> Iterator[None]:
    """The deployment with one role emptied, to see that the emulator enforces roles at all."""
    iam = emulated.client("iam")
    role = deployed(emulated)[function]["Role"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
