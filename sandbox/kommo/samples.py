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
WAYS = {9100001: [76000001, 76000002, 76000003], 9100002: [76100001, 76100002]}
"""Stages of each pipeline before the two that end it."""
SOURCE_IDS = (4401, None, 4402, 4401)
SOURCES = ("google", "instagram", "facebook", "indicacao")
CAMPAIGNS = {
    "google": (("cpc", "volta-as-aulas"), ("cpc", "liquida-inverno")),
    "instagram": (("social", "colecao-verao"), ("stories", "liquida-inverno")),
    "facebook": (("social", "colecao-verao"), ("social", "dia-das-maes")),
    "indicacao": (("referral", "amigo-indica"),),
}
"""By source: medium, campaign."""
MIDNIGHTS = (1528772400, 1545703200, 1765767600)
"""12 Jun 2018 (-03), 25 Dec 2018 (summer time, -02), 15 Dec 2025 in the account's zone (5.14)."""
YEAR_1900 = -2208977612
"""1 Jan 1900 there, when the offset was -03:06:28 (kommo-api.md 9.14)."""
FIRST_ELEMENT, PRODUCTS = 300001, 9001
ADDRESS = (
    ("Rua Exemplo, 100", 1, "address_line_1"),
    ("São Paulo", 3, "city"),
    ("01000-000", 5, "zip"),
    ("BR", 6, "country"),
)
CALL = {
    "uniq": "8f52d38a-0000-406d-93a3-000000000001",
    "duration": 60,
    "source": "Twilio",
    "link": "https://example.com/rec/1.mp3",
    "phone": "+5511900000001",
    "call_result": "ok",
    "call_status": 4,
    "call_responsible": "Ana Prado",
}
NOTES: tuple[tuple[str, Any], ...] = (
    ("common", {"text": "Cliente pediu proposta"}),
    ("call_in", CALL),
    ("common", {"text": "Ligou de novo 📞\nprefere à tarde"}),
    ("call_out", CALL),
    ("service_message", {"service": "Robô", "text": "Etapa mudada"}),
    ("sms_out", {"text": "Seu pedido saiu", "phone": "+5511900000001"}),
    ("attachment", {"original_name": "proposta.pdf", "attachment": "drive/0/proposta.pdf"}),
    ("transaction", []),
)
"""(note_type, params) of kommo-api.md 5.10; `params` may be []."""


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


LEGAL_ENTITY = {
    "name": "Exemplo Ltda (sandbox)",
    "entity_type": 1,
    "vat_id": cnpj(191),
    "tax_registration_reason_code": None,
    "address": "Rua Exemplo, 1",
}
FILE = {
    "file_uuid": "00000000-0000-4000-8000-000000000001",
    "version_uuid": "00000000-0000-4000-8000-000000000002",
    "file_name": "pedido.pdf",
    "file_size": 1024,
}
FIRM = {"name": "Acme", "entity_id": 50020001, "entity_type": "companies", "catalog_id": None}
CHAIN = {"catalog_id": PRODUCTS, "catalog_element_id": 3001}
UNCHANGING = (
    field(1400015, "Endereço completo", "smart_address",
          [{"value": v, "enum_id": e, "enum_code": c} for v, e, c in ADDRESS]),
    field(1400017, "Categoria", "category", [{"value": "Roupas", "enum_id": 5555}]),
    plain(1400018, "Empresa fiscal", "legal_entity", LEGAL_ENTITY),
    field(1400019, "Lista encadeada", "chained_list", [CHAIN]),
    plain(1400020, "Arquivo", "file", FILE),
    plain(1400021, "Vínculo", "linked_entity", FIRM),
    plain(1400022, "Segmento", "text", "Zona Sul"),
    plain(1400023, "Observacao", "text", "sem acento"),
)  # fmt: skip
"""Types that are no plain value (5.14; a chained list has no `value`), and names used twice."""


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
        *UNCHANGING,
        plain(1400024, "Data do contrato", "date", rng.choice(MIDNIGHTS)),
    )
    start = rng.randrange(len(pool))
    return [pool[(start + step) % len(pool)] for step in range(rng.randrange(2, 5))]


def with_campaign(fields: list[Json], number: int) -> list[Json]:
    """Three leads in four have come by a campaign, and say which."""
    if number % 4 == 3:
        return fields
    given = [one["values"][0]["value"] for one in fields if one["field_code"] == "UTM_SOURCE"]
    source = given[0] if given else SOURCES[number % len(SOURCES)]
    medium, campaign = CAMPAIGNS[source][number // 4 % len(CAMPAIGNS[source])]
    more = [
        plain(1400025, "utm_medium", "tracking_data", medium, "UTM_MEDIUM"),
        plain(1400026, "utm_campaign", "tracking_data", campaign, "UTM_CAMPAIGN"),
    ]
    if not given:
        more.append(plain(1400008, "utm_source", "tracking_data", source, "UTM_SOURCE"))
    return [*fields, *more]


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
        fields.append(plain(1300004, "Aniversário", "birthday", _birthday(awkward)))
    if awkward % 7 == 0:
        values = [{"value": v, "enum_id": e, "enum_code": c} for v, e, c in ADDRESS]
        fields.append(field(1300006, "Endereço", "smart_address", values))
    return fields


def _birthday(awkward: int) -> int | None:
    """kommo-api.md 9.14: before 1970, in 1900, or null in a field that is there."""
    if awkward % 55 == 5:
        return None
    return YEAR_1900 if awkward % 55 == 10 else 86400 * (awkward % 9000) - 69_984_000 + 10800


def company_fields(number: int) -> list[Json]:
    phone = {"value": f"+55114{number % 10_000_000:07d}", "enum_id": 901001, "enum_code": "WORK"}
    return [
        field(1300001, "Telefone", "multitext", [phone], "PHONE"),
        plain(1310001, "Web", "url", f"https://empresa{number}.example.com", "WEB"),
        plain(1310002, "Endereço", "textarea", "Rua Exemplo, 100\nSão Paulo", "ADDRESS"),
        plain(1310003, "CNPJ", "text", cnpj(number)),
        plain(1310004, "Razão social", "org_legal_name", f"Exemplo {number} Ltda"),
        plain(1310005, "Fundação", "date", MIDNIGHTS[number % len(MIDNIGHTS)]),
    ]
