"""GET /metrics: Prometheus, computed from PostgreSQL at each scrape, so that every process tells the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from shared import report
from shared.alerts import incidents
from shared.figures import Status
from shared.settings import Settings
from webhook_app.auth import SECURITY
from webhook_app.envelopes import problems
from webhook_app.openapi import Routes
from webhook_app.parsing import checked
from webhook_app.process import process

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
TEXT: ResponseDict = {
    "200": {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}
}
Samples = Iterable[tuple[tuple[str, ...], float]]

api = Routes("metrics", __name__, abp_tags=[Tag(name="Health")], abp_security=SECURITY)


@api.get("/metrics", responses={**TEXT, **problems(400, 401, 503)})
@checked
def metrics() -> Response:
    """Metrics for Prometheus"""
    own = process()
    families = own.database.run(gather, own.settings)
    registry = CollectorRegistry()
    registry.register(Gathered(families))
    return Response(generate_latest(registry), content_type=MEDIA_TYPE)


class Gathered(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def gather(connection: Connection, settings: Settings) -> list[Metric]:
    status = report.status(connection, settings)
    ever = report.used_ever(connection)
    by_state = report.runs_by_state(connection)
    alive = sum(worker.alive for worker in status.workers)
    return [
        _gauge(
            "deliveries_waiting", "Deliveries not settled", [], [((), status.deliveries.waiting)]
        ),
        _gauge(
            "deliveries_oldest_seconds",
            "Age of the oldest delivery not settled",
            [],
            [((), status.deliveries.oldest_seconds)],
        ),
        _gauge("workers", "Workers seen in the last 20 s", [], [((), alive)]),
        _gauge(
            "token_expires_in_seconds",
            "Seconds until the token of an integration ends",
            ["integration", "provider"],
            [
                ((str(one.id), one.provider), (one.token_expires_at - status.at).total_seconds())
                for one in status.integrations
                if one.token_expires_at and one.current
            ],
        ),
        *_resources(status),
        _gauge(
            "runs",
            "Runs that are kept",
            ["resource", "state", "mode"],
            [((r, s, m), n) for r, s, m, n in by_state],
        ),
        _counter("requests", "Requests to vendors", [((b,), n) for b, n, _ in ever]),
        _counter("limited", "Answers of 429", [((b,), n) for b, _, n in ever]),
        _gauge(
            "budget_left",
            "Requests left of the last 24 hours' budget",
            ["budget"],
            [((q.budget,), q.left) for q in status.quotas if q.left is not None],
        ),
        _gauge(
            "deliveries_dead",
            "Deliveries that failed for good and are kept",
            ["outcome", "integration"],
            [((d.outcome, str(d.integration_id)), d.count) for d in status.dead],
        ),
        _gauge(
            "alerts_open",
            "Incidents that are open",
            ["rule"],
            [((rule,), count) for rule, count in incidents.open_by_rule(connection).items()],
        ),
        _gauge(
            "rejects",
            "Records that could not become rows",
            ["resource", "integration"],
            [((r.resource, str(r.integration_id)), r.count) for r in status.rejects],
        ),
    ]


def _resources(status: Status) -> Iterator[Metric]:
    """One gauge per figure of a resource: name, help, attribute."""
    figures = (
        ("freshness_seconds", "Seconds since the list was brought up to date", "age_seconds"),
        ("drift_rows", "Rows that the last full walk had to mend", "drift"),
        ("rows", "Live rows", "live"),
        ("rows_deleted", "Rows marked deleted or missing", "deleted"),
    )
    for name, text, attribute in figures:
        samples = [
            ((one.name, str(integration.id)), getattr(one, attribute))
            for integration in status.integrations
            for one in integration.resources
        ]
        yield _gauge(name, text, ["resource", "integration"], samples)


def _gauge(
    name: str, text: str, labels: list[str], samples: Iterable[tuple[tuple[str, ...], Any]]
) -> Metric:
    family = GaugeMetricFamily(f"ponte_{name}", text, labels=labels)
    for values, number in samples:
        if number is not None:
            family.add_metric(values, float(number))
    return family


def _counter(name: str, text: str, samples: Samples) -> Metric:
    family = CounterMetricFamily(f"ponte_{name}", text, labels=["budget"])
    for values, number in samples:
        family.add_metric(values, number)
    return family
