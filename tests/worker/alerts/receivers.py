"""Who is told: an HTTP server and an SMTP server of our own, on loopback, that keep what they are given."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """url: of the server; got: (path, headers, body) of each request; answers: the statuses to give, the last
    one for ever."""

    url: str = ""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=lambda: [200])

    def next_status(self) -> int:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def http_receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.path, dict(self.headers.items()), body))
            status = kept.next_status()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{kept.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    with _serving(server):
        yield kept


@dataclass
class Mailbox:
    """letters: (from, to, letter); says: what RCPT is answered; password: what it was given, encoded."""

    port: int = 0
    letters: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    says: str = "250 ok"
    logins: list[str] = field(default_factory=list)


@contextmanager
def smtp_receiver() -> Iterator[Mailbox]:
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 box")
            sender, to = "", []
            for line in self.rfile:
                words = line.decode().strip()
                verb = words.split(":")[0].split(" ")[0].upper()
                if verb == "EHLO":
                    self.say("250-box", "250 AUTH PLAIN")
                elif verb == "AUTH":
                    box.logins.append(words.split(" ")[2])
                    self.say("235 ok")
                elif verb == "MAIL":
                    sender = words.partition("<")[2].partition(">")[0]
                    self.say("250 ok")
                elif verb == "RCPT":
                    to.append(words.partition("<")[2].partition(">")[0])
                    self.say(box.says)
                elif verb == "DATA":
                    self.say("354 go on")
                    box.letters.append((sender, to, self.letter()))
                    self.say("250 kept")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok" if verb == "RSET" else "502 what?")

        def say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

        def letter(self) -> EmailMessage:
            lines = []
            for line in self.rfile:
                if line == b".\r\n":
                    break
                lines.append(line)
            found = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(found, EmailMessage)
            return found

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    box.port = server.server_address[1]
    with _serving(server):
        yield box


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
