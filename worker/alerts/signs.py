"""What each rule finds right now: a sign for each subject of which something is wrong, none where all is well.

Sentences name accounts and lists, never persons.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from babel.numbers import format_currency, format_decimal
from sqlalchemy import Connection, func, select, text

from shared import audited, integrations, report, resources
from shared.alerts import rules
from shared.alerts.rules import Rule, Said
from shared.db.bookkeeping import integration_settings, rejects, unavailable
from shared.db.engine import clock
from shared.integrations import Integration
from shared.settings import Settings
from worker import lateness
from worker.doctor import hooks
from worker.doctor.work import POOLS
from worker.subscription import OFF

NAMED = 5
"""Lists that a sentence names; of more it tells how many."""
BROKEN = {
    "failed": Said("o Kommo não aceitou a assinatura", "Kommo did not take the subscription"),
    OFF: Said(
        "alguém desligou a assinatura no Kommo", "somebody switched the subscription off at Kommo"
    ),
}
PROVIDERS = {"kommo": "Kommo", "gestao-click": "Gestão Click"}


@dataclass(frozen=True)
class Sign:
    """figure: in the rule's unit."""

    subject: str
    figure: Decimal
    said: Said


@dataclass(frozen=True)
class Look:
    """What a rule looks with. working: the accounts that are worked on."""

    connection: Connection
    settings: Settings
    working: Sequence[Integration]


def of(look: Look, rule: Rule) -> list[Sign]:
    return list(_FINDERS[rule.name](look, rule))


def _above(rule: Rule, figure: float | Decimal) -> bool:
    return rule.threshold is not None and figure > rule.threshold


def _subject(one: Integration) -> str:
    return f"integration:{one.id}"


def _name(one: Integration) -> str:
    """`Kommo (north)`; the environment's account by its provider alone."""
    whose = "" if one.user_id in integrations.OF_ENVIRONMENT else f" ({one.user_id})"
    return f"{PROVIDERS[one.provider]}{whose}"


def _count(number: float | Decimal, language: str) -> str:
    return format_decimal(number, locale=language)


def _listed(names: Sequence[str]) -> Said:
    """The first few, and how many more."""
    shown, more = ", ".join(names[:NAMED]), len(names) - NAMED
    if more <= 0:
        return Said(shown, shown)
    return Said(f"{shown} e mais {more}", f"{shown} and {more} more")


def _stale(look: Look, rule: Rule) -> Iterator[Sign]:
    """One sign for an account, however many of its lists are late."""
    given = look.connection.execute(select(unavailable.c.integration_id, unavailable.c.resource))
    lacking, ages = {tuple(row) for row in given}, _ages(look.connection)
    for one in look.working:
        late = []
        for resource in resources.of_provider(one.provider) if one.auto_sync else ():
            place = (one.id, resource.full_name)
            if resource.unlisted or place in lacking or place not in ages:
                continue
            times = lateness.intervals(look.settings, one, resource, ages[place])
            if _above(rule, times):
                late.append((times, resource.full_name))
        if late:
            yield _late(one, sorted(late, reverse=True))


def _late(one: Integration, late: Sequence[tuple[float, str]]) -> Sign:
    names, times = _listed([name for _, name in late]), Decimal(round(late[0][0], 1))
    return Sign(
        _subject(one),
        round(times, 1),
        Said(
            f"{_name(one)}: listas atrasadas, até {_count(round(times, 1), 'pt_BR')} intervalos: {names.pt}.",
            f"{_name(one)}: lists are late, up to {_count(round(times, 1), 'en')} intervals: {names.en}.",
        ),
    )


def _ages(connection: Connection) -> dict[tuple[int, str], float]:
    """Seconds since each list was brought up to date; of one that was never read, but tried in vain, since then."""
    rows = connection.execute(text(_AGES))
    return {(row.integration_id, row.resource): float(row.age) for row in rows}


_AGES = """
    select integration_id, resource, extract(epoch from clock_timestamp() - updated_at) as age
    from sync.checkpoints
    union all
    select r.integration_id, r.resource, extract(epoch from clock_timestamp() - min(r.created_at))
    from sync.runs r
    where not exists (select from sync.checkpoints c
        where c.integration_id = r.integration_id and c.resource = r.resource)
    group by r.integration_id, r.resource
    having (array_agg(r.state order by r.id desc))[1] = 'failed'
"""


def _expiring(look: Look, rule: Rule) -> Iterator[Sign]:
    now = clock(look.connection)
    for one in look.working:
        if one.token_expires_at and rule.threshold is not None:
            left = Decimal((one.token_expires_at - now).total_seconds()) / 86400
            if left < rule.threshold:
                yield _ending(one, max(Decimal(0), round(left, 1)), one.token_expires_at)


def _ending(one: Integration, left: Decimal, ends: datetime) -> Sign:
    if not left:
        said = Said(f"{_name(one)}: o token terminou.", f"{_name(one)}: the token has expired.")
    else:
        said = Said(
            f"{_name(one)}: o token termina em {_count(left, 'pt_BR')} dias, em {ends:%d/%m/%Y}.",
            f"{_name(one)}: the token expires in {_count(left, 'en')} days, on {ends:%Y-%m-%d}.",
        )
    return Sign(_subject(one), left, said)


def _refused(look: Look, _: Rule) -> Iterator[Sign]:
    for one in look.working:
        if one.refused:
            said = Said(
                f"{_name(one)}: as credenciais foram recusadas; nada mais é lido com elas.",
                f"{_name(one)}: the credentials were refused; nothing more is read with them.",
            )
            yield Sign(_subject(one), Decimal(1), said)


def _lost(look: Look, _: Rule) -> Iterator[Sign]:
    metadata = integration_settings.c.metadata
    asked = select(integration_settings.c.id, metadata["webhook"]["state"].as_string())
    states = {row[0]: row[1] for row in look.connection.execute(asked)}
    for one in look.working:
        if not any(each.webhook for each in resources.of_provider(one.provider)):
            continue
        if why := BROKEN.get(states[one.id] or ""):
            said = Said(
                f"{_name(one)}: {why.pt}; as mudanças chegam só pela leitura.",
                f"{_name(one)}: {why.en}; changes come by polling only.",
            )
            yield Sign(_subject(one), Decimal(0), said)
            continue
        found = hooks.heard(look.connection, one)
        if hooks.is_broken(found, look.settings):
            changes = Decimal(found.polled)
            said = Said(
                f"{_name(one)}: nenhum webhook chega, mas a leitura achou {_count(changes, 'pt_BR')} mudanças.",
                f"{_name(one)}: no webhook comes, but polling has found {_count(changes, 'en')} changes.",
            )
            yield Sign(_subject(one), changes, said)


def _drifted(look: Look, rule: Rule) -> Iterator[Sign]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for (id_, name), last in audited.last_audits(look.connection).items():
        if last.differences > last.repaired:
            found[id_][name] = last.differences - last.repaired
    for one, rows in _of_working(look, found):
        total, names = Decimal(sum(rows.values())), _listed(sorted(rows))
        if _above(rule, total):
            said = Said(
                f"{_name(one)}: a auditoria achou {_count(total, 'pt_BR')} linhas diferentes, sem reparo: {names.pt}.",
                f"{_name(one)}: the audit found {_count(total, 'en')} rows that differ, unrepaired: {names.en}.",
            )
            yield Sign(_subject(one), total, said)


def _rejected(look: Look, rule: Rule) -> Iterator[Sign]:
    place = (rejects.c.integration_id, rejects.c.resource)
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for id_, name, count in look.connection.execute(select(*place, func.count()).group_by(*place)):
        found[id_][name] = count
    for one, counts in _of_working(look, found):
        total, names = Decimal(sum(counts.values())), _listed(sorted(counts))
        if _above(rule, total):
            said = Said(
                f"{_name(one)}: {_count(total, 'pt_BR')} registros não puderam virar linhas: {names.pt}.",
                f"{_name(one)}: {_count(total, 'en')} records could not become rows: {names.en}.",
            )
            yield Sign(_subject(one), total, said)


def _of_working(
    look: Look, found: Mapping[int, dict[str, int]]
) -> Iterator[tuple[Integration, dict[str, int]]]:
    yield from ((one, found[one.id]) for one in look.working if one.id in found)


def _overdue(look: Look, rule: Rule) -> Iterator[Sign]:
    sums = {row.integration_id: row for row in look.connection.execute(text(_OVERDUE))}
    for one in look.working:
        row = sums.get(one.id)
        if row and _above(rule, row.amount):
            pt, en = (format_currency(row.amount, "BRL", locale=name) for name in ("pt_BR", "en"))
            said = Said(
                f"{_name(one)}: {pt} em {_count(row.titles, 'pt_BR')} recebíveis vencidos.",
                f"{_name(one)}: {en} in {_count(row.titles, 'en')} overdue receivables.",
            )
            yield Sign(_subject(one), row.amount, said)


_OVERDUE = """
    select integration_id, sum(amount) as amount, count(*) as titles
    from ponte.wallet_transactions where type = 'income' and status = 'overdue'
    group by integration_id
"""


def _waiting(look: Look, rule: Rule) -> Iterator[Sign]:
    found = report.inbox(look.connection, look.settings)
    minutes = Decimal(round(found.oldest_seconds / 60))
    if found.waiting and _above(rule, minutes):
        said = Said(
            f"{_count(found.waiting, 'pt_BR')} webhooks esperam, o mais antigo há {_count(minutes, 'pt_BR')} min.",
            f"{_count(found.waiting, 'en')} webhooks wait, the oldest for {_count(minutes, 'en')} min.",
        )
        yield Sign("inbox", minutes, said)


def _idle(look: Look, _: Rule) -> Iterator[Sign]:
    """A pool serves several queues; each queue that nobody serves is a subject."""
    alive = [worker for worker in report.seen_workers(look.connection) if worker.alive]
    served = {queue for worker in alive for queue in worker.queues.split(",")}
    for queue in POOLS:
        if queue not in served:
            said = Said(
                f"Nenhum worker atende a fila {queue}: inicie um com `ponte worker`.",
                f"No worker serves the queue {queue}: start one with `ponte worker`.",
            )
            yield Sign(f"queue:{queue}", Decimal(1), said)


_FINDERS: Mapping[str, Callable[[Look, Rule], Iterator[Sign]]] = {
    rules.SYNC_STALE.name: _stale,
    rules.TOKEN_EXPIRING.name: _expiring,
    rules.CREDENTIALS_REFUSED.name: _refused,
    rules.WEBHOOK_LOST.name: _lost,
    rules.DRIFT_FOUND.name: _drifted,
    rules.REJECTS_ABOVE.name: _rejected,
    rules.OVERDUE_ABOVE.name: _overdue,
    rules.INBOX_WAITING.name: _waiting,
    rules.NO_WORKER.name: _idle,
}
