"""Gates: TCP proxies before PostgreSQL and Redis that can be shut, frozen, cut, or led elsewhere.

They run in a process of their own, so that their traffic does not delay the sandbox's clock:
`python -m tests.drills.gates NAME=PORT:TARGET …` reads one command a line and answers each with "ok".
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from shared.ports import any_free

LOOPBACK = "127.0.0.1"


class Gate:
    """One listening port and where it leads."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def open(self) -> None:
        """Takes connections, and lets their bytes through."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._pass, LOOPBACK, self.port)

    async def shut(self) -> None:
        """Connections are refused, those that were there are reset: the machine is off."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut()

    async def freeze(self) -> None:
        """Connections stand, and nothing comes through: a switch that swallows everything."""
        self._flowing.clear()

    async def cut(self) -> None:
        """Every connection is reset; new ones are taken."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def lead(self, target: int) -> None:
        """From now on to another port: a failover behind one address."""
        self.target = target
        await self.cut()

    async def close(self) -> None:
        """For good: whoever is on the way through hears of it first."""
        self._flowing.set()
        await self.shut()
        await asyncio.sleep(0.1)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(far_writer)
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            writer.transport.abort()
        else:
            writer.close()


class Gates:
    """The process of the gates; `targets`: name → port. Use as a context manager."""

    def __init__(self, targets: Mapping[str, int]) -> None:
        self.ports = {name: any_free() for name in targets}
        places = [f"{name}={self.ports[name]}:{target}" for name, target in targets.items()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.gates", *places],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._heard()

    def tell(self, name: str, *command: str) -> None:
        """`open`, `shut`, `freeze`, `cut`, or `lead PORT`; returns once it is so."""
        assert self._process.stdin
        self._process.stdin.write(f"{name} {' '.join(command)}\n")
        self._process.stdin.flush()
        self._heard()

    def _heard(self) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ok\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate("")


async def _serve(places: list[str]) -> None:
    gates = {}
    for place in places:
        name, _, ports = place.partition("=")
        port, _, target = ports.partition(":")
        gates[name] = Gate(int(port), int(target))
        await gates[name].open()
    print("ok", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        name, command, *ports = line.split()
        await getattr(gates[name], command)(*map(int, ports))
        print("ok", flush=True)
    for gate in gates.values():
        await gate.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
