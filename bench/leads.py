"""The leads of a large account, rendered beforehand. Shapes: kommo-api.md 5.4.

A revision of the account is all of its leads in one state: 0 as at first, 1 with every one changed, 2 once
more, and so on. The same revision always renders to the same bytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

HOME = "https://bench.kommo.com/api/v4"
FIRST_ID, STEP = 40_000_001, 3
"""Ids of a real account have gaps."""
FIRST_CONTACT = 50_010_001
EPOCH, REVISION_SECONDS = 1_700_000_000, 2_000_000
STATUSES = (76_000_001, 76_000_002, 76_000_003, 142, 143)
SEGMENTS = ("Varejo", "Atacado", "Indústria", "Serviços", "Governo")
CITIES = ("São Paulo", "Belo Horizonte", "Curitiba", "Recife", "Goiânia", "Florianópolis")


def id_of(number: int) -> int:
    return FIRST_ID + STEP * number


def number_of(id_: int, count: int) -> int | None:
    """The place of an id among `count` leads, None for an id that there is not."""
    number, rest = divmod(id_ - FIRST_ID, STEP)
    return number if rest == 0 and 0 <= number < count else None


def updated_at(number: int, revision: int) -> int:
    """Rises with the number, so that what changed since a moment is the end of the list."""
    return EPOCH + revision * REVISION_SECONDS + number


def price(number: int, revision: int) -> int:
    return 100 + 7 * ((number + revision) % 9_973)


def lead(number: int, revision: int) -> dict[str, Any]:
    """About 1.9 kB of JSON: six custom fields, two tags, a contact, a company."""
    id_, turn = id_of(number), number + revision
    return {
        "id": id_,
        "name": f"Pedido {number + 1} revisão {revision}",
        "price": price(number, revision),
        "responsible_user_id": 11_500_101 + number % 7,
        "group_id": 0,
        "status_id": STATUSES[turn % len(STATUSES)],
        "pipeline_id": 9_100_001,
        "loss_reason_id": None,
        "source_id": None,
        "created_by": 11_500_101,
        "updated_by": 11_500_101 + turn % 7,
        "created_at": EPOCH + number,
        "updated_at": updated_at(number, revision),
        "closed_at": None,
        "closest_task_at": EPOCH + 86_400 * (turn % 400),
        "is_deleted": False,
        "custom_fields_values": _custom_fields(number, revision),
        "score": None,
        "account_id": 31_990_001,
        "labor_cost": None,
        "is_price_computed": False,
        "_links": {"self": {"href": f"{HOME}/leads/{id_}"}},
        "_embedded": _embedded(number),
    }


def _custom_fields(number: int, revision: int) -> list[dict[str, Any]]:
    segment, city = number % len(SEGMENTS), CITIES[number % len(CITIES)]
    enum = {"value": SEGMENTS[segment], "enum_id": 910_001 + segment, "enum_code": None}
    note = f"Cliente pediu a {revision + 2}ª via da nota {number:06}, entregar em {city} até o fim do mês"
    return [
        _field(1_400_001, "Observação", "text", {"value": note}),
        _field(1_400_002, "Segmento", "select", enum),
        _field(1_400_003, "Data de entrega", "date", {"value": EPOCH + 86_400 * (number % 900)}),
        _field(1_400_004, "Nota fiscal emitida", "checkbox", {"value": number % 2 == 0}),
        _field(1_400_005, "Quantidade", "numeric", {"value": f"{(number + revision) % 500}.5"}),
        _field(1_400_008, "utm_source", "tracking_data", {"value": "google"}, "UTM_SOURCE"),
    ]


def _field(
    id_: int, name: str, kind: str, value: dict[str, Any], code: str | None = None
) -> dict[str, Any]:
    return {
        "field_id": id_,
        "field_name": name,
        "field_code": code,
        "field_type": kind,
        "is_computed": False,
        "values": [value],
    }


def _embedded(number: int) -> dict[str, Any]:
    contact, company = FIRST_CONTACT + number, 50_900_001 + number // 4
    return {
        "tags": [
            {"id": 7_001 + number % 5, "name": f"campanha {number % 5}", "color": None},
            {"id": 7_101 + number % 3, "name": f"região {number % 3}", "color": "FFCE5A"},
        ],
        "companies": [
            {"id": company, "_links": {"self": {"href": f"{HOME}/companies/{company}"}}},
        ],
        "contacts": [
            {
                "id": contact,
                "is_main": True,
                "_links": {"self": {"href": f"{HOME}/contacts/{contact}"}},
            },
        ],
        "catalog_elements": [],
        "loss_reason": [],
    }


@dataclass(frozen=True)
class Rendered:
    """All leads of one revision as one text of JSON, commas between them; ends: where each one ends."""

    revision: int
    text: bytes
    ends: Sequence[int]

    def __len__(self) -> int:
        return len(self.ends)

    def between(self, first: int, last: int) -> bytes:
        """The leads with these numbers, `last` not included, as the inside of a JSON array."""
        last = min(last, len(self))
        if first >= last:
            return b""
        return self.text[self.ends[first - 1] + 1 if first else 0 : self.ends[last - 1]]

    def some(self, ids: Iterable[int]) -> bytes:
        """Those of the ids that there are, by id."""
        found = {number for id_ in ids if (number := number_of(id_, len(self))) is not None}
        return b",".join(self.between(number, number + 1) for number in sorted(found))

    def since(self, moment: int) -> int:
        """The number of the first lead that was updated at that moment or later."""
        return bisect_left(range(len(self)), moment, key=lambda n: updated_at(n, self.revision))


@lru_cache(maxsize=2)
def render(count: int, revision: int) -> Rendered:
    """Two are kept: measurements go to and fro between the first and the changed state."""
    parts = [orjson.dumps(lead(number, revision)) for number in range(count)]
    ends, end = array("Q"), -1
    for part in parts:
        end += len(part) + 1
        ends.append(end)
    return Rendered(revision, b",".join(parts), ends)
