"""GET /status: how everything is doing, on one page; and its button `Sincronizar agora`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from shared import report
from shared.errors import Misuse
from shared.figures import AuditReport, IntegrationReport, ResourceReport, Status
from shared.integrations import PROVIDERS
from webhook_app.formats import count, zone
from webhook_app.pages.names import TITLES
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.syncs import order_now
from webhook_app.words import say

SLOW_INBOX = 60
pages = Blueprint("status", __name__)


@dataclass(frozen=True)
class Issue:
    """Something that a person should look at, in both languages. grave: nothing works without it."""

    text: str
    english: str
    grave: bool = False


@pages.get("/status")
def status() -> str:
    own = process()
    found = own.database.run(report.status, own.settings)
    return render_template(
        "status.html",
        status=found,
        shown=shown(found),
        issues=issues(found),
        titles=TITLES,
        configured={name: own.settings.configured(name) for name in PROVIDERS},
        webhooks=own.settings.kommo_webhook_secret is not None,
    )


@pages.post("/sync/<provider>")
def sync(provider: str) -> Response:
    """The button: what POST /api/<provider>/sync does, for people, who then watch it."""
    if provider not in PROVIDERS:
        raise NotFound
    try:
        request_id, _ = order_now(provider, False, None, request.form.get("integration", type=int))
    except (Problem, Misuse) as error:
        flash(f"{TITLES[provider]}: {error}", "bad")
        return redirect("/status", 303)
    flash(f"{TITLES[provider]}: " + say("sincronização pedida", "sync requested"))
    return redirect(f"/runs?request={request_id}", 303)


def shown(status: Status) -> list[IntegrationReport]:
    """Those with credentials first; of others only those that hold something."""
    known = [one for one in status.integrations if one.current or _holds(one)]
    return sorted(known, key=lambda one: (not one.current, PROVIDERS.index(one.provider), one.id))


def _holds(integration: IntegrationReport) -> bool:
    return any(one.live or one.last_run for one in integration.resources)


def issues(status: Status) -> list[Issue]:
    found = []
    if not any(worker.alive for worker in status.workers):
        found.append(
            Issue(
                "Nenhum processo de trabalho está vivo: nada é lido até que `ponte worker` rode",
                "No worker is alive: nothing is read until `ponte worker` runs",
                grave=True,
            )
        )
    for integration in status.integrations:
        if integration.current:
            found += _of_integration(integration)
    if status.deliveries.oldest_seconds > SLOW_INBOX:
        found.append(
            Issue("Há webhooks esperando há mais de um minuto", "Webhooks wait for over a minute")
        )
    if status.dead:
        found.append(
            Issue(
                "Há webhooks que não puderam ser tratados: veja os motivos na caixa de entrada e repita-os",
                "Some webhooks failed for good: see why in the inbox, then try them again",
            )
        )
    if status.rejects:
        found.append(
            Issue(
                "Há registros rejeitados: veja na caixa de entrada",
                "Some records were rejected: see the inbox",
            )
        )
    return found


def _of_integration(integration: IntegrationReport) -> list[Issue]:
    title = TITLES[integration.provider]
    found = []
    if not integration.active:
        found.append(Issue(f"{title} está desligado", f"{title} is switched off", grave=True))
    if integration.refused:
        found.append(
            Issue(
                f"{title} recusou as credenciais: nada é lido até que haja outras",
                f"{title} refused the credentials: nothing is read until there are others",
                grave=True,
            )
        )
    if integration.token_days is not None:
        found.append(_ending(title, integration.token_days))
    if integration.pause:
        found.append(Issue(f"{title} em pausa: {integration.pause.reason}", f"{title} is paused"))
    if integration.current and integration.agenda and integration.agenda.waiting:
        found.append(
            Issue(
                f"As requisições do dia não bastam para {title}: o menos importante espera mais",
                f"The day's requests do not suffice for {title}: what matters least waits longer",
            )
        )
    drifted = [one.name for one in integration.resources if one.last_audit and one.last_audit.left]
    if drifted:
        names = ", ".join(drifted)
        found.append(
            Issue(
                f"Há diferenças entre {title} e o espelho em {names}: rode `ponte audit --repair`",
                f"{title} and the mirror differ in {names}: run `ponte audit --repair`",
            )
        )
    failed = [one.name for one in integration.resources if _failed(one)]
    if failed:
        names = ", ".join(failed)
        found.append(Issue(f"Falhou a última leitura de {names}", f"The last run failed: {names}"))
    return found


def _ending(title: str, days: int) -> Issue:
    if days < 0:
        return Issue(f"O token de {title} venceu", f"The token of {title} has expired", grave=True)
    return Issue(
        f"O token de {title} vence em {days} dias: gere outro",
        f"The token of {title} expires in {days} days: generate another",
    )


def _failed(resource: ResourceReport) -> bool:
    return resource.last_run is not None and resource.last_run.state == "failed"


SCOPES = {
    "in full": ("por inteiro", "in full"),
    "recent": ("os últimos 7 dias", "the last 7 days"),
    "by id": ("por id", "by id"),
}


@pages.app_template_filter()
def proof(audit: AuditReport) -> str:
    """When a list was last compared with its vendor, and what differed."""
    if audit.state != "done":
        return say("comparação não concluída", "not compared")
    begun, ended = (at.astimezone(zone()) for at in (audit.started_at, audit.ended_at))
    day, first, last = begun.strftime("%d/%m"), begun.strftime("%H:%M"), ended.strftime("%H:%M")
    portuguese, english = SCOPES[audit.scope or "in full"]
    told = say(
        f"comparada {portuguese} {day} das {first} às {last}",
        f"compared {english} {day} {first} to {last}",
    )
    told += f", {count(audit.differences)} {_difference(audit.differences)}"
    if audit.repaired:
        one = audit.repaired == 1
        told += f", {count(audit.repaired)} "
        told += say("reparada" if one else "reparadas", "repaired")
    return told


def _difference(number: int) -> str:
    return say("diferença", "difference") + ("" if number == 1 else "s")


@pages.app_template_filter()
def local(when: datetime) -> str:
    """To the second: a page that refreshes itself shows that it does."""
    return when.astimezone(zone()).strftime("%d/%m/%Y %H:%M:%S")
