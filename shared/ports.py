"""Ports of this machine: is one free, which one is."""

from __future__ import annotations

import socket

from shared.errors import Misuse


def ensure_free(host: str, port: int, setting: str = "PORT") -> None:
    """Raises Misuse when nobody could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Misuse(
                f"cannot listen on {host}:{port} ({error.strerror}). "
                f"Stop what uses the port, or set {setting} to another one."
            ) from error


def any_free() -> int:
    """A port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
