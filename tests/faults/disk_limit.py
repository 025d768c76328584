"""Commit until the disk takes no more, and tell how each commit ended.

    python -m tests.faults.disk_limit FOLDER MAX_FILE_BYTES

Prints {"acknowledged": n, "error": name, "after": name or null}: the commits that succeeded, how
the first one failed, and how one failed that came when the limit was lifted.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import StoreError
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put

from tests.faults.names import NAMES


def main(folder: Path, max_file_bytes: int) -> None:
    tables = SqliteTables(folder, NAMES, SystemClock())
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, resource.RLIM_INFINITY))
    acknowledged = 0
    while (error := _try_commit(tables, acknowledged)) is None:
        acknowledged += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    after = _try_commit(tables, 999_999)
    json.dump({"acknowledged": acknowledged, "error": error, "after": after}, sys.stdout)


def _try_commit(tables: SqliteTables, count: int) -> str | None:
    values = {"filler": b"x" * 20_000}
    try:
        tables.commit(
            *(
                Put(key=Key(name, "p", f"{count:06d}"), values=values, when=Absent())
                for name in NAMES
            )
        )
    except StoreError as error:
        return type(error).__name__
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
