"""What holds of the decoder for any bytes; run by hypothesis in `make test`, by atheris in `make fuzz`.

`python -m tests.fuzz.target SECONDS` starts from the bodies of the fixtures; what breaks it is written to
tests/fuzz/found/, where it stays as an example.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from worker.sources.kommo_webhooks import Undecodable, decode

FOUND = Path(__file__).parent / "found"
SEEDS = Path(__file__).parents[1] / "fixtures" / "kommo"
MOST_BYTES, MOST_MEGABYTES, MOST_SECONDS = 20_000, 1024, 5
"""Of one body; of the whole process; for one body."""


def check(body: bytes) -> None:
    """Ids in one spelling, texts that PostgreSQL can hold, or a reason."""
    try:
        heard = decode(body)
    except Undecodable as error:
        assert "\x00" not in str(error)
        return
    assert len(set(heard.looks)) == len(heard.looks)
    for look in heard.looks:
        if look.resource.key_columns[-1].type == "bigint":
            assert str(int(look.id)) == look.id
        assert look.id.isascii()
        assert len(look.slice) == len(look.resource.key) - 1
    assert not any("\x00" in text for text in (*heard.other, heard.account or ""))


def main(seconds: int) -> None:
    """Ends the process: 0, or atheris's own code when something was found."""
    import atheris  # type: ignore[import-not-found]

    FOUND.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for seed in SEEDS.glob("*.txt"):
            (Path(corpus) / seed.name).write_bytes(seed.read_bytes())
        limits = [
            f"-max_total_time={seconds}",
            f"-max_len={MOST_BYTES}",
            f"-timeout={MOST_SECONDS}",
        ]
        limits += [f"-rss_limit_mb={MOST_MEGABYTES}", f"-artifact_prefix={FOUND}/"]
        atheris.instrument_all()
        atheris.Setup([sys.argv[0], *limits, corpus], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]))
