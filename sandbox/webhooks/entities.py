"""Leads, contacts, companies, customers and catalog elements in a webhook body (kommo-api.md 6.5)."""

from sandbox.records import Json
from sandbox.webhooks.codes import Group
from sandbox.webhooks.values import custom_fields, tags


def lead(_: Group, record: Json, old: Json, action: str) -> Json:
    """6.5: `responsible` carries an old_status_id even when the stage did not change."""
    stale = {"status_id": record.get("status_id")} if action == "responsible" else {}
    return {
        "id": record["id"],
        "name": record.get("name") or "",
        "status_id": record.get("status_id"),
        "price": record.get("price"),
        "responsible_user_id": record.get("responsible_user_id"),
        "last_modified": record.get("updated_at"),
        "modified_user_id": record.get("updated_by"),
        "created_user_id": record.get("created_by"),
        "date_create": record.get("created_at"),
        "pipeline_id": record.get("pipeline_id"),
        "account_id": record.get("account_id"),
        **former(stale | old),
        "tags": tags(record),
        "custom_fields": custom_fields(record),
        "created_at": record.get("created_at"),
        "updated_at": record.get("updated_at"),
    }


def person(group: Group, record: Json, old: Json, _: str) -> Json:
    """Contacts, companies, and whatever else declares a group (`type` only if it has one)."""
    embedded = record.get("_embedded") or {}
    companies = embedded.get("companies") or []
    leads = embedded.get("leads") or []
    return {
        "id": record["id"],
        "name": record.get("name") or "",
        "responsible_user_id": record.get("responsible_user_id"),
        **former(old),
        "group_id": record.get("group_id"),
        "date_create": record.get("created_at"),
        "last_modified": record.get("updated_at"),
        "created_user_id": record.get("created_by"),
        "modified_user_id": record.get("updated_by"),
        "account_id": record.get("account_id"),
        "linked_company_id": companies[0]["id"] if companies else None,
        "custom_fields": custom_fields(record),
        "tags": tags(record),
        "linked_leads_id": {str(lead["id"]): {"ID": lead["id"]} for lead in leads},
        "created_at": record.get("created_at"),
        "updated_at": record.get("updated_at"),
        "type": group.kind or None,
    }


def customer(group: Group, record: Json, old: Json, action: str) -> Json:
    """amoCRM only (5.8); shape after contacts (I)."""
    more = {name: record.get(name) for name in ("status_id", "next_price", "next_date")}
    return person(group, record, old, action) | more


def element(group: Group, record: Json, _: Json, __: str) -> Json:
    return {
        "id": record["id"],
        "date_create": record.get("created_at"),
        "date_modify": record.get("updated_at"),
        "created_by": record.get("created_by"),
        "modified_by": record.get("updated_by"),
        "catalog_id": record.get("catalog_id"),
        "name": record.get("name"),
        "deleted": bool(record.get("is_deleted")),
        "custom_fields": custom_fields(record),
        "created_at": record.get("created_at"),
        "updated_at": record.get("updated_at"),
        "type": group.kind,
    }


def deleted(group: Group, record: Json) -> Json:
    """6.5: a lead's delete has id, status_id, pipeline_id; an element's its catalog."""
    if group.group == "leads":
        return {name: record.get(name) for name in ("id", "status_id", "pipeline_id")}
    if group.group == "catalogs":
        return {"id": record["id"], "catalog_id": record.get("catalog_id"), "type": group.kind}
    return {"id": record["id"], "type": group.kind or None}


def former(old: Json) -> Json:
    return {f"old_{name}": value for name, value in old.items()}
