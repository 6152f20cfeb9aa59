"""`python -m sandbox.embedded erase FOLDER`: remove the data, wherever it lies (make clean-data)."""

import sys
from pathlib import Path

from sandbox.embedded.process import ServerError
from sandbox.embedded.servers import Servers


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] != "erase":
        print(__doc__, file=sys.stderr)
        return 2
    try:
        Servers(Path(arguments[1])).erase()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
