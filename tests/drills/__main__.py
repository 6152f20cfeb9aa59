"""`make drills COUNT=10 SEED=1`: plays seeds one after the other and says what each came to.

Options: --count, --seed (the first), --seconds and --troubles (of one schedule), --report FILE (a table
of seeds and results in a document, between its marks), --logs FOLDER (keep the processes' logs).
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.drills.drill import Report, play
from tests.drills.report import write


def main() -> int:
    options = _options()
    # whoever stops us: the processes that were started are stopped with us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    failed = 0
    for seed in range(options.seed, options.seed + options.count):
        folder = options.logs and options.logs / str(seed)
        if folder:
            folder.mkdir(parents=True)
        print(f"seed {seed} …", flush=True)
        report = play(seed, options.seconds, options.troubles, folder)
        _show(report)
        if folder:
            (folder / "told").write_text("\n".join(report.told))
        failed += not report.balanced
        if options.report:
            write(options.report, report)
    print(f"{options.count - failed} of {options.count} balanced")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("make drills", description=__doc__)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--troubles", type=int, default=12)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--logs", type=Path)
    return parser.parse_args()


def _show(report: Report) -> None:
    result = "balanced" if report.balanced else "DOES NOT BALANCE"
    print(f"seed {report.seed}: {result} after {report.seconds:.0f} s; {report.figures}")
    print("".join(f"{line}\n" for line in report.told if "NOT DRILLED" in line), end="")
    if not report.balanced:
        print("\n".join(report.told))
        for promise, findings in report.findings.items():
            print(f"  {promise}")
            print("".join(f"    {finding}\n" for finding in findings), end="")
        print(f"again: make drills SEED={report.seed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
