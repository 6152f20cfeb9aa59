"""Bare records in the vendor's shape and key order (kommo-api.md 5.5 to 5.7)."""

from typing import Any

from sandbox.kommo.linking import link
from sandbox.kommo.samples import ACCOUNT_ID, LOSS_REASON
from sandbox.kommo.views import links
from sandbox.records import Json


def lead(key: int, created_at: int, updated_at: int, **more: Any) -> Json:
    return {
        "id": key,
        "name": f"Pedido {key}",
        "price": 0,
        "responsible_user_id": 11500101,
        "group_id": 0,
        "status_id": 76000002,
        "pipeline_id": 9100001,
        "loss_reason_id": None,
        "source_id": None,
        "created_by": 0,
        "updated_by": 11500101,
        "created_at": created_at,
        "updated_at": updated_at,
        "closed_at": None,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "score": None,
        "account_id": ACCOUNT_ID,
        "labor_cost": None,
        "is_price_computed": False,
        "is_price_modified_by_robot": False,
        "_links": links(f"/leads/{key}"),
        **more,
    }


def lead_embedded(tags: list[Json], contacts: list[int], company: int | None, lost: bool) -> Json:
    """The first contact is the main one."""
    return {
        "tags": tags,
        "companies": [link("companies", company)] if company else [],
        "contacts": [link("contacts", c, is_main=not n) for n, c in enumerate(contacts)],
        "catalog_elements": [],
        "loss_reason": [LOSS_REASON] if lost else [],
    }


def contact(key: int, created_at: int, updated_at: int, **more: Any) -> Json:
    return {
        "id": key,
        "name": "",
        "first_name": "",
        "last_name": "",
        "responsible_user_id": 11500101,
        "group_id": 0,
        "created_by": 11500101,
        "updated_by": 0,
        "created_at": created_at,
        "updated_at": updated_at,
        "closest_task_at": None,
        "is_deleted": False,
        "is_unsorted": False,
        "custom_fields_values": None,
        "account_id": ACCOUNT_ID,
        "_links": links(f"/contacts/{key}"),
        **more,
    }


def contact_embedded(tags: list[Json], company: int | None, leads: list[int]) -> Json:
    return {
        "tags": tags,
        "companies": [link("companies", company)] if company else [],
        "leads": [link("leads", lead) for lead in leads],
        "customers": [],
        "catalog_elements": [],
        "social_profiles": [],
    }


def company(key: int, created_at: int, updated_at: int, **more: Any) -> Json:
    return {
        "id": key,
        "name": "",
        "responsible_user_id": 11500101,
        "group_id": 0,
        "created_by": 11500101,
        "updated_by": 11500101,
        "created_at": created_at,
        "updated_at": updated_at,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "account_id": ACCOUNT_ID,
        "_links": links(f"/companies/{key}"),
        **more,
    }


def company_embedded(contacts: list[int], leads: list[int]) -> Json:
    return {
        "tags": [],
        "contacts": [link("contacts", c) for c in contacts],
        "leads": [link("leads", lead) for lead in leads],
        "customers": [],
        "catalog_elements": [],
    }
