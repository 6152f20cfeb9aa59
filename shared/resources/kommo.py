"""What is mirrored from Kommo. Facts: kommo-api.md 4.3 (orders, filters, with) and 5 (shapes).

Here stand people and deals; what happens around them, in `kommo_activity.py`; how the account is set
up, in `kommo_setup.py`.
"""

from __future__ import annotations

from shared.resources.columns import flag, integer, moment, money, personal, text, written
from shared.resources.grammar import (
    About,
    Embeds,
    Listed,
    Refers,
    Resource,
    Webhook,
)
from shared.resources.kommo_activity import EVENTS, NOTES, TALKS, UNSORTED
from shared.resources.kommo_readers import (
    COMPANY_ID,
    CUSTOM_FIELDS,
    EMAILS,
    MAIN_CONTACT_ID,
    PHONES,
    RESULT_TEXT,
    TAGS,
)
from shared.resources.kommo_setup import (
    ACCOUNT,
    CATALOG_ELEMENTS,
    CATALOGS,
    CUSTOM_FIELD_DEFINITIONS,
    CUSTOM_FIELD_GROUPS,
    LOSS_REASONS,
    PIPELINES,
    ROLES,
    SOURCES,
    STATUSES,
    USERS,
    WEBHOOKS,
)
from shared.resources.kommo_setup import TAGS as TAG_LISTS
from shared.resources.kommo_words import (
    AS_SENT,
    BY_CONTACT,
    BY_CONTENT,
    BY_ID,
    BY_LEAD,
    COMPANY,
    ITS_CONTACTS,
    ITS_LEADS,
    MANY,
    OF_ITS_ENTITY,
    PIPELINE,
    RESPONSIBLE,
    UPDATED,
)


def _webhook(group: str, entity: str, *actions: str) -> Webhook:
    """Codes of kommo-api.md 6.3."""
    common = ("add", "update", "delete", "restore", "responsible")
    return Webhook(group, tuple(f"{action}_{entity}" for action in (*common, *actions)))


def _news(entity: str) -> tuple[str, ...]:
    """Events that move no `updated_at`, or after which the record is gone (kommo-api.md 4.4, 9.10)."""
    own = ("deleted", "restored", "linked", "unlinked")
    shared = (
        "entity_merged",
        "entity_linked",
        "entity_unlinked",
        "entity_tag_added",
        "entity_tag_deleted",
    )
    return (*(f"{entity}_{word}" for word in own), *shared)


LEADS = Resource(
    source="kommo",
    name="leads",
    deleted_there="its card, /leads/detail/ID: …, Delete; then the recycle bin, where there is one",
    path="/leads",
    records=("leads",),
    params={"with": "contacts,catalog_elements,loss_reason,source_id"},
    order=BY_ID,
    key=("id",),
    since=UPDATED,
    by_id=MANY,
    webhook=_webhook("leads", "lead", "status"),
    news=_news("lead"),
    tombstone="is_deleted",
    about=(About("kommo.contacts", "main_contact_id"),),
    listed=Listed(
        "deals",
        search=("name", "custom_fields"),
        body_id="dealId",
        expands=(
            ITS_CONTACTS,
            Refers("main_contact", "kommo.contacts", ("main_contact_id",)),
            COMPANY,
            PIPELINE,
            Refers("status", "kommo.statuses", ("pipeline_id", "status_id")),
            RESPONSIBLE,
            Refers("loss_reason", "kommo.loss_reasons", ("loss_reason_id",)),
            Refers("source", "kommo.sources", ("source_id",)),
            *AS_SENT,
        ),
        filters=(BY_CONTACT, *BY_CONTENT),
        large=True,
        facets=(
            "status_id",
            "pipeline_id",
            "responsible_user_id",
            "company_id",
            "price",
            "created_at",
        ),
        orders=("-created_at", "-price"),
    ),
    columns=(
        integer("id"),
        *written(text("name")),
        money("price"),
        integer("pipeline_id"),
        integer("status_id"),
        integer("responsible_user_id"),
        COMPANY_ID,
        MAIN_CONTACT_ID,
        integer("loss_reason_id"),
        moment("created_at"),
        moment("updated_at"),
        moment("closed_at"),
        CUSTOM_FIELDS,
        TAGS,
        integer("source_id"),
        integer("created_by"),
        integer("updated_by"),
        integer("group_id"),
        moment("closest_task_at"),
    ),
)

CONTACTS = Resource(
    source="kommo",
    name="contacts",
    deleted_there="its card, /contacts/detail/ID: …, Delete; then the recycle bin, where there is one",
    path="/contacts",
    records=("contacts",),
    params={"with": "leads,catalog_elements"},
    order=BY_ID,
    key=("id",),
    since=UPDATED,
    by_id=MANY,
    webhook=_webhook("contacts", "contact"),
    news=_news("contact"),
    tombstone="is_deleted",
    listed=Listed(
        "contacts",
        search=("name", "phones", "emails", "custom_fields"),
        body_id="contactId",
        expands=(ITS_LEADS, COMPANY, RESPONSIBLE, *AS_SENT),
        filters=(BY_LEAD, *BY_CONTENT),
        large=True,
        facets=("responsible_user_id", "company_id", "created_at"),
        orders=("-created_at",),
    ),
    columns=(
        integer("id"),
        *personal(text("name")),
        *personal(text("first_name"), text("last_name")),
        integer("responsible_user_id"),
        COMPANY_ID,
        PHONES,
        EMAILS,
        moment("created_at"),
        moment("updated_at"),
        CUSTOM_FIELDS,
        TAGS,
        integer("created_by"),
        integer("updated_by"),
        integer("group_id"),
        moment("closest_task_at"),
    ),
)

COMPANIES = Resource(
    source="kommo",
    name="companies",
    deleted_there="its card, /companies/detail/ID: …, Delete; then the recycle bin, where there is one",
    path="/companies",
    records=("companies",),
    params={"with": "leads,contacts,catalog_elements"},
    order=BY_ID,
    key=("id",),
    since=UPDATED,
    by_id=MANY,
    webhook=_webhook("companies", "company"),
    news=_news("company"),
    tombstone="is_deleted",
    listed=Listed(
        "companies",
        search=("name", "phones", "emails", "custom_fields"),
        expands=(ITS_CONTACTS, ITS_LEADS, RESPONSIBLE, *AS_SENT),
        filters=(BY_CONTACT, BY_LEAD, *BY_CONTENT),
        large=True,
        facets=("responsible_user_id", "created_at"),
        orders=("-created_at",),
    ),
    columns=(
        integer("id"),
        *personal(text("name")),
        integer("responsible_user_id"),
        PHONES,
        EMAILS,
        moment("created_at"),
        moment("updated_at"),
        CUSTOM_FIELDS,
        TAGS,
        integer("created_by"),
        integer("updated_by"),
        integer("group_id"),
        moment("closest_task_at"),
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
    by_id=MANY,
    webhook=Webhook("task", ("add_task", "update_task", "delete_task", "responsible_task")),
    news=("task_deleted",),
    about=OF_ITS_ENTITY,
    listed=Listed(
        "tasks",
        search=("text", "result_text"),
        expands=(RESPONSIBLE,),
        large=True,
        facets=("entity_id", "responsible_user_id", "is_completed", "complete_till"),
    ),
    columns=(
        integer("id"),
        text("entity_type"),
        integer("entity_id"),
        integer("responsible_user_id"),
        integer("task_type_id"),
        *written(text("text")),
        RESULT_TEXT,
        flag("is_completed"),
        integer("duration"),
        moment("complete_till"),
        moment("created_at"),
        moment("updated_at"),
    ),
)

CUSTOMERS = Resource(
    source="kommo",
    name="customers",
    deleted_there="its card, /customers/detail/ID: …, Delete; then the recycle bin, where there is one",
    path="/customers",
    records=("customers",),
    params={"with": "contacts,companies,catalog_elements"},
    order=BY_ID,
    key=("id",),
    since=UPDATED,
    by_id=MANY,
    webhook=Webhook(
        "customers",
        ("add_customer", "update_customer", "delete_customer", "responsible_customer"),
    ),
    tombstone="is_deleted",
    about=(About("kommo.contacts", "id", embedded="contacts"),),
    listed=Listed(
        "customers",
        search=("name", "custom_fields"),
        expands=(ITS_CONTACTS, Embeds("companies", "kommo.companies"), RESPONSIBLE, *AS_SENT),
        filters=(BY_CONTACT, *BY_CONTENT),
    ),
    columns=(
        integer("id"),
        *written(text("name")),
        money("next_price"),
        moment("next_date"),
        integer("status_id"),
        integer("periodicity"),
        money("ltv"),
        integer("purchases_count"),
        money("average_check"),
        integer("responsible_user_id"),
        moment("created_at"),
        moment("updated_at"),
        CUSTOM_FIELDS,
        TAGS,
    ),
)

RESOURCES: tuple[Resource, ...] = (
    ACCOUNT,
    USERS,
    ROLES,
    PIPELINES,
    STATUSES,
    LOSS_REASONS,
    TAG_LISTS,
    CATALOGS,
    CUSTOM_FIELD_DEFINITIONS,
    CUSTOM_FIELD_GROUPS,
    SOURCES,
    WEBHOOKS,
    LEADS,
    CONTACTS,
    COMPANIES,
    CUSTOMERS,
    TASKS,
    NOTES,
    EVENTS,
    UNSORTED,
    TALKS,
    CATALOG_ELEMENTS,
)
