"""The least that an inbox of webhooks can do: a Flask app that puts each body on a list of Redis and answers.

It is served as `ponte web` is: the same gunicorn, workers and threads. What is on the list when Redis stops, is
gone, up to the last second or all of it; what is compared is the price of committing in PostgreSQL first.

A program of its own, with the environment of `ponte web`.
"""

from __future__ import annotations

from flask import Flask, Response, request
from redis import Redis

from shared.settings import Settings, load
from webhook_app.server import Server

KEY = "bench:deliveries"


def make_app(settings: Settings) -> Flask:
    assert settings.redis_url  # noqa: S101
    redis = Redis.from_url(settings.redis_url.get_secret_value())
    app = Flask("lpush")

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.post("/webhooks/kommo/<path:secret>")
    def keep(secret: str) -> Response:
        redis.lpush(KEY, request.get_data())
        return Response("ok", content_type="text/plain; charset=utf-8")

    return app


if __name__ == "__main__":
    Server(load(), make_app).run()
