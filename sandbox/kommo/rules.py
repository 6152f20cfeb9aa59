"""Which order, filter and `with` works on which list: the table of kommo-api.md 4.3 as data.

A list that is not in the table (a newcomer's) gets DEFAULT.
"""

from dataclasses import dataclass, field, replace

USUAL = frozenset({"id", "name", "created_by", "updated_by", "responsible_user_id"})


@dataclass(frozen=True)
class Rules:
    orders: frozenset[str] = frozenset({"id", "created_at", "updated_at"})
    equal: frozenset[str] = USUAL
    """`filter[f]=v`, `filter[f][]=v`."""
    ranges: frozenset[str] = frozenset({"created_at", "updated_at"})
    """`filter[f][from]`, `filter[f][to]`."""
    withs: dict[str, str] = field(default_factory=dict)
    """Name in `with` -> what it adds; absent from the record unless asked for."""
    query: bool = False
    trash: bool = False
    """`with=only_deleted` is known here (4.4)."""
    scalar_is_after: bool = False
    """4.3 notes: `filter[updated_at]=N` means "after N" here; elsewhere equality."""
    newest_first: bool = False
    totals: bool = False
    """4.1: `_total_items`, `_page_count`, `_links.last`."""
    paged: bool = True
    """5.4: false: everything comes in one answer, whatever `limit` says."""
    embedded: str = ""
    """4.1: key in `_embedded` where it is not the last part of the path."""
    listed: bool = True
    """5.20: false: there is only a route by id."""
    usual_limit: int = 50
    """4.2: rows of a page whose `limit` was not given."""
    next_if_limited: bool = False
    """5.15 (ISS-528): without a `limit` there is no `next`, whatever is left."""
    needs: dict[str, str] = field(default_factory=dict)
    """4.3, 5.11: a filter that is refused without exactly one value of another."""
    at_most: dict[str, int] = field(default_factory=dict)
    """3: how many values a filter takes."""


DEFAULT = Rules()

WHOLE = Rules(orders=frozenset(), equal=frozenset(), ranges=frozenset(), totals=True, paged=False)

RULES = {
    "/leads": Rules(
        equal=USUAL | {"price", "pipeline_id"},
        ranges=frozenset({"created_at", "updated_at", "closed_at", "closest_task_at", "price"}),
        withs={
            "contacts": "_embedded.contacts",
            "catalog_elements": "_embedded.catalog_elements",
            "loss_reason": "_embedded.loss_reason",
            "source": "_embedded.source",
            "source_id": "source_id",
            "is_price_modified_by_robot": "is_price_modified_by_robot",
        },
        query=True,
        trash=True,
    ),
    "/contacts": Rules(
        ranges=frozenset({"created_at", "updated_at", "closest_task_at"}),
        withs={
            "leads": "_embedded.leads",
            "catalog_elements": "_embedded.catalog_elements",
            "customers": "_embedded.customers",
            "social_profiles": "_embedded.social_profiles",
        },
        query=True,
        trash=True,
    ),
    "/companies": Rules(
        orders=frozenset({"id", "updated_at"}),
        ranges=frozenset({"created_at", "updated_at", "closest_task_at"}),
        withs={
            "leads": "_embedded.leads",
            "contacts": "_embedded.contacts",
            "catalog_elements": "_embedded.catalog_elements",
            "customers": "_embedded.customers",
        },
        query=True,
        trash=True,
    ),
    "/tasks": Rules(
        orders=frozenset({"complete_till", "created_at", "id"}),
        equal=USUAL | {"is_completed", "task_type", "task_type_id", "entity_type", "entity_id"},
        ranges=frozenset({"updated_at"}),
        scalar_is_after=True,
        needs={"entity_id": "entity_type"},
    ),
    "/events": Rules(
        orders=frozenset(),
        equal=frozenset({"id", "created_by", "entity", "entity_id", "type"}),
        ranges=frozenset({"created_at"}),
        scalar_is_after=True,
        newest_first=True,
        needs={"entity_id": "entity"},
        at_most={"created_by": 10, "entity_id": 10},
    ),
    "/users": Rules(
        orders=frozenset({"id"}),
        equal=frozenset(),
        ranges=frozenset(),
        withs={
            "role": "_embedded.roles",
            "group": "_embedded.groups",
            "uuid": "uuid",
            "amojo_id": "amojo_id",
            "user_rank": "user_rank",
            "phone_number": "phone_number",
        },
        totals=True,
    ),
    "/roles": Rules(
        orders=frozenset(),
        equal=frozenset(),
        ranges=frozenset(),
        withs={"users": "_embedded.users"},
        totals=True,
    ),
    "/webhooks": replace(WHOLE, equal=frozenset({"destination"})),
    "/sources": replace(WHOLE, equal=frozenset({"external_id"})),
    "/leads/pipelines": WHOLE,
    "/leads/loss_reasons": WHOLE,
    "/catalogs": Rules(orders=frozenset(), equal=frozenset({"type"}), ranges=frozenset()),
    "/talks": Rules(listed=False),
    "/customers": Rules(
        orders=frozenset({"id", "updated_at"}),
        ranges=frozenset({"created_at", "updated_at", "closest_task_at", "next_date"}),
        withs={
            "contacts": "_embedded.contacts",
            "companies": "_embedded.companies",
            "catalog_elements": "_embedded.catalog_elements",
            "segments": "_embedded.segments",
        },
        query=True,
    ),
    "/leads/unsorted": Rules(
        orders=frozenset({"created_at"}),
        equal=frozenset({"uid", "category", "pipeline_id"}),
        ranges=frozenset(),
    ),
    "/account": Rules(
        withs={
            "amojo_id": "amojo_id",
            "amojo_rights": "_embedded.amojo_rights",
            "users_groups": "_embedded.users_groups",
            "task_types": "_embedded.task_types",
            "version": "version",
            "datetime_settings": "_embedded.datetime_settings",
            "drive_url": "drive_url",
            "is_api_filter_enabled": "is_api_filter_enabled",
        },
    ),
}

CUSTOM_FIELDS = Rules(
    orders=frozenset({"sort", "id"}),
    equal=frozenset({"id", "type"}),
    ranges=frozenset(),
    totals=True,
)
NOTES = Rules(
    orders=frozenset({"id", "updated_at"}),
    equal=frozenset({"id", "note_type", "entity_id"}),
    ranges=frozenset({"updated_at"}),
    withs={"is_pinned": "is_pinned"},
)
TAGS = Rules(orders=frozenset(), equal=frozenset({"id", "name"}), ranges=frozenset(), query=True)
ELEMENTS = Rules(
    orders=frozenset(),
    equal=frozenset({"id"}),
    ranges=frozenset(),
    query=True,
    usual_limit=100,
    next_if_limited=True,
)
BY_ENDING = {
    "custom_fields": CUSTOM_FIELDS,
    "groups": replace(WHOLE, embedded="custom_field_groups"),
    "notes": NOTES,
    "tags": TAGS,
    "elements": ELEMENTS,
}


def rules_for(path: str) -> Rules:
    return RULES.get(path) or BY_ENDING.get(path.rsplit("/", 1)[-1], DEFAULT)
