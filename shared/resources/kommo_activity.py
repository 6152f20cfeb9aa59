"""What happens around people and deals at Kommo: notes, events, incoming leads, talks. Facts: kommo-api.md 5.10 to 5.20."""

from __future__ import annotations

from shared.resources.columns import (
    asked,
    document,
    flag,
    integer,
    moment,
    personal,
    text,
    written,
)
from shared.resources.grammar import About, ById, Listed, OneOf, Refers, Resource, Since, Webhook
from shared.resources.kommo_readers import first_embedded, stages_only
from shared.resources.kommo_words import (
    AUTHOR,
    BY_ID,
    CONTACT,
    MANY,
    OF_ITS_ENTITY,
    PIPELINE,
    RESPONSIBLE,
    UPDATED,
    about,
)

NOTES = Resource(
    source="kommo",
    name="notes",
    path="/{entity_type}/notes",
    records=("notes",),
    order=BY_ID,
    slices=(OneOf("entity_type", ("leads", "contacts", "companies")),),
    # the parent's type stands in the path only (kommo-api.md 9, 36)
    key=("entity_type", "id"),
    since=UPDATED,
    by_id=MANY,
    webhook=Webhook("note", ("note_lead", "note_contact", "note_company")),
    news=("common_note_deleted",),
    about=OF_ITS_ENTITY,
    listed=Listed(
        "notes",
        search=("text",),
        expands=(AUTHOR, RESPONSIBLE),
        large=True,
        facets=("entity_id",),
    ),
    columns=(
        asked("entity_type"),
        integer("id"),
        integer("entity_id"),
        text("note_type"),
        *written(text("text", "params", "text"), document("params")),
        integer("responsible_user_id"),
        integer("created_by"),
        integer("updated_by"),
        moment("created_at"),
        moment("updated_at"),
    ),
)

EVENTS = Resource(
    source="kommo",
    name="events",
    path="/events",
    records=("events",),
    key=("id",),
    since=Since("created_at", "created_at"),
    append_only=True,
    about=about(leads="lead", contacts="contact", companies="company", customers="customer"),
    listed=Listed("events", expands=(AUTHOR,), large=True, facets=("entity_id",)),
    columns=(
        text("id"),
        text("type"),
        text("entity_type"),
        integer("entity_id"),
        integer("created_by"),
        moment("created_at"),
        *written(document("value_before"), document("value_after"), keeps=stages_only),
    ),
)

UNSORTED = Resource(
    source="kommo",
    name="unsorted",
    path="/leads/unsorted",
    records=("unsorted",),
    order={"order[created_at]": "asc"},
    key=("uid",),
    by_id=ById("filter[uid][]", most=80),
    about=(About("kommo.contacts", "contact_id"), About("kommo.leads", "lead_id")),
    webhook=Webhook("unsorted", ("add_unsorted", "update_unsorted", "delete_unsorted")),
    listed=Listed(
        "unsorted",
        search=("source_name",),
        expands=(Refers("lead", "kommo.leads", ("lead_id",)), CONTACT, PIPELINE),
    ),
    columns=(
        text("uid"),
        text("source_uid"),
        *personal(text("source_name")),
        text("category"),
        integer("pipeline_id"),
        first_embedded("lead_id", "leads"),
        first_embedded("contact_id", "contacts"),
        moment("created_at"),
        *written(document("metadata")),
    ),
)

TALKS = Resource(
    source="kommo",
    name="talks",
    path="/talks",
    records=("talks",),
    unlisted=True,
    key=("id",),
    by_id=ById(),
    about=(About("kommo.contacts", "contact_id"), *about(leads="lead")),
    webhook=Webhook("talk", ("add_talk", "update_talk")),
    listed=Listed("talks", expands=(CONTACT,)),
    columns=(
        integer("id", "talk_id"),
        integer("contact_id"),
        *personal(text("chat_id")),
        text("entity_type"),
        integer("entity_id"),
        text("origin"),
        flag("is_in_work"),
        flag("is_read"),
        integer("rate"),
        moment("missed_at"),
        moment("created_at"),
        moment("updated_at"),
    ),
)
