"""A hub of one's own for the functions of the log: the embedded engine in a fresh folder."""

from __future__ import annotations

import base64
import importlib.util
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from mydata_hub.config import AuditSettings, SequenceLogSettings
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.events import record
from mydata_hub.wiring import blobs_for, tables_for

from tests.faults.sequencer_world import an_event
from tests.unit.personal_log.intake_begun import begin_intake

FUNCTIONS = Path(__file__).parents[3] / "functions"


def load(name):
    """A function's file as Lambda loads it: by path, not as part of a package."""
    spec = importlib.util.spec_from_file_location(f"functions_{name}", FUNCTIONS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class LogHub:
    """The functions of the log and the courier over one folder, and a writer of events."""

    def __init__(self, folder, names=None, witnesses=""):
        self.folder = folder
        names = names or {}
        events = names.get("EVENTS_TABLE", "EventsTable")
        shared = {
            "ENGINE": f"embedded:{folder}",
            "ISSUER": "http://localhost:8787",
            "LOG_TABLE": "LogTable",
            "TILES_BUCKET": "tiles",
            "OPENINGS_BUCKET": "openings",
        }
        self.environment = {
            **shared,
            "EVENTS_TABLE": events,
            "LOG_PUBLIC_TABLE": names.get("LOG_PUBLIC_TABLE", "LogPublicTable"),
            "LOG_KEYS_TABLE": names.get("LOG_KEYS_TABLE", "LogKeysTable"),
            "LOG_BOOKS_TABLE": "LogBooksTable",
            "LOG_KEY": "log",
            "OUTBOX_TABLE": "OutboxTable",
            "CHECKPOINT_KEY": "checkpoint",
            "WITNESSES": witnesses,
        }
        shared["WITNESSES_TABLE"] = "WitnessesTable"
        self.courier_environment = {
            **shared,
            "OUTBOX_TABLE": "OutboxTable",
            "NOTICES_TABLE": "NoticesTable",
            "CLIENTS_TABLE": "ClientsTable",
            "DELIVERIES_TABLE": "DeliveriesTable",
            "EVENT_KEY": "event",
            "WITNESSES": witnesses,
        }
        self.sequence_log = load("sequence_log").build(self.environment)
        self.deliver = load("deliver").build(self.courier_environment)
        sessions = names.get("SESSIONS_TABLE", "SessionsTable")
        own = {**self.environment, **shared, "SESSIONS_TABLE": sessions}
        own |= {"CLIENTS_TABLE": "ClientsTable", "PROVIDERS_TABLE": "ProvidersTable"}
        self.audit = load("audit").build(own)
        self.audit_settings = AuditSettings.read(own)
        settings = SequenceLogSettings.read(self.environment)
        begin_intake(folder, settings.table_names())
        self.writer = tables_for(settings)
        self.tables = SqliteTables(folder, settings.table_names(), SystemClock())
        self.blobs = blobs_for(settings, settings.tiles_bucket)

    def write(self, first, count):
        for number in range(first, first + count):
            self.writer.commit(record(an_event(number), SystemEntropy()))

    def sequence(self):
        return self.sequence_log({"Records": []}, None)

    def sweep_outbox(self):
        return self.deliver({"sweep": True}, None)

    def ask(self, route, **parameters):
        return self.audit({"routeKey": route, "pathParameters": parameters}, None)


@pytest.fixture
def log_hub(tmp_path):
    return LogHub(tmp_path / "data")


@contextmanager
def serving(hub):
    """The audit function of a hub behind a plain HTTP server on loopback; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            tile = self.path.removeprefix("/log/tile/")
            route = "GET /log/tile/{tile+}" if tile != self.path else f"GET {self.path}"
            answer = hub.ask(route, tile=tile)
            body = answer["body"].encode()
            self.send_response(answer["statusCode"])
            self.end_headers()
            self.wfile.write(base64.b64decode(body) if answer.get("isBase64Encoded") else body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def served(log_hub):
    with serving(log_hub) as url:
        yield url
