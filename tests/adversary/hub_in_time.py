"""`mydata serve`, unchanged, on a machine whose clock a test sets: `python -m ... INSTANT OPTIONS`.

It reads seconds from standard input, a line each, moves the clock on by them, and answers with what
the clock then says.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import datetime

import time_machine
from mydata_hub.cli.main import main


def _obey(clock: time_machine.Traveller, told: object) -> None:
    for line in sys.stdin:
        clock.shift(float(line))
        print(f"{time.time():.6f}", file=told, flush=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    travelling = time_machine.travel(datetime.fromisoformat(sys.argv[1]), tick=True)
    threading.Thread(target=_obey, args=(travelling.start(), sys.stdout), daemon=True).start()
    sys.argv[1:] = ["serve", *sys.argv[2:], "--json"]
    main()
