"""The supervisor, with real processes."""

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE

import pytest

from worker.commands import supervisor as module
from worker.commands.supervisor import NotReady, Program, Supervisor

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process runs. One that nobody has reaped yet does not."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()[:1] not in {"", "Z"}


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-u", "-c", textwrap.dedent(code)]


@contextmanager
def supervise(code: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A supervisor in a process of its own; `code` has Supervisor, Program, python, folder."""
    prelude = f"""
        import signal, sys
        from pathlib import Path
        import structlog
        from tests.worker.commands.test_supervisor import python
        from worker.commands.supervisor import Program, Supervisor
        folder = Path({str(folder)!r})
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    """
    source = textwrap.dedent(prelude) + textwrap.dedent(code)
    with subprocess.Popen([sys.executable, "-c", source], stdout=PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_programs_start_in_order_each_once_the_one_before_is_ready(tmp_path: Path) -> None:
    made = tmp_path / "made"
    first = Program(
        "first",
        python(f"import time; time.sleep(.3); open({str(made)!r}, 'w'); time.sleep(60)"),
        ready=made.exists,
    )
    second = Program("second", python(f"open({str(made)!r}); print('saw it')"), restart=False)
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(first, second)
        until(lambda: (tmp_path / "logs/second.log").read_text() == "saw it\n")


def test_leaving_the_block_leaves_no_process(tmp_path: Path) -> None:
    pid_file = tmp_path / "grandchild"
    parent = python(f"""
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open({str(pid_file)!r}, "w").write(str(child.pid))
        time.sleep(60)
    """)
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(Program("plain", SLEEP), Program("parent", parent))
        until(lambda: pid_file.exists() and bool(pid_file.read_text()))
        pids = [*supervisor.pids.values(), int(pid_file.read_text())]
        assert all(map(alive, pids))
    assert len(pids) == 3
    until(lambda: not any(map(alive, pids)), 2)


def test_one_that_ignores_the_stop_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = python("""
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf")
        time.sleep(60)
    """)
    log = tmp_path / "deaf.log"
    with Supervisor(tmp_path) as supervisor:
        heard = lambda: log.exists() and "deaf" in log.read_text()  # noqa: E731
        supervisor.start(Program("deaf", deaf, ready=heard, grace=0.5))
        pid, leaving = supervisor.pids["deaf"], time.monotonic()
    assert not alive(pid)
    assert 0.4 < time.monotonic() - leaving < 3


def test_what_dies_is_started_again_with_growing_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WATCH_EVERY", 0.1)
    monkeypatch.setattr(module, "FIRST_DELAY", 0.1)
    monkeypatch.setattr(module, "LONGEST_DELAY", 0.4)
    starts = tmp_path / "starts"
    dies = python(f"import time; open({str(starts)!r}, 'a').write(f'{{time.time()}}\\n')")
    starts_at = run_until_started(tmp_path, Program("dies", dies), starts, count=5)
    gaps = [b - a for a, b in pairwise(starts_at)]
    assert all(gap > least for gap, least in zip(gaps, (0.1, 0.2, 0.4, 0.4), strict=True))
    assert gaps[0] < gaps[1] < gaps[2]
    assert gaps[3] < 0.8


def run_until_started(tmp_path: Path, program: Program, starts: Path, count: int) -> list[float]:
    """Run until the program was started so often; when it was."""

    def enough() -> None:
        if starts.exists() and len(starts.read_text().split()) >= count:
            signal.raise_signal(signal.SIGTERM)

    with Supervisor(tmp_path, watch=[enough]) as supervisor:
        supervisor.start(program)
        supervisor.run()
    return [float(moment) for moment in starts.read_text().split()]


def test_a_program_that_shall_not_restart_does_not_and_then_run_returns(tmp_path: Path) -> None:
    once = python("print('once')")
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(Program("once", once, restart=False))
        supervisor.run()
    assert (tmp_path / "once.log").read_text() == "once\n"


def test_a_program_that_ends_before_it_is_ready_is_reported_with_its_last_lines(
    tmp_path: Path,
) -> None:
    (tmp_path / "web.log").write_text("of another day\n")
    fails = python("import sys; print('no such table'); sys.exit(3)")
    with (
        Supervisor(tmp_path) as supervisor,
        pytest.raises(NotReady, match=r"web ended with 3(.|\n)*no such table") as raised,
    ):
        supervisor.start(Program("web", fails, ready=lambda: False))
    assert "another day" not in str(raised.value)


def test_a_program_that_never_gets_ready_is_reported_and_stopped(tmp_path: Path) -> None:
    program = Program("slow", SLEEP, ready=lambda: False, ready_timeout=0.3)
    with Supervisor(tmp_path) as supervisor:
        with pytest.raises(NotReady, match=r"slow was not ready within 0\.3 s"):
            supervisor.start(program)
        pid = supervisor.pids["slow"]
    assert not alive(pid)


def test_children_may_write_bytecode_and_get_their_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    shows = python("import os, sys; print(sys.dont_write_bytecode, os.environ['ROLE'])")
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(Program("shows", shows, env={"ROLE": "web"}, restart=False))
        supervisor.run()
    assert (tmp_path / "shows.log").read_text() == "False web\n"


def test_a_watcher_that_fails_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WATCH_EVERY", 0.1)
    calls = []

    def watch() -> None:
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise RuntimeError("not now")
        signal.raise_signal(signal.SIGTERM)

    with Supervisor(tmp_path, watch=[watch]) as supervisor:
        supervisor.start(Program("plain", SLEEP))
        supervisor.run()
    assert len(calls) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_in_reverse_order(tmp_path: Path, number: signal.Signals) -> None:
    code = """
        log = folder / "order"
        def program(name):
            says = f'''
                import signal, sys, time
                def say(word): open({str(log)!r}, "a").write(f"{name} {{word}};")
                signal.signal(signal.SIGTERM, lambda *_: (say("stops"), sys.exit()))
                say("runs")
                time.sleep(60)
            '''
            ready = lambda: log.exists() and f"{name} runs" in log.read_text()
            return Program(name, python(says), ready=ready)
        with Supervisor(folder) as supervisor:
            supervisor.start(program("a"), program("b"))
            print("up", flush=True)
            supervisor.run()
    """
    with supervise(code, tmp_path) as process:
        assert line(process) == "up"
        process.send_signal(number)
        assert process.wait(10) == 0
    said = (tmp_path / "order").read_text().split(";")[:-1]
    assert said == ["a runs", "b runs", "b stops", "a stops"]


def test_a_signal_while_starting_starts_no_more(tmp_path: Path) -> None:
    code = """
        from worker.commands.supervisor import Stopped
        try:
            with Supervisor(folder) as supervisor:
                never = Program("never", python("import time; time.sleep(60)"), ready=lambda: False)
                print("starting", flush=True)
                supervisor.start(never, Program("next", python("print('next')")))
        except Stopped:
            print("stopped", flush=True)
    """
    with supervise(code, tmp_path) as process:
        assert line(process) == "starting"
        process.send_signal(signal.SIGTERM)
        assert line(process) == "stopped"
        assert process.wait(10) == 0
    assert not (tmp_path / "next.log").exists()


def test_a_second_signal_kills_at_once(tmp_path: Path) -> None:
    code = """
        deaf = '''
            import signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("deaf")
            time.sleep(60)
        '''
        log = folder / "deaf.log"
        with Supervisor(folder) as supervisor:
            ready = lambda: log.exists() and "deaf" in log.read_text()
            supervisor.start(Program("deaf", python(deaf), ready=ready, grace=60))
            print(supervisor.pids["deaf"], flush=True)
            supervisor.run()
    """
    with supervise(code, tmp_path) as process:
        pid = int(line(process))
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert alive(pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
    assert not alive(pid)


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a child of its parent's death"
)
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    code = """
        with Supervisor(folder) as supervisor:
            supervisor.start(Program("plain", python("import time; time.sleep(60)")))
            print(supervisor.pids["plain"], flush=True)
            supervisor.run()
    """
    with supervise(code, tmp_path) as process:
        pid = int(line(process))
        process.kill()
    until(lambda: not alive(pid), 5)


def test_a_program_that_lives_but_does_not_work_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY", 0.1)
    starts = tmp_path / "starts"
    idles = python(f"""
        import time
        open({str(starts)!r}, "a").write(f"{{time.time()}}\\n")
        time.sleep(60)
    """)
    program = Program("idles", idles, alive=lambda age: age < 1)
    first, second, *_ = run_until_started(tmp_path, program, starts, count=2)
    assert second > first
