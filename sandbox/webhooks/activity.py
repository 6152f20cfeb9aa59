"""Tasks, notes, incoming leads, talks and messages in a webhook body (kommo-api.md 6.5)."""

from typing import Any

import orjson

from sandbox.records import Json
from sandbox.webhooks.codes import Group
from sandbox.webhooks.values import local, when

ELEMENT_TYPES = {"contacts": 1, "leads": 2, "companies": 3, "customers": 12}
SINGULAR = {"contacts": "contact", "leads": "lead", "companies": "company", "customers": "customer"}
NOTE_TYPES = {"common": 4, "attachment": 5, "call_in": 10, "call_out": 11, "sms_in": 102,
              "sms_out": 103, "service_message": 25, "extended_service_message": 25}  # fmt: skip
"""6.5: numeric here; 4 and 5 are documented, the rest comes from a v2 client."""
OTHER_NOTE = 25
AUTHOR = "e1ec058c-0000-4b59-a24b-000000000001"


def task(_: Group, record: Json, old: Json, action: str) -> Json:
    """String dates beside the unix ones; `action_close` and `result` on update."""
    tree = {
        "id": record["id"],
        "element_id": record.get("entity_id"),
        "element_type": ELEMENT_TYPES.get(str(record.get("entity_type"))),
        "task_type": record.get("task_type_id"),
        "date_create": when(record.get("created_at")),
        "text": record.get("text"),
        "status": record.get("is_completed"),
        "account_id": record.get("account_id"),
        "created_user_id": record.get("created_by"),
        "last_modified": when(record.get("updated_at")),
        "responsible_user_id": record.get("responsible_user_id"),
        "complete_till": when(record.get("complete_till")),
        "created_at": record.get("created_at"),
        "updated_at": record.get("updated_at"),
        "complete_before": record.get("complete_till"),
    }
    return tree | _task_changes(record, old) if action == "update" else tree


def _task_changes(record: Json, old: Json) -> Json:
    result = record.get("result") or {}
    changes = {
        "action_close": record.get("is_completed"),
        "old_text": old.get("text", record.get("text")),
        "result": {"id": record["id"] + 1, "text": result["text"]} if result else None,
    }
    if "responsible_user_id" in old:
        changes |= {
            "main_user": record.get("responsible_user_id"),
            "modified_by": record.get("updated_by"),
            "old_responsible_user_id": old["responsible_user_id"],
        }
    return changes


def note(group: Group, parent: str, record: Json) -> Json:
    """Nested one level deeper than anything else; contacts and companies have `type` beside it."""
    params: Any = record.get("params") or {}
    kind = str(record.get("note_type"))
    text = params.get("text")
    if kind in ("call_in", "call_out"):
        text = orjson.dumps({name.upper(): value for name, value in params.items()}).decode()
    source = {"event_source": {"id": record.get("created_by"), "author_name": "Ana Prado"}}
    inner = {
        "text": text or "",
        "attachement": params.get("original_name") or params.get("file_name") or "",
        "date_create": local(record.get("created_at")),
        "note_type": NOTE_TYPES.get(kind, OTHER_NOTE),
        "element_type": ELEMENT_TYPES[parent],
        "element_id": record.get("entity_id"),
        "catalog_id": 0,
        "group_id": record.get("group_id"),
        "timestamp_x": local(record.get("updated_at")),
        "account_id": record.get("account_id"),
        "metadata": orjson.dumps(source).decode(),
        "created_by": record.get("created_by"),
        "modified_by": record.get("updated_by"),
        "main_user_id": record.get("responsible_user_id"),
        "id": record["id"],
        "created_at": record.get("created_at"),
        "updated_at": record.get("updated_at"),
    }
    return {"note": inner, "type": group.kind or None}


def incoming(_: Group, record: Json, old: Json, action: str) -> Json:
    """`old` holds what became of it: {"action": "accept", "leads": [id]} for delete."""
    lead = record["_embedded"]["leads"][0]["id"]
    head = {"uid": record["uid"], "category": record["category"]}
    if action == "delete":
        done = str(old.get("action", "decline"))
        result = {f"{done}_result": {"leads": old.get("leads", [])}}
        at, by = record["created_at"], old.get("by")
        return {"action": done, **head, **result, "created_at": at, "modified_user_id": by}
    contacts = [{"id": item["id"]} for item in record["_embedded"]["contacts"]]
    return {
        **head,
        "source": "sandbox",
        "source_uid": record["source_uid"],
        "source_data": record["metadata"],
        "date_create": record["created_at"],
        "data": {"leads": [{"id": lead, "gso_session_uid": "null"}], "contacts": contacts},
        "pipeline_id": record["pipeline_id"],
        "account_id": record["account_id"],
        "request_id": 0,
        "source_id": 4401,
        "lead_id": lead,
        "created_at": record["created_at"],
    }


def talk(_: Group, record: Json, __: Json, ___: str) -> Json:
    names = ("talk_id", "created_at", "updated_at", "rate", "contact_id", "chat_id", "entity_id",
             "is_in_work", "is_read", "origin")  # fmt: skip
    kind = SINGULAR.get(str(record.get("entity_type")))
    return {name: record.get(name) for name in names} | {"entity_type": kind}


def message(talk: Json, text: str, number: int, at: int, incoming: bool = True) -> Json:
    """6.5: one chat message; `add_message` and (?) `add_outgoing_message`."""
    kind = "external" if incoming else "internal"
    return {
        "id": f"660b5b93-0000-4ead-ac38-{number:012d}",
        "chat_id": talk["chat_id"],
        "talk_id": talk["talk_id"],
        "contact_id": talk["contact_id"],
        "text": text,
        "created_at": at,
        "element_type": 2 if talk["entity_id"] else None,
        "entity_type": SINGULAR.get(str(talk["entity_type"])),
        "element_id": talk["entity_id"],
        "entity_id": talk["entity_id"],
        "type": "incoming" if incoming else "outgoing",
        "author": {"id": AUTHOR, "type": kind, "name": "Pedro"},
        "origin": talk["origin"],
    }
