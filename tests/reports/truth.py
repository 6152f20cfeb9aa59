"""What the reports are to say, worked out from the sandbox's world alone: what it shows, and what it hides of its records.

Kommo's moments are Unix seconds, days those of São Paulo; the ERP's amounts are texts, here Decimals.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

from sandbox import Sandbox
from sandbox.kommo.seed import FIRST_COMPANY
from sandbox.people import FIRST_CLIENT, FIRST_CONTACT, firm_name, person

Json = dict[str, Any]
BRASILIA = timezone(timedelta(hours=-3))
WON, LOST = 142, 143
ZERO = Decimal(0)


def day_of(seconds: int | None) -> date | None:
    return datetime.fromtimestamp(seconds, UTC).astimezone(BRASILIA).date() if seconds else None


def on(text: str | None) -> date | None:
    return date.fromisoformat(text) if text and text > "1" else None


def total(rows: Iterable[Json]) -> Decimal:
    return sum((Decimal(row["valor_total"]) for row in rows), ZERO)


def settled(title: Json) -> bool:
    return bool(title["liquidado"] == "1")


@dataclass
class Truth:
    box: Sandbox
    today: date = field(default_factory=lambda: datetime.now(BRASILIA).date())

    def of(self, vendor: str, name: str) -> dict[Any, Json]:
        """By id, as the ERP's are texts."""
        return {row["id"]: row for row in self.box.truth(vendor, name)}

    def hidden(self, name: str, key: str) -> Json:
        """What the ERP knows of a record and does not show."""
        return self.box.world.table("gestao-click", name).live[int(key)].hidden or {}

    @cached_property
    def leads(self) -> dict[int, Json]:
        return self.of("kommo", "leads")

    @cached_property
    def won(self) -> dict[int, Json]:
        return {id_: lead for id_, lead in self.leads.items() if lead["status_id"] == WON}

    @cached_property
    def sales(self) -> dict[str, Json]:
        return self.of("gestao-click", "vendas")

    @cached_property
    def counting(self) -> dict[str, Json]:
        return {i: s for i, s in self.sales.items() if s["nome_situacao"] != "Cancelada"}

    @cached_property
    def titles(self) -> dict[str, Json]:
        return self.of("gestao-click", "recebimentos")

    @cached_property
    def deal_of(self) -> dict[str, int]:
        """Sale → the won deal that became it."""
        known = {id_: self.hidden("vendas", id_).get("lead_id") for id_ in self.counting}
        return {sale: lead for sale, lead in known.items() if lead}

    @cached_property
    def sales_of(self) -> dict[int, list[Json]]:
        found = defaultdict(list)
        for sale, lead in self.deal_of.items():
            found[lead].append(self.sales[sale])
        return found

    def store_of(self, sale: str) -> str:
        return str(self.hidden("vendas", sale)["loja_id"])

    @cached_property
    def titles_of(self) -> dict[str, list[Json]]:
        """Sale → its receivables."""
        found = defaultdict(list)
        for id_, title in self.titles.items():
            if sale := self.hidden("recebimentos", id_).get("venda_id") or self._named(title):
                found[sale].append(title)
        return found

    def _named(self, title: Json) -> str | None:
        """Those of the fixture hide nothing: their text and store tell."""
        said = re.match(r"Venda de nº (\d+)", title["descricao"])
        where = title["loja_id"]
        alike = (i for i, s in self.sales.items() if said and s["codigo"] == said[1])
        return next((id_ for id_ in alike if self.store_of(id_) == where), None)

    @cached_property
    def clients(self) -> dict[str, Json]:
        return self.of("gestao-click", "clientes")

    @cached_property
    def persons(self) -> dict[int, str]:
        """Contact → the client who is the same person, by the numbers of both seeds."""
        return self._same("contacts", FIRST_CONTACT, lambda number: person(number).name)

    @cached_property
    def firms(self) -> dict[int, str]:
        """Company → the client that is the same firm."""
        return self._same("companies", FIRST_COMPANY, firm_name)

    def _same(self, name: str, first: int, called: Callable[[int], str]) -> dict[int, str]:
        places = ((id_, str(id_ - first + FIRST_CLIENT)) for id_ in self.of("kommo", name))
        return {
            ours: theirs
            for ours, theirs in places
            if self.clients.get(theirs, {}).get("nome") == called(max(ours - first, 0))
        }

    def stages(self, lead: int) -> list[tuple[int, int, int | None]]:
        """Where a lead has been, in order: pipeline, stage, since when."""
        moves = self._moves.get(lead, [])
        row = self.leads[lead]
        if not moves:
            since = row["closed_at"] if row["status_id"] in (WON, LOST) else None
            return [(row["pipeline_id"], row["status_id"], since or row["created_at"])]
        first = moves[0]["value_before"][0]["lead_status"]
        been = [(first["pipeline_id"], first["id"], row["created_at"])]
        for move in moves:
            now = move["value_after"][0]["lead_status"]
            been.append((now["pipeline_id"], now["id"], move["created_at"]))
        return been

    @cached_property
    def _moves(self) -> dict[int, list[Json]]:
        found = defaultdict(list)
        for event in sorted(self.box.truth("kommo", "events"), key=lambda one: one["created_at"]):
            if event["type"] == "lead_status_changed":
                found[event["entity_id"]].append(event)
        return found

    @cached_property
    def sorts(self) -> dict[tuple[int, int], int]:
        """(pipeline, stage) → its place."""
        return {
            (pipeline["id"], status["id"]): status["sort"]
            for pipeline in self.box.truth("kommo", "pipelines")
            for status in pipeline["_embedded"]["statuses"]
        }

    def went_on(self, lead: int, nth: int) -> bool:
        """From its nth stage: afterwards it was further on in that pipeline, or won there."""
        been = self.stages(lead)
        pipeline, status, _ = been[nth]
        later = [s for p, s, _ in been[nth + 1 :] if p == pipeline and s != LOST]
        return any(self.sorts[pipeline, s] > self.sorts[pipeline, status] for s in later)

    def purchases(self) -> dict[str, list[Json]]:
        """Client → sales that count."""
        found = defaultdict(list)
        for sale in self.counting.values():
            if sale["cliente_id"]:
                found[sale["cliente_id"]].append(sale)
        return found


def utm(lead: Json, code: str) -> str | None:
    fields = lead["custom_fields_values"] or []
    said = (f["values"][0]["value"] for f in fields if f["field_code"] == f"UTM_{code}")
    return next(said, None)


def tags(lead: Json) -> list[str]:
    return list(dict.fromkeys(tag["name"] for tag in lead["_embedded"]["tags"]))


def mean_gap(days: list[date]) -> Decimal:
    """Mean days from one to the next, to a tenth."""
    gaps = [(b - a).days for a, b in pairwise(sorted(days))]
    return (Decimal(sum(gaps)) / len(gaps)).quantize(Decimal("0.1"), ROUND_HALF_UP)
