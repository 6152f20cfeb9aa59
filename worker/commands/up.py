"""`ponte up`: everything on this machine, in order, until Ctrl-C: servers, sandbox, migrations, web, worker,
beat, Flower, the first sync, the webhook, a report and the way in."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from pathlib import Path
from urllib.request import urlopen

import orjson
from rich.console import Console

from shared import integrations, ports, queue, resources, runs, settings, tokens
from shared.errors import Misuse
from shared.secrets import Keyring
from shared.settings import Settings, secret_key
from worker import reports, subscription
from worker.commands import inline, programs, progress
from worker.commands.opened import ensure_database, ensure_redis
from worker.commands.servers import ready_settings
from worker.commands.supervisor import NotReady, Program, Stopped, Supervisor
from worker.reach import Reach, reach

SANDBOX_MONTHS = 9
"""Its oldest title is younger."""
TOKEN_NAME = "make run"  # noqa: S105  (a name, not a token)


def up(sandbox_arguments: Sequence[str], console: Console) -> int:
    """Runs until it is stopped; returns the exit code."""
    started = time.monotonic()
    wanted = settings.load()
    ports.ensure_free(wanted.host, wanted.port)
    ports.ensure_free(wanted.host, wanted.flower_port, "FLOWER_PORT")
    with ExitStack() as stack:
        ready = stack.enter_context(ready_settings())
        logs = ready.settings.ponte_data_dir / "logs"
        supervisor = stack.enter_context(Supervisor(logs, watch=[ready.tend]))
        try:
            _start(supervisor, ready.settings, sandbox_arguments, console, started)
            supervisor.run()
        except Stopped:
            pass
        except NotReady as error:
            console.print(f"[red]{error}[/]")
            return 1
    console.print("Ponte has stopped. Its data is kept; [bold]make run[/] goes on with it.")
    return 0


def _start(
    supervisor: Supervisor,
    given: Settings,
    sandbox_arguments: Sequence[str],
    console: Console,
    started: float,
) -> None:
    given = _with_sandbox(supervisor, given, sandbox_arguments, console)
    given = _with_secrets(given)
    with reach(given, "ponte-up") as here:
        ensure_database(here)
        ensure_redis(here)
        reports.refresh_all(here.engine)
        console.print(f"[dim]{time.monotonic() - started:5.1f} s[/]  servers up, tables ready")
        supervisor.start(programs.web(given), *programs.workers(given), programs.beat(given))
        supervisor.start(programs.flower(given))
        console.print(
            f"[dim]{time.monotonic() - started:5.1f} s[/]  web, workers, beat and Flower up"
        )
        _first_sync(here, supervisor, console)
        console.print(subscription.register(here)[1], soft_wrap=True)
        _show_way_in(here, console)


def _with_sandbox(
    supervisor: Supervisor, given: Settings, arguments: Sequence[str], console: Console
) -> Settings:
    """The sandbox plays every vendor that has no credentials."""
    missing = [provider for provider in integrations.PROVIDERS if not given.configured(provider)]
    if not missing:
        return given
    kommo, erp = _sandbox_ports(given.ponte_data_dir / "sandbox")
    world = given.ponte_data_dir / "sandbox" / "world.json"
    argv = (*programs.PYTHON, "sandbox", "--port", str(kommo), "--gestao-click-port", str(erp))
    control = f"http://127.0.0.1:{kommo}/_sandbox"
    ready = programs.answers(control)
    supervisor.start(Program("sandbox", (*argv, "--state", str(world), *arguments), ready=ready))
    with urlopen(control, timeout=5) as answer:
        told = orjson.loads(answer.read())
    os.environ.update(_sandbox_environment(told, missing))
    console.print(
        f"[yellow]sandbox[/] plays {' and '.join(missing)}: invented people, invented money. "
        f"What it can do: {control}",
        soft_wrap=True,
    )
    return settings.load()


def _sandbox_ports(folder: Path) -> tuple[int, int]:
    """The same ports as last time, where they are free: a restarted sandbox is found again."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "ports.json"
    if kept.exists():
        kommo, erp = orjson.loads(kept.read_bytes())
        with suppress(Misuse):
            ports.ensure_free("127.0.0.1", kommo)
            ports.ensure_free("127.0.0.1", erp)
            return kommo, erp
    chosen = (ports.any_free(), ports.any_free())
    kept.write_bytes(orjson.dumps(chosen))
    return chosen


def _sandbox_environment(told: dict[str, str], missing: Sequence[str]) -> dict[str, str]:
    kommo = {"KOMMO_API_URL": told["kommo_url"], "KOMMO_JWT_TOKEN": told["kommo_token"]}
    today = date.today()  # noqa: DTZ011  (the sandbox's sales begin about then)
    first = today - timedelta(days=31 * SANDBOX_MONTHS)
    erp = {
        "GESTAO_CLICK_API_URL": told["gestao_click_url"],
        "GESTAO_CLICK_API_KEY": told["gestao_click_access_token"],
        "GESTAO_CLICK_SECRET_TOKEN": told["gestao_click_secret_token"],
        "GESTAO_CLICK_HISTORY_FROM": os.environ.get(
            "GESTAO_CLICK_HISTORY_FROM", first.replace(day=1).isoformat()
        ),
    }
    return {
        "PONTE_SANDBOX": ",".join(missing),
        **(kommo if "kommo" in missing else {}),
        **(erp if "gestao-click" in missing else {}),
    }


def _with_secrets(given: Settings) -> Settings:
    """What nobody has chosen is derived from the secret key: the same at every start."""
    keys = Keyring(secret_key(given))
    if given.kommo_webhook_secret is None:
        derived = [digest[:43] for digest in keys.digests("kommo webhook")]
        os.environ["KOMMO_WEBHOOK_SECRET"] = " ".join(derived)
    if given.flower_password is None:
        os.environ["FLOWER_PASSWORD"] = keys.digest("flower")[:20]
    return settings.load()


def _first_sync(here: Reach, supervisor: Supervisor, console: Console) -> None:
    """While something was never read it is followed to its end; later what is kept is there at once."""
    first = _something_is_new(here)
    run_ids = inline.request(here, list(resources.ALL), full=False, trigger="up")
    for run_id in run_ids:
        here.ring(queue.SYNC, run_id)
    if not first:
        console.print("The mirror is there from last time; what changed since is being read.")
        return
    console.print("First sync, within the vendors' limits:")
    started = time.monotonic()
    found = progress.follow(here, run_ids, console, supervisor.tend)
    progress.report(found, console, time.monotonic() - started)


def _something_is_new(here: Reach) -> bool:
    with here.engine.begin() as connection:
        ours = integrations.worked_on(connection, here.settings)
        return any(runs.never_tried(connection, each) for each in ours)


def _show_way_in(here: Reach, console: Console) -> None:
    given = here.settings
    home = f"http://{programs.local(given.host)}:{given.port}"
    with here.engine.begin() as connection:
        tokens.revoke(connection, TOKEN_NAME)
        token = tokens.create(connection, here.keys, TOKEN_NAME, "sync", days=30)
        link = tokens.login_link(connection, here.keys)
    password = given.flower_password.get_secret_value() if given.flower_password else ""
    console.print()
    console.print(f"[bold]Dashboard[/]  {home}/login?token={link}   (opens once)", soft_wrap=True)
    console.print(
        f"[bold]Flower[/]     http://{programs.local(given.host)}:{given.flower_port}   ponte / {password}"
    )
    console.print(f"[bold]API[/]        {home}/api/docs")
    console.print(f"[bold]Token[/]      {token}", soft_wrap=True)
    console.print(
        f'  curl -H "Authorization: Bearer $TOKEN" {home}/api/kommo/deals', soft_wrap=True
    )
    console.print('[bold]SQL[/]        psql "$(.venv/bin/ponte db url)"')
    console.print("Ctrl-C ends everything.")
