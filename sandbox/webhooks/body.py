"""Webhook bodies: v4 records under their v2 names (kommo-api.md 6.4, 6.5)."""

from collections.abc import Callable

from sandbox.records import Json
from sandbox.webhooks import activity, entities
from sandbox.webhooks.codes import Group
from sandbox.webhooks.form import encode

ACCOUNT = {
    "subdomain": "sandbox",
    "id": 31990001,
    "_links": {"self": "https://sandbox.kommo.com"},
}
Render = Callable[[Group, Json, Json, str], Json]
RENDERERS: dict[str, Render] = {
    "leads": entities.lead,
    "contacts": entities.person,
    "customers": entities.customer,
    "catalogs": entities.element,
    "task": activity.task,
    "unsorted": activity.incoming,
    "talk": activity.talk,
}


def body(group: Group, action: str, entities: list[Json], account_first: bool = True) -> bytes:
    """One delivery; `entities` are trees made by `entity`. The account block has no fixed place."""
    tree = {group.group: {action: entities}}
    return encode({"account": ACCOUNT} | tree if account_first else tree | {"account": ACCOUNT})


def entity(group: Group, action: str, record: Json, old: Json) -> Json:
    """`old`: former values of what changed (status_id, pipeline_id, responsible_user_id, text)."""
    if action == "delete" and group.group != "unsorted":
        return entities.deleted(group, record)
    return RENDERERS.get(group.group, entities.person)(group, record, old, action)
