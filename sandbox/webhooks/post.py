"""One attempt of one delivery: a status code, whatever happens."""

import http.client
import time
from urllib.parse import urlsplit

CLOSED_BY_KOMMO = 499
"""kommo-api.md 6.6: Kommo hung up at its own deadline."""
NO_ANSWER = 0
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "sandbox-kommo"}

Connections = dict[str, http.client.HTTPConnection]


def post(connections: Connections, destination: str, body: bytes, deadline: float) -> int:
    """The answer's status; 499 past the deadline, 0 without an answer. Follows no redirect."""
    parts = urlsplit(destination)
    reused = parts.netloc in connections
    until = time.monotonic() + deadline
    code = _attempt(connections, destination, body, until)
    if code == NO_ANSWER and reused and time.monotonic() < until:
        return _attempt(connections, destination, body, until)
    return code


def _attempt(connections: Connections, destination: str, body: bytes, until: float) -> int:
    parts = urlsplit(destination)
    try:
        connection = _connect(connections, destination, until)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, HEADERS)
        response = connection.getresponse()
        while response.read(65536):
            _allow(connection, until)
        if response.will_close:
            _forget(connections, parts.netloc)
    except TimeoutError:
        _forget(connections, parts.netloc)
        return CLOSED_BY_KOMMO
    except (OSError, http.client.HTTPException):
        _forget(connections, parts.netloc)
        return NO_ANSWER
    return response.status


def _connect(
    connections: Connections, destination: str, until: float
) -> http.client.HTTPConnection:
    parts = urlsplit(destination)
    connection = connections.get(parts.netloc)
    if connection is None:
        connection = _new(parts.scheme, parts.netloc, _left(until))
        connection.connect()
        connections[parts.netloc] = connection
    _allow(connection, until)
    return connection


def _new(scheme: str, netloc: str, timeout: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=timeout)
    return http.client.HTTPConnection(netloc, timeout=timeout)


def _allow(connection: http.client.HTTPConnection, until: float) -> None:
    if connection.sock is not None:
        connection.sock.settimeout(_left(until))


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _forget(connections: Connections, netloc: str) -> None:
    connection = connections.pop(netloc, None)
    if connection is not None:
        connection.close()
