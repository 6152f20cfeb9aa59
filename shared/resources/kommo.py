"""What is mirrored from Kommo. Facts: kommo-api.md 4.3 (orders, filters, with) and 5 (shapes)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from shared.resources.columns import (
    Context,
    Record,
    Type,
    asked,
    computed,
    dig,
    document,
    flag,
    integer,
    moment,
    money,
    phone_number,
    text,
)
from shared.resources.grammar import (
    Carries,
    Embeds,
    HasValue,
    Linked,
    Listed,
    OneOf,
    Refers,
    Resource,
    Since,
    Tagged,
    Webhook,
)

BY_ID = {"order[id]": "asc"}
UPDATED = Since("updated_at", "updated_at")


def _webhook(group: str, entity: str, *actions: str) -> Webhook:
    """Codes of kommo-api.md 6.3."""
    common = ("add", "update", "delete", "restore", "responsible")
    return Webhook(group, tuple(f"{action}_{entity}" for action in (*common, *actions)))


def _fields(record: Record) -> Iterable[Mapping[str, Any]]:
    """`custom_fields_values` is null, a list, or a map with numeric keys (kommo-api.md 5, 5.14)."""
    sent = record.get("custom_fields_values") or []
    return sent.values() if isinstance(sent, Mapping) else sent


def _custom_fields(record: Record, _: Context) -> str:
    """{"1400002": {"name", "code", "type", "values": [as sent]}}; the whole set each time."""
    fields = {
        str(field["field_id"]): {
            "name": field.get("field_name"),
            "code": field.get("field_code"),
            "type": field.get("field_type"),
            "values": field.get("values") or [],
        }
        for field in _fields(record)
    }
    return orjson.dumps(fields).decode()


def _values_of(record: Record, code: str) -> list[str]:
    """Filled values of the multitext fields with a code, in order, each once (kommo-api.md 5.14)."""
    values = [
        str(value["value"]).strip()
        for field in _fields(record)
        if field.get("field_code") == code
        for value in field.get("values") or []
        if isinstance(value, Mapping) and value.get("value") not in (None, "")
    ]
    return list(dict.fromkeys(values))


def _phones(record: Record, context: Context) -> list[str]:
    numbers = (phone_number(typed, context.country) for typed in _values_of(record, "PHONE"))
    return list(dict.fromkeys(number for number in numbers if number))


def _emails(record: Record, _: Context) -> list[str]:
    return list(dict.fromkeys(email.lower() for email in _values_of(record, "EMAIL")))


def _embedded(record: Record, name: str) -> list[Mapping[str, Any]]:
    found = dig(record, ("_embedded", name)) or []
    return list(found.values()) if isinstance(found, Mapping) else list(found)


def _company(record: Record, _: Context) -> int | None:
    """0 or 1 company is embedded in leads and contacts (kommo-api.md 5.5, 5.6)."""
    return next((int(company["id"]) for company in _embedded(record, "companies")), None)


def _main_contact(record: Record, _: Context) -> int | None:
    contacts = _embedded(record, "contacts")
    return next((int(contact["id"]) for contact in contacts if contact.get("is_main")), None)


def _result_text(record: Record, _: Context) -> str | None:
    """`result` is [] until the task is done, then {"text"} (kommo-api.md 5.9)."""
    found = dig(record, ("result", "text"))
    return None if found is None else str(found)


COMPANY_ID = computed("company_id", Type.BIGINT, _company)
PHONES = computed("phones", Type.TEXTS, _phones)
EMAILS = computed("emails", Type.TEXTS, _emails)
CUSTOM_FIELDS = computed("custom_fields", Type.JSON, _custom_fields)

TAGS = Carries("tags")
RESPONSIBLE = Refers("responsible", "kommo.users", ("responsible_user_id",))
OF_ENTITY = (Refers("company", "kommo.companies", ("company_id",)), RESPONSIBLE, TAGS)
BY_ENTITY = (Tagged(), HasValue())

ACCOUNT = Resource(
    source="kommo",
    name="account",
    path="/account",
    records=(),
    single=True,
    params={"with": "users_groups,task_types,datetime_settings,version,amojo_id,drive_url"},
    key=("id",),
    columns=(
        integer("id"),
        text("name"),
        text("subdomain"),
        text("country"),
        text("currency"),
        text("language"),
        text("timezone", "_embedded", "datetime_settings", "timezone"),
        integer("current_user_id"),
        moment("created_at"),
        moment("updated_at"),
    ),
)

USERS = Resource(
    source="kommo",
    name="users",
    path="/users",
    records=("users",),
    params={"with": "role,group"},
    key=("id",),
    columns=(
        integer("id"),
        text("name"),
        text("email"),
        text("lang"),
        flag("is_active", "rights", "is_active"),
        flag("is_admin", "rights", "is_admin"),
        integer("group_id", "rights", "group_id"),
        integer("role_id", "rights", "role_id"),
    ),
)

PIPELINES = Resource(
    source="kommo",
    name="pipelines",
    path="/leads/pipelines",
    records=("pipelines",),
    key=("id",),
    columns=(
        integer("id"),
        text("name"),
        integer("sort"),
        flag("is_main"),
        flag("is_archive"),
    ),
)

STATUSES = Resource(
    source="kommo",
    name="statuses",
    path="/leads/pipelines",
    records=("pipelines", "statuses"),
    # 142 and 143 exist in every pipeline (kommo-api.md 5.4)
    key=("pipeline_id", "id"),
    columns=(
        integer("pipeline_id"),
        integer("id"),
        text("name"),
        integer("sort"),
        integer("type"),
        text("color"),
    ),
)

CUSTOM_FIELD_DEFINITIONS = Resource(
    source="kommo",
    name="custom_fields",
    path="/{entity_type}/custom_fields",
    records=("custom_fields",),
    order=BY_ID,
    slices=(OneOf("entity_type", ("leads", "contacts", "companies")),),
    # predefined fields share their id between contacts and companies (kommo-api.md 5.13)
    key=("entity_type", "id"),
    columns=(
        asked("entity_type"),
        integer("id"),
        text("name"),
        text("type"),
        text("code"),
        integer("sort"),
        text("group_id"),
        flag("is_api_only"),
        text("currency"),
        document("enums"),
    ),
)

LEADS = Resource(
    source="kommo",
    name="leads",
    path="/leads",
    records=("leads",),
    params={"with": "contacts"},
    order=BY_ID,
    key=("id",),
    since=UPDATED,
    by_id=True,
    webhook=_webhook("leads", "lead", "status"),
    news=("lead_deleted", "lead_restored"),
    listed=Listed(
        "deals",
        search=("name", "custom_fields"),
        body_id="dealId",
        expands=(
            Embeds("contacts", "kommo.contacts"),
            Refers("main_contact", "kommo.contacts", ("main_contact_id",)),
            *OF_ENTITY,
            Refers("pipeline", "kommo.pipelines", ("pipeline_id",)),
            Refers("status", "kommo.statuses", ("pipeline_id", "status_id")),
        ),
        filters=(Linked("contact_id", "contacts"), *BY_ENTITY),
        large=True,
    ),
    columns=(
        integer("id"),
        text("name"),
        money("price"),
        integer("pipeline_id"),
        integer("status_id"),
        integer("responsible_user_id"),
        COMPANY_ID,
        computed("main_contact_id", Type.BIGINT, _main_contact),
        integer("loss_reason_id"),
        moment("created_at"),
        moment("updated_at"),
        moment("closed_at"),
        CUSTOM_FIELDS,
    ),
)

CONTACTS = Resource(
    source="kommo",
    name="contacts",
    path="/contacts",
    records=("contacts",),
    params={"with": "leads"},
    order=BY_ID,
    key=("id",),
    since=UPDATED,
    by_id=True,
    webhook=_webhook("contacts", "contact"),
    news=("contact_deleted", "contact_restored"),
    listed=Listed(
        "contacts",
        search=("name", "phones", "emails", "custom_fields"),
        body_id="contactId",
        expands=(Embeds("leads", "kommo.leads"), *OF_ENTITY),
        filters=(Linked("lead_id", "leads"), *BY_ENTITY),
        large=True,
    ),
    columns=(
        integer("id"),
        text("name"),
        text("first_name"),
        text("last_name"),
        integer("responsible_user_id"),
        COMPANY_ID,
        PHONES,
        EMAILS,
        moment("created_at"),
        moment("updated_at"),
        CUSTOM_FIELDS,
    ),
)

COMPANIES = Resource(
    source="kommo",
    name="companies",
    path="/companies",
    records=("companies",),
    params={"with": "contacts,leads"},
    order=BY_ID,
    key=("id",),
    since=UPDATED,
    by_id=True,
    webhook=_webhook("companies", "company"),
    news=("company_deleted", "company_restored"),
    listed=Listed(
        "companies",
        search=("name", "phones", "emails", "custom_fields"),
        expands=(
            Embeds("contacts", "kommo.contacts"),
            Embeds("leads", "kommo.leads"),
            RESPONSIBLE,
            TAGS,
        ),
        filters=(Linked("contact_id", "contacts"), Linked("lead_id", "leads"), *BY_ENTITY),
        large=True,
    ),
    columns=(
        integer("id"),
        text("name"),
        integer("responsible_user_id"),
        PHONES,
        EMAILS,
        moment("created_at"),
        moment("updated_at"),
        CUSTOM_FIELDS,
    ),
)

TASKS = Resource(
    source="kommo",
    name="tasks",
    path="/tasks",
    records=("tasks",),
    order=BY_ID,
    key=("id",),
    since=UPDATED,
    by_id=True,
    webhook=Webhook("task", ("add_task", "update_task", "delete_task", "responsible_task")),
    news=("task_deleted",),
    listed=Listed(
        "tasks",
        search=("text", "result_text"),
        expands=(RESPONSIBLE,),
        large=True,
    ),
    columns=(
        integer("id"),
        text("entity_type"),
        integer("entity_id"),
        integer("responsible_user_id"),
        integer("task_type_id"),
        text("text"),
        computed("result_text", Type.TEXT, _result_text),
        flag("is_completed"),
        integer("duration"),
        moment("complete_till"),
        moment("created_at"),
        moment("updated_at"),
    ),
)

RESOURCES: tuple[Resource, ...] = (
    ACCOUNT,
    USERS,
    PIPELINES,
    STATUSES,
    CUSTOM_FIELD_DEFINITIONS,
    LEADS,
    CONTACTS,
    COMPANIES,
    TASKS,
)
