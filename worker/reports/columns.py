"""The columns of a typed view: the base ones of each list, and one for each custom field.

Everything is SQL over the aliases of `FROM`: `t` is the mirrored row. A left join to a primary key costs
nothing while none of its columns is asked for: PostgreSQL leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Column:
    """name: as readers write it; sql: its expression; type: as PostgreSQL's format_type writes it."""

    name: str
    sql: str
    type: str
    comment: str


@dataclass(frozen=True)
class Field:
    """A custom field's definition. gone_at: since when Kommo has not listed it any more."""

    id: int
    name: str | None
    type: str | None
    gone_at: datetime | None = None


BIGINT, TEXT, NUMERIC, BOOLEAN = "bigint", "text", "numeric", "boolean"
TEXTS, DATE, MOMENT, JSON = "text[]", "date", "timestamp with time zone", "jsonb"


def _own(name: str, type_: str, comment: str = "") -> Column:
    return Column(name, f"t.{name}", type_, comment)


def _texts(name: str) -> Column:
    return Column(name, f"coalesce(t.{name}, '{{}}')", TEXTS, "each once")


RESPONSIBLE = (
    _own("responsible_user_id", BIGINT, "0: a robot, or nobody"),
    Column("responsible_user", "responsible.name", TEXT, "name"),
)
COMPANY = (
    _own("company_id", BIGINT),
    Column("company", "company.name", TEXT, "name"),
)
TAGS = Column(
    "tags",
    "coalesce(t.tags, reports.as_texts(t.raw #> '{_embedded,tags}', 'name'))",
    TEXTS,
    "each once",
)
TIMES = (
    _own("created_at", MOMENT),
    _own("updated_at", MOMENT),
    _own("closest_task_at", MOMENT, "when the next task is due"),
)
LOSS_REASON = """coalesce(loss.name, case when t.loss_reason_id is not null then coalesce(
        t.raw #>> '{_embedded,loss_reason,name}', t.raw #>> '{_embedded,loss_reason,0,name}') end)"""
OUTCOME = """case t.status_id when 142 then 'won' when 143 then 'lost' else 'open' end"""

BASE: dict[str, tuple[Column, ...]] = {
    "leads": (
        _own("id", BIGINT),
        _own("name", TEXT),
        _own("price", NUMERIC, "in the account's currency"),
        _own("pipeline_id", BIGINT),
        Column("pipeline", "pipeline.name", TEXT, "name"),
        _own("status_id", BIGINT, "142 and 143 stand in every pipeline"),
        Column("status", "status.name", TEXT, "name"),
        Column("outcome", OUTCOME, TEXT, "open, won (status 142) or lost (status 143)"),
        *RESPONSIBLE,
        *COMPANY,
        _own("main_contact_id", BIGINT),
        Column("main_contact", "contact.name", TEXT, "name"),
        Column("main_contact_phones", "coalesce(contact.phones, '{}')", TEXTS, "E.164"),
        Column("main_contact_emails", "coalesce(contact.emails, '{}')", TEXTS, "lower case"),
        _own("loss_reason_id", BIGINT),
        Column("loss_reason", LOSS_REASON, TEXT, "name"),
        TAGS,
        *TIMES,
        _own("closed_at", MOMENT),
    ),
    "contacts": (
        _own("id", BIGINT),
        _own("name", TEXT),
        _own("first_name", TEXT),
        _own("last_name", TEXT),
        _texts("phones"),
        _texts("emails"),
        *RESPONSIBLE,
        *COMPANY,
        TAGS,
        *TIMES,
    ),
    "companies": (
        _own("id", BIGINT),
        _own("name", TEXT),
        _texts("phones"),
        _texts("emails"),
        *RESPONSIBLE,
        TAGS,
        *TIMES,
    ),
}
"""By list, which is also the entity type of its custom fields."""

_HERE = "on {0}.integration_id = t.integration_id and {0}.id ="
_RESPONSIBLE = (
    f"left join kommo.users responsible {_HERE.format('responsible')} t.responsible_user_id"
)
_COMPANY = f"left join kommo.companies company {_HERE.format('company')} t.company_id"
_STATUS = f"left join kommo.statuses status {_HERE.format('status')} t.status_id"

FROM: dict[str, tuple[str, ...]] = {
    "leads": (
        "kommo.leads t",
        f"left join kommo.pipelines pipeline {_HERE.format('pipeline')} t.pipeline_id",
        f"{_STATUS} and status.pipeline_id = t.pipeline_id",
        _RESPONSIBLE,
        _COMPANY,
        f"left join kommo.contacts contact {_HERE.format('contact')} t.main_contact_id",
        f"left join kommo.loss_reasons loss {_HERE.format('loss')} t.loss_reason_id",
    ),
    "contacts": ("kommo.contacts t", _RESPONSIBLE, _COMPANY),
    "companies": ("kommo.companies t", _RESPONSIBLE),
}

_VALUES = "reports.field_values(t.custom_fields, '{id}')"
_FIRST = f"reports.as_text({_VALUES})"
_TEXT = (TEXT, _FIRST)
_NUMBER = (NUMERIC, f"reports.as_number({_FIRST})")
_LIST = (TEXTS, f"reports.as_texts({_VALUES}, 'value')")
_DAY = (DATE, f"reports.as_day({_FIRST}, '{{zone}}')")
_AS_SENT = (JSON, _VALUES)

READERS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("text", "textarea", "url", "streetaddress", "tracking_data"), _TEXT),
    **dict.fromkeys(("org_legal_name", "select", "radiobutton", "category"), _TEXT),
    **dict.fromkeys(("numeric", "price", "monetary"), _NUMBER),
    **dict.fromkeys(("multiselect", "multitext"), _LIST),
    **dict.fromkeys(("date", "birthday"), _DAY),
    "checkbox": (BOOLEAN, f"reports.as_flag({_VALUES})"),
    "date_time": (MOMENT, f"reports.as_moment({_FIRST})"),
}
"""A field's type → (SQL type, expression); what is not here comes as jsonb (kommo-api.md 5.14)."""


def of_field(field: Field, name: str, zone: str) -> Column:
    """The column of a custom field; `zone`: the account's, for dates."""
    type_, sql = READERS.get(field.type or "", _AS_SENT)
    comment = f"{field.name or 'without a name'} (Kommo field {field.id}, {field.type})"
    if field.gone_at:
        comment += f"; not in Kommo's list since {field.gone_at:%Y-%m-%d}"
    return Column(name, sql.format(id=field.id, zone=zone), type_, comment)
