"""`python -m sandbox`: prints one JSON line when ready, ends on SIGINT or SIGTERM."""

import argparse
import signal
import sys
import threading
from pathlib import Path

import orjson

from sandbox.box import Sandbox

SWITCH = 0.001
"""Seconds: threads change places often, so that requests are counted the moment they arrive."""


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="Kommo's port (0: any)")
    parser.add_argument("--gestao-click-port", type=int, default=0)
    parser.add_argument("--leads", type=int, default=1000, help="size of the world")
    parser.add_argument("--tasks", type=int, default=0, help="tasks besides the fixture's")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--months", type=int, default=6, help="how far back sales reach")
    parser.add_argument("--sales", type=int, help="sales of the ERP; else six for ten leads")
    parser.add_argument("--stores", type=int, default=2, help="stores of the ERP")
    parser.add_argument("--open-titles", type=float, default=0.02, help="share of old titles")
    parser.add_argument("--ahead", type=float, default=0.0, help="seconds ahead of the clock")
    parser.add_argument("--kommo-limit", type=int, default=7, help="requests per second; 0: none")
    parser.add_argument("--gestao-click-limit", type=int, default=3)
    parser.add_argument("--gestao-click-daily-limit", type=int, default=30_000)
    parser.add_argument("--other-tool", type=int, default=0, help="requests a day of another tool")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--life", type=float, default=0.0, help="changes per second")
    parser.add_argument("--lively", action="store_true", help="life does everything there is")
    parser.add_argument("--account-id", type=int, default=31990001)
    parser.add_argument("--subdomain", default="sandbox")
    parser.add_argument("--webhook-retry-scale", type=float, default=1.0)
    parser.add_argument("--state", type=Path, help="file that keeps the world")
    parser.add_argument("--fixtures", type=Path, help="another folder of fixtures")
    parser.add_argument("--token-kommo", dest="kommo_token", help="instead of the seed's own")
    return parser


def main() -> int:
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    sys.setswitchinterval(SWITCH)
    try:
        box = Sandbox(**vars(arguments().parse_args()))
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"sandbox: {problem}\n")
        return 1
    with box:
        sys.stdout.write(orjson.dumps(box.public()).decode() + "\n")
        sys.stdout.flush()
        ending.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
