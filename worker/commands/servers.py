"""Where PostgreSQL and Redis are: the settings' own servers, or the embedded ones of `.data/`.

Each on its own: with only DATABASE_URL set, only Redis is embedded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared import settings
from shared.errors import Misuse
from shared.settings import Settings


@dataclass(frozen=True)
class Ready:
    """Settings with both addresses filled. tend: starts embedded servers again that have died."""

    settings: Settings
    embedded: bool
    tend: Callable[[], None]


@contextmanager
def ready_settings() -> Iterator[Ready]:
    """Finds or starts the servers.

    Embedded servers that somebody else has started are used; those started here are stopped on leaving.
    The addresses are put into the environment, for the processes that are started from here.
    """
    given = settings.load()
    if given.database_url and given.redis_url:
        yield Ready(given, embedded=False, tend=lambda: None)
        return
    from sandbox.embedded import ServerError, Servers

    with Servers(given.ponte_data_dir) as servers:
        try:
            urls = servers.start(postgres=given.database_url is None, redis=given.redis_url is None)
        except ServerError as error:
            raise Misuse(str(error)) from error
        for name, url in (("DATABASE_URL", urls.database_url), ("REDIS_URL", urls.redis_url)):
            if url:
                os.environ[name] = url
        yield Ready(settings.load(), embedded=True, tend=servers.ensure)
