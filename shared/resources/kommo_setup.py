"""How an account is set up at Kommo: people, pipelines, fields, catalogs. Facts: kommo-api.md 4.3 and 5."""

from __future__ import annotations

from shared.resources.columns import (
    Type,
    asked,
    document,
    email,
    flag,
    integer,
    moment,
    personal,
    text,
    written,
)
from shared.resources.filters import HasValue
from shared.resources.grammar import AnyOf, Listed, OneOf, Owns, PerRow, Refers, Resource, Webhook
from shared.resources.kommo_readers import CUSTOM_FIELDS, ENUMS
from shared.resources.kommo_words import BY_ID, ENTITIES, MANY

ACCOUNT = Resource(
    source="kommo",
    name="account",
    path="/account",
    records=(),
    single=True,
    params={
        "with": "users_groups,task_types,datetime_settings,version,amojo_id,drive_url,is_api_filter_enabled"
    },
    key=("id",),
    impersonal=True,
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
        text("customers_mode"),
        flag("is_unsorted_on"),
        flag("is_loss_reason_enabled"),
        document("task_types", "_embedded", "task_types"),
        document("users_groups", "_embedded", "users_groups"),
    ),
)

USERS = Resource(
    source="kommo",
    name="users",
    path="/users",
    records=("users",),
    params={"with": "role,group"},
    key=("id",),
    listed=Listed(
        "users", search=("name", "email"), expands=(Refers("role", "kommo.roles", ("role_id",)),)
    ),
    columns=(
        integer("id"),
        *personal(text("name")),
        email(text("email")),
        text("lang"),
        flag("is_active", "rights", "is_active"),
        flag("is_admin", "rights", "is_admin"),
        integer("group_id", "rights", "group_id"),
        integer("role_id", "rights", "role_id"),
    ),
)

ROLES = Resource(
    source="kommo",
    name="roles",
    path="/roles",
    records=("roles",),
    params={"with": "users"},
    key=("id",),
    listed=Listed("roles", search=("name",)),
    impersonal=True,
    columns=(
        integer("id"),
        text("name"),
        document("rights"),
        document("users", "_embedded", "users"),
    ),
)

PIPELINES = Resource(
    source="kommo",
    name="pipelines",
    path="/leads/pipelines",
    records=("pipelines",),
    key=("id",),
    listed=Listed(
        "pipelines",
        search=("name",),
        expands=(Owns("statuses", "kommo.statuses", by="pipeline_id"),),
    ),
    impersonal=True,
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
    listed=Listed(
        "statuses",
        search=("name",),
        expands=(Refers("pipeline", "kommo.pipelines", ("pipeline_id",)),),
    ),
    impersonal=True,
    columns=(
        integer("pipeline_id"),
        integer("id"),
        text("name"),
        integer("sort"),
        integer("type"),
        text("color"),
    ),
)

LOSS_REASONS = Resource(
    source="kommo",
    name="loss_reasons",
    path="/leads/loss_reasons",
    records=("loss_reasons",),
    key=("id",),
    listed=Listed("loss_reasons", search=("name",)),
    impersonal=True,
    columns=(
        integer("id"),
        text("name"),
        integer("sort"),
        moment("created_at"),
        moment("updated_at"),
    ),
)

TAGS = Resource(
    source="kommo",
    name="tags",
    path="/{entity_type}/tags",
    records=("tags",),
    slices=(OneOf("entity_type", ENTITIES),),
    # each entity has a set of its own (kommo-api.md 5.12)
    key=("entity_type", "id"),
    listed=Listed("tags", search=("name",)),
    impersonal=True,
    columns=(
        asked("entity_type"),
        integer("id"),
        text("name"),
        text("color"),
    ),
)

CATALOGS = Resource(
    source="kommo",
    name="catalogs",
    path="/catalogs",
    records=("catalogs",),
    key=("id",),
    listed=Listed("catalogs", search=("name",)),
    impersonal=True,
    columns=(
        integer("id"),
        text("name"),
        text("type"),
        integer("sort"),
        integer("created_by"),
        integer("updated_by"),
        moment("created_at"),
        moment("updated_at"),
        flag("can_add_elements"),
        flag("can_show_in_cards"),
        flag("can_link_multiple"),
    ),
)

CATALOG_ELEMENTS = Resource(
    source="kommo",
    name="catalog_elements",
    path="/catalogs/{catalog_id}/elements",
    records=("elements",),
    slices=(PerRow("catalog_id", needs="kommo.catalogs"),),
    key=("catalog_id", "id"),
    by_id=MANY,
    # the codes are not documented: tried, and dropped where they are refused (kommo-api.md 6.3)
    webhook=Webhook("catalogs", ("add_catalog", "update_catalog", "delete_catalog")),
    tombstone="is_deleted",
    listed=Listed(
        "catalog_elements",
        search=("name", "custom_fields"),
        expands=(Refers("catalog", "kommo.catalogs", ("catalog_id",)),),
        filters=(HasValue(),),
    ),
    columns=(
        asked("catalog_id", Type.BIGINT),
        integer("id"),
        *written(text("name")),
        integer("created_by"),
        integer("updated_by"),
        moment("created_at"),
        moment("updated_at"),
        CUSTOM_FIELDS,
    ),
)

CUSTOM_FIELD_DEFINITIONS = Resource(
    source="kommo",
    name="custom_fields",
    path="/{entity_type}/custom_fields",
    records=("custom_fields",),
    order=BY_ID,
    slices=(
        AnyOf(
            (
                OneOf("entity_type", (*ENTITIES, "customers/segments")),
                PerRow("entity_type", needs="kommo.catalogs", form="catalogs/{}"),
            )
        ),
    ),
    # predefined fields share their id between contacts and companies (kommo-api.md 5.13)
    key=("entity_type", "id"),
    listed=Listed("custom_fields", search=("name", "code")),
    impersonal=True,
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
        ENUMS,
    ),
)

CUSTOM_FIELD_GROUPS = Resource(
    source="kommo",
    name="custom_field_groups",
    path="/{entity_type}/custom_fields/groups",
    records=("custom_field_groups",),
    slices=(OneOf("entity_type", ENTITIES),),
    key=("entity_type", "id"),
    listed=Listed("custom_field_groups", search=("name",)),
    impersonal=True,
    columns=(
        asked("entity_type"),
        text("id"),
        text("name"),
        text("type"),
        integer("sort"),
        flag("is_predefined"),
        document("fields"),
    ),
)

SOURCES = Resource(
    source="kommo",
    name="sources",
    path="/sources",
    records=("sources",),
    key=("id",),
    listed=Listed("sources", search=("name",)),
    impersonal=True,
    columns=(
        integer("id"),
        text("name"),
        integer("pipeline_id"),
        text("external_id"),
        flag("is_default", "default"),
        text("origin_code"),
        document("services"),
    ),
)

WEBHOOKS = Resource(
    source="kommo",
    name="webhooks",
    path="/webhooks",
    records=("webhooks",),
    key=("id",),
    # the paths of other vendors' hooks are their secrets
    masked=("destination",),
    impersonal=True,
    columns=(
        integer("id"),
        text("destination"),
        flag("disabled"),
        document("settings"),
        integer("sort"),
        integer("created_by"),
        moment("created_at"),
        moment("updated_at"),
    ),
)
