"""Bare tasks, notes, talks and incoming leads in the vendor's shape (kommo-api.md 5.9 to 5.20)."""

import hashlib
from typing import Any

from sandbox.kommo.linking import link
from sandbox.kommo.samples import ACCOUNT_ID
from sandbox.kommo.views import links
from sandbox.records import Json


def task(key: int, at: int, **more: Any) -> Json:
    return {
        "id": key,
        "created_by": 11500101,
        "updated_by": 11500101,
        "created_at": at,
        "updated_at": at,
        "responsible_user_id": 11500101,
        "group_id": 0,
        "entity_id": None,
        "entity_type": None,
        "duration": 0,
        "is_completed": False,
        "task_type_id": 1,
        "text": "Ligar para o cliente",
        "result": [],
        "complete_till": at + 86400,
        "account_id": ACCOUNT_ID,
        "_links": links(f"/tasks/{key}"),
        **more,
    }


def note(entity: str, key: int, parent: int, at: int, **more: Any) -> Json:
    """5.10: the record does not say what kind of entity its parent is."""
    return {
        "id": key,
        "entity_id": parent,
        "created_by": 11500101,
        "updated_by": 11500101,
        "created_at": at,
        "updated_at": at,
        "responsible_user_id": 11500101,
        "group_id": 0,
        "note_type": "common",
        "params": {"text": ""},
        "account_id": ACCOUNT_ID,
        "is_pinned": False,
        "_links": links(f"/{entity}/{parent}/notes/{key}"),
        **more,
    }


def talk(key: int, at: int, contact: int, lead: int | None, **more: Any) -> Json:
    """5.20: `entity_type` is plural in REST, singular in webhooks."""
    return {
        "talk_id": key,
        "created_at": at,
        "updated_at": at,
        "rate": 0,
        "contact_id": contact,
        "chat_id": f"33b41601-0000-443b-9108-{key:012d}",
        "entity_id": lead,
        "entity_type": "leads" if lead else None,
        "is_in_work": True,
        "is_read": False,
        "origin": "whatsapp",
        "missed_at": None,
        "account_id": ACCOUNT_ID,
        "_links": links(f"/talks/{key}"),
        "_embedded": {
            "contacts": [link("contacts", contact)],
            "leads": [link("leads", lead)] if lead else [],
        },
        **more,
    }


def incoming(number: int, at: int, lead: int, contacts: list[int], category: str) -> Json:
    """5.19: metadata differs by category; the uid is 60 hexadecimal characters."""
    uid = hashlib.sha512(f"unsorted:{number}".encode()).hexdigest()[:60]
    return {
        "uid": uid,
        "source_uid": "a1fee7c0fc436088e64ba2e8822ba200",
        "source_name": "Site" if category == "forms" else "WhatsApp",
        "category": category,
        "pipeline_id": 9100001,
        "created_at": at,
        "metadata": _metadata(category, at),
        "account_id": ACCOUNT_ID,
        "_links": links(f"/leads/unsorted/{uid}"),
        "_embedded": {
            "contacts": [link("contacts", contact) for contact in contacts],
            "leads": [link("leads", lead)],
            "companies": [],
        },
    }


def _metadata(category: str, at: int) -> Json:
    match category:
        case "forms":
            return {
                "form_id": "1303311",
                "form_name": "Contato",
                "form_page": "https://acme.example.com",
                "ip": "203.0.113.5",
                "form_sent_at": at,
                "referer": "https://acme.example.com/",
            }
        case "sip":
            return {"from": "+5511900000003", "phone": "+551140000001", "called_at": at,
                    "duration": 12, "link": "https://example.com/rec/2.mp3",
                    "service_code": "sandbox", "is_call_event_needed": True}  # fmt: skip
        case "mail":
            return {"from": {"email": "cliente@example.com", "name": ""}, "received_at": at,
                    "subject": "Orçamento", "thread_id": 71, "message_id": 72}  # fmt: skip
    return {"from": "Pedro", "received_at": at, "service": "whatsapp", "client": {"name": "Pedro"},
            "origin": {"chat_id": "33b41601-0000-443b-9108-000000000001"},
            "last_message_text": "Olá! 👋"}  # fmt: skip
