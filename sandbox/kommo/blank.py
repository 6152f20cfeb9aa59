"""Bare records in the vendor's shape and key order (kommo-api.md 5.5 to 5.8, 5.15)."""

from typing import Any

from sandbox.kommo.linking import link
from sandbox.kommo.samples import ACCOUNT_ID, LOSS_REASON, PRODUCTS
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


def lead_embedded(
    tags: list[Json],
    contacts: list[int],
    company: int | None,
    lost: bool,
    element: int | None = None,
) -> Json:
    """The first contact is the main one."""
    return {
        "tags": tags,
        "companies": [link("companies", company)] if company else [],
        "contacts": [link("contacts", c, is_main=not n) for n, c in enumerate(contacts)],
        "catalog_elements": [bought(element)] if element else [],
        "loss_reason": [LOSS_REASON] if lost else [],
    }


def bought(element: int, quantity: int = 1, catalog: int = PRODUCTS) -> Json:
    """A catalog element as a lead embeds it (5.5)."""
    metadata = {"quantity": quantity, "catalog_id": catalog, "price_id": None}
    return {"id": element, "metadata": metadata}


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


def customer(key: int, created_at: int, updated_at: int, **more: Any) -> Json:
    return {
        "id": key,
        "name": f"Cliente {key}",
        "next_price": 0,
        "next_date": created_at + 30 * 86400,
        "responsible_user_id": 11500101,
        "status_id": 4051,
        "periodicity": 0,
        "created_by": 11500101,
        "updated_by": 11500101,
        "created_at": created_at,
        "updated_at": updated_at,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "ltv": 0,
        "purchases_count": 0,
        "average_check": 0,
        "account_id": ACCOUNT_ID,
        "_links": links(f"/customers/{key}"),
        "_embedded": {
            "tags": [],
            "segments": [],
            "contacts": [],
            "companies": [],
            "catalog_elements": [],
        },
        **more,
    }


def element(catalog: int, key: int, created_at: int, updated_at: int, **more: Any) -> Json:
    return {
        "id": key,
        "name": f"Produto {key}",
        "created_by": 11500101,
        "updated_by": 11500101,
        "created_at": created_at,
        "updated_at": updated_at,
        "is_deleted": None,
        "custom_fields_values": None,
        "catalog_id": catalog,
        "account_id": ACCOUNT_ID,
        "_links": links(f"/catalogs/{catalog}/elements/{key}"),
        **more,
    }
