"""A small HTTP/1.1 server on loopback: keep-alive, no Nagle, one write per answer."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

LOOPBACK = "127.0.0.1"
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    pairs: Pairs
    headers: dict[str, str]
    body: bytes
    address: str

    def one(self, name: str, default: str = "") -> str:
        """The last value of a parameter, as PHP reads it."""
        return next((v for k, v in reversed(self.pairs) if k == name), default)

    def number(self, name: str, default: int) -> int:
        """A positive number, else the default: both vendors forgive nonsense here."""
        text = self.one(name)
        return int(text) if text.isdecimal() and int(text) > 0 else default

    def having(self, name: str, value: str) -> "Request":
        others = [(k, v) for k, v in self.pairs if k != name]
        return replace(self, pairs=[*others, (name, value)])

    def json(self) -> Any:
        return orjson.loads(self.body or b"{}")


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    truncated: bool = False
    """Promise the whole body, send half, hang up."""
    dropped: bool = False
    """Hang up without an answer."""


def json_response(content: Any, status: int = 200, kind: str = "application/json") -> Response:
    return Response(status, orjson.dumps(content), kind)


def html_response(status: int, title: str) -> Response:
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}"
    page += "</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    return Response(status, page.encode(), "text/html")


App = Callable[[Request], Response]


class Server(ThreadingHTTPServer):
    """Serves one app in threads of this process; `stop` leaves no socket open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, app: App, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.app = app
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._guard:
            for connection in self._open:
                _hang_up(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news; everything else is."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "ponte-sandbox"
    disable_nagle_algorithm = True
    server: Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if self.parse_request():
            self._write(self.server.app(self._read()))

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        return Request(
            method=self.command,
            path=unquote(parts.path),
            pairs=parse_qsl(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            address=self.client_address[0],
        )

    def _write(self, response: Response) -> None:
        if response.dropped:
            self.close_connection = True
            return
        body = response.body
        self.send_response_only(response.status)
        if response.content_type:
            self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Server", self.server_version)
        if response.truncated:
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write(self._head() + (b"" if self.command == "HEAD" else body))

    def _head(self) -> bytes:
        lines: list[bytes] = getattr(self, "_headers_buffer", [])
        head = b"".join(lines) + b"\r\n"
        lines.clear()
        return head


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
