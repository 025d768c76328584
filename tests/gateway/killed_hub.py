"""A small hub in a process of its own, made to be killed: POST /write commits, a stream delivers.

    python -m tests.gateway.killed_hub FOLDER

It prints its port when it answers. FOLDER holds a template and functions (see templates.write).
"""

from __future__ import annotations

import sys
from pathlib import Path

from mydata_hub.embedded.deployment import read_deployment
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.gateway import Gateway
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.server import listen_on_loopback, serve_until_told
from mydata_hub.embedded.worker import Worker

from tests.gateway.templates import function, http, stream, table, write

HANDLERS = {
    "write": """
        import json
        from pathlib import Path
        from mydata_hub.embedded.sqlite_tables import SqliteTables
        from mydata_hub.ports.clock import SystemClock
        from mydata_hub.ports.tables import Absent, Key, Put

        def build(env):
            folder = Path(env["ENGINE"].partition(":")[2])
            tables = SqliteTables(folder, {"rows": env["ROWS_TABLE"]}, SystemClock())

            def handle(event, context):
                number = event["pathParameters"]["number"]
                tables.commit(Put(key=Key("rows", number), values={}, when=Absent()))
                return {"written": number}

            return handle
    """,
    # It writes down what it was given before it is done, so a kill in between shows as twice.
    "note": """
        import os, time

        def build(env):
            def handle(event, context):
                for record in event["Records"]:
                    number = record["dynamodb"]["Keys"]["partition"]["S"]
                    with open(env["OUT"], "a") as out:
                        out.write(number + "\\n")
                        out.flush()
                        os.fsync(out.fileno())
                    time.sleep(0.003)

            return handle
    """,
}


def lay_out(folder: Path) -> Path:
    """Write the deployment; gives the file in which deliveries are noted."""
    out = folder / "delivered.txt"
    write(
        folder,
        {
            "Rows": table("KEYS_ONLY"),
            "Write": function(
                "write",
                events={"It": http("POST", "/write/{number}")},
                Environment={
                    "Variables": {"ENGINE": {"Ref": "Engine"}, "ROWS_TABLE": {"Ref": "Rows"}}
                },
            ),
            "Note": function(
                "note",
                events={"It": stream("Rows", BatchSize=8)},
                Environment={"Variables": {"OUT": str(out)}},
            ),
        },
        HANDLERS,
    )
    return out


def main(folder: Path) -> None:
    sockets = listen_on_loopback(0)
    port = sockets[0].getsockname()[1]
    issuer = f"http://localhost:{port}"
    deployment = read_deployment(folder, {"Engine": f"embedded:{folder}", "Issuer": issuer})
    invoker = Invoker(deployment)
    worker = Worker(deployment, invoker, SqliteFeed(folder))
    gateway = Gateway(deployment, invoker, issuer, on_change=worker.wake)
    worker.start()
    serve_until_told(gateway, sockets, lambda: print(port, flush=True))
    worker.stop(3)
    gateway.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
