"""Asks for known vulnerabilities of what requirements.lock pins, with pip-audit; what CI runs in `make check`.

Exit code 1 when there are some. Where the service cannot be reached, or does not know our packages (a
mirror that serves files only), nothing was audited: that is said loudly, and fails nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

UVX = (".uv/bin/uvx", "--quiet", "pip-audit==2.10.1")
AUDIT = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--timeout", "5")
LOCK = ("--format", "json", "--requirement", "requirements.lock")
SECONDS = 90


def main() -> int:
    try:
        done = subprocess.run(
            (*UVX, *AUDIT, *LOCK), capture_output=True, text=True, timeout=SECONDS, check=False
        )
        told = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return _loud(f"pip-audit did not answer ({type(error).__name__})")
    return judge(told)


def judge(told: dict[str, Any]) -> int:
    """The exit code for pip-audit's report."""
    audited = [one for one in told["dependencies"] if "skip_reason" not in one]
    skipped = len(told["dependencies"]) - len(audited)
    if not audited:
        return _loud("the service knows none of our packages")
    bad = [(one, vuln) for one in audited for vuln in one["vulns"]]
    for one, vuln in bad:
        mended = ", ".join(vuln["fix_versions"]) or "no version yet"
        sys.stderr.write(f"{one['name']} {one['version']}: {vuln['id']}, mended in {mended}\n")
    sys.stderr.write(f"{len(audited)} packages audited, {skipped} not known to the service\n")
    return 1 if bad else 0


def _loud(why: str) -> int:
    line = "=" * 79
    sys.stderr.write(f"{line}\nDEPENDENCIES WERE NOT AUDITED: {why}.\n{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
