"""Values for invented leads, contacts and companies: custom fields, tags, stages, prices."""

from random import Random
from typing import Any

from sandbox.people import Person, cnpj
from sandbox.records import Json

ACCOUNT_ID = 31990001
USERS = (11500101, 11500102)
INACTIVE_USER = 11500103
TAGS = (
    {"id": 7001, "name": "vip", "color": None},
    {"id": 7002, "name": "2ª via", "color": "FFCE5A"},
    {"id": 7003, "name": "recompra", "color": None},
)
CONTACT_TAG = {"id": 8001, "name": "newsletter", "color": None}
LOSS_REASON = {
    "id": 5501,
    "name": "Preço alto",
    "sort": 10,
    "created_at": 1700000100,
    "updated_at": 1700000100,
    "_links": {"self": {"href": "https://sandbox.kommo.com/api/v4/leads/loss_reasons/5501"}},
}
STAGES = (
    (9100001, 76000001), (9100001, 76000002), (9100001, 76000003), (9100001, 76000002),
    (9100001, 142), (9100001, 142), (9100001, 143), (9100002, 76100002), (9100002, 142),
)  # fmt: skip
"""(pipeline_id, status_id) of the fixture's pipelines; 142 and 143 exist in each (5.4)."""
SOURCES = ("google", "instagram", "facebook", "indicacao")
ADDRESS = (
    ("Rua Exemplo, 100", 1, "address_line_1"),
    ("São Paulo", 3, "city"),
    ("01000-000", 5, "zip"),
    ("BR", 6, "country"),
)


def field(number: int, name: str, kind: str, values: list[Json], code: str | None = None) -> Json:
    return {
        "field_id": number,
        "field_name": name,
        "field_code": code,
        "field_type": kind,
        "is_computed": False,
        "values": values,
    }


def plain(number: int, name: str, kind: str, value: Any, code: str | None = None) -> Json:
    return field(number, name, kind, [{"value": value}], code)


def choice(number: int, name: str, kind: str, *options: tuple[str, int]) -> Json:
    values = [{"value": v, "enum_id": e, "enum_code": None} for v, e in options]
    return field(number, name, kind, values)


SEGMENTS = (("Varejo", 910001), ("Atacado", 910002))
CHANNELS = (("WhatsApp", 910011), ("Instagram", 910012), ("Loja", 910013))


def lead_fields(rng: Random, created_at: int) -> list[Json]:
    """A handful of the simple types of kommo-api.md 5.14, never all of them."""
    delivery = (created_at // 86400 + rng.randrange(2, 30)) * 86400 + 3 * 3600
    pool = (
        plain(1400001, "Observação", "text", "Cliente pediu 2ª via & frete=grátis"),
        choice(1400002, "Segmento", "select", rng.choice(SEGMENTS)),
        plain(1400003, "Data de entrega", "date", delivery),
        plain(1400004, "Nota fiscal emitida", "checkbox", True),
        plain(1400005, "Quantidade", "numeric", str(rng.randrange(1, 90) / 2)),
        choice(1400006, "Canais", "multiselect", CHANNELS[0], rng.choice(CHANNELS[1:])),
        plain(1400007, "Frete", "monetary", f"{rng.randrange(0, 20000) / 100:.2f}"),
        plain(1400008, "utm_source", "tracking_data", rng.choice(SOURCES), "UTM_SOURCE"),
        plain(1400009, "Reunião", "date_time", delivery + 36000),
        plain(1400010, "Detalhes", "textarea", "linha 1\nlinha 2"),
        plain(1400011, "Site", "url", "https://pedido.example.com/?a=1&b=2"),
        plain(1400012, "Endereço de entrega", "streetaddress", "Rua Exemplo, 100"),
        choice(1400013, "Prioridade", "radiobutton", ("Alta", 910031)),
        plain(1400014, "Aniversário do cliente", "birthday", -31525200),
        plain(1400016, "Preço de tabela", "price", str(rng.randrange(100, 9999) / 10)),
    )
    start = rng.randrange(len(pool))
    return [pool[(start + step) % len(pool)] for step in range(rng.randrange(2, 5))]


def contact_fields(who: Person, awkward: int) -> list[Json]:
    """Phones are free text (kommo-api.md 5.6): E.164 mostly, as typed sometimes."""
    phone = who.phone if awkward % 4 else who.local_phone
    phones = [{"value": phone, "enum_id": 901003, "enum_code": "MOB"}]
    if awkward % 9 == 0:
        phones.append({"value": "ramal 2001", "enum_id": 901001, "enum_code": "WORK"})
    fields = [
        field(1300001, "Telefone", "multitext", phones, "PHONE"),
        field(1300002, "Email", "multitext",
              [{"value": who.email, "enum_id": 901011, "enum_code": "WORK"}], "EMAIL"),
    ]  # fmt: skip
    if awkward % 3 == 0:
        fields.append(plain(1300007, "CPF", "text", who.cpf))
    if awkward % 5 == 0:
        fields.append(plain(1300003, "Cargo", "text", "Compradora", "POSITION"))
        fields.append(
            plain(1300004, "Aniversário", "birthday", 86400 * (awkward % 9000) - 70_000_000 + 10800)
        )
    if awkward % 7 == 0:
        values = [{"value": v, "enum_id": e, "enum_code": c} for v, e, c in ADDRESS]
        fields.append(field(1300006, "Endereço", "smart_address", values))
    return fields


def company_fields(number: int) -> list[Json]:
    phone = {"value": f"+55114{number % 10_000_000:07d}", "enum_id": 901001, "enum_code": "WORK"}
    return [
        field(1300001, "Telefone", "multitext", [phone], "PHONE"),
        plain(1310001, "Web", "url", f"https://empresa{number}.example.com", "WEB"),
        plain(1310002, "Endereço", "textarea", "Rua Exemplo, 100\nSão Paulo", "ADDRESS"),
        plain(1310003, "CNPJ", "text", cnpj(number)),
    ]
