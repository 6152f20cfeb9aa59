"""`python -m webhook_app`: the web process, as `ponte web` starts it."""

import sys

from shared.errors import Misuse
from shared.settings import load
from webhook_app.server import serve

try:
    serve(load())
except Misuse as error:
    print(error, file=sys.stderr)
    sys.exit(2)
