"""Run every benchmark and print one table of ratios; the figures go to bench.json as well."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from tests.bench import (
    bench_answers,
    bench_erasure,
    bench_gateway,
    bench_imports,
    bench_insights,
    bench_log,
    bench_oauth,
    bench_offers,
    bench_tables,
    bench_vault,
)
from tests.bench.ratio import Ratio

BENCHES = (
    bench_insights,
    bench_tables,
    bench_vault,
    bench_answers,
    bench_erasure,
    bench_log,
    bench_oauth,
    bench_offers,
    bench_gateway,
    bench_imports,
)


def main() -> int:
    """Run the benchmarks, or those whose names are given."""
    console = Console()
    chosen = [bench for bench in BENCHES if not sys.argv[1:] or bench.NAME in sys.argv[1:]]
    ratios: list[Ratio] = []
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("benchmarks", total=len(chosen))
        for bench in chosen:
            progress.update(task, description=bench.NAME)
            ratios.extend(bench.run())
            progress.advance(task)
    table = Table(Column("what", overflow="fold"), "hub", "beside", "its figure", "ratio", "goal")
    for ratio in ratios:
        table.add_row(
            ratio.what,
            f"{ratio.ours:,.4g} {ratio.unit}",
            ratio.peer,
            f"{ratio.theirs:,.4g} {ratio.unit}",
            f"{ratio.value:.2f}",
            ratio.goal,
        )
    console.print(table)
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": sys.version}
    report = {"machine": machine, "ratios": [ratio.as_json() for ratio in ratios]}
    Path("bench.json").write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
