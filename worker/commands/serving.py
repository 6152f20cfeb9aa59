"""`ponte web|worker|beat|flower`: one kind of process, for deployments that supervise by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared import logs
from shared.errors import Misuse
from shared.settings import Settings, secret_key
from worker.commands import programs
from worker.commands.opened import ensure_database, ensure_redis
from worker.commands.servers import ready_settings
from worker.commands.supervisor import NotReady, Program, Stopped, Supervisor
from worker.reach import reach
from worker.vendors import ensure_vendors


def serve(
    make: Callable[[Settings], Sequence[Program]],
    *,
    vendors: bool = False,
    queue: bool = True,
    several: bool = False,
) -> None:
    """Runs the programs until a stop signal.

    vendors: they are of no use without credentials; queue: nor without Redis; several: they are
    supervised here, else the one program takes this process's place.
    """
    with ready_settings() as ready:
        _check(ready.settings, vendors, queue, views=several)
        wanted = make(ready.settings)
        if not several and not ready.embedded:
            programs.become(wanted[0])
        logs.configure("supervisor", ready.settings.log_level)
        with Supervisor(watch=[ready.tend]) as supervisor:
            _run(supervisor, wanted)


def _run(supervisor: Supervisor, wanted: Sequence[Program]) -> None:
    try:
        supervisor.start(*wanted)
        supervisor.run()
    except Stopped:
        return
    except NotReady as error:
        raise Misuse(str(error)) from error


def _check(settings: Settings, vendors: bool, queue: bool, *, views: bool) -> None:
    secret_key(settings)
    with reach(settings, "ponte-check") as here:
        ensure_database(here)
        if vendors:
            ensure_vendors(here)
        if queue:
            ensure_redis(here)
        if views:
            from worker import reports

            reports.refresh_all(here.engine)  # a newer Ponte may want more of them
