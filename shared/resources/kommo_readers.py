"""How what Kommo sends becomes values: the readers of its declarations. Facts: kommo-api.md 5."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from shared.resources.columns import (
    Column,
    Context,
    Record,
    Type,
    computed,
    dig,
    email,
    nobodys,
    phone,
    phone_number,
    written,
)


def _fields(record: Record) -> Iterable[Mapping[str, Any]]:
    """`custom_fields_values` is null, a list, or a map with numeric keys (kommo-api.md 5, 5.14)."""
    sent = record.get("custom_fields_values") or []
    return sent.values() if isinstance(sent, Mapping) else sent


def _custom_fields(record: Record, _: Context) -> str:
    """{"1400002": {"name", "code", "type", "values": [as sent]}}; the whole set each time."""
    fields = {
        str(field["field_id"]): {
            "name": field.get("field_name"),
            "code": field.get("field_code"),
            "type": field.get("field_type"),
            "values": field.get("values") or [],
        }
        for field in _fields(record)
    }
    return orjson.dumps(fields).decode()


def _values_of(record: Record, code: str) -> list[str]:
    """Filled values of the multitext fields with a code, in order, each once (kommo-api.md 5.14)."""
    values = [
        str(value["value"]).strip()
        for field in _fields(record)
        if field.get("field_code") == code
        for value in field.get("values") or []
        if isinstance(value, Mapping) and value.get("value") not in (None, "")
    ]
    return list(dict.fromkeys(values))


def _phones(record: Record, context: Context) -> list[str]:
    numbers = (phone_number(typed, context.country) for typed in _values_of(record, "PHONE"))
    return list(dict.fromkeys(number for number in numbers if number))


def _emails(record: Record, _: Context) -> list[str]:
    return list(dict.fromkeys(email.lower() for email in _values_of(record, "EMAIL")))


def _embedded(record: Record, name: str) -> list[Mapping[str, Any]]:
    found = dig(record, ("_embedded", name)) or []
    if isinstance(found, list):
        return found
    return list(found.values()) if isinstance(found, Mapping) else list(found)


def _main_contact(record: Record, _: Context) -> int | None:
    contacts = _embedded(record, "contacts")
    return next((int(contact["id"]) for contact in contacts if contact.get("is_main")), None)


def _result_text(record: Record, _: Context) -> str | None:
    """`result` is [] until the task is done, then {"text"} (kommo-api.md 5.9)."""
    found = dig(record, ("result", "text"))
    return None if found is None else str(found)


def _tags(record: Record, _: Context) -> list[str]:
    """Names in order, each once: one entity may carry a tag twice (kommo-api.md 9, 17)."""
    return list(dict.fromkeys(str(tag["name"]) for tag in _embedded(record, "tags")))


def _enums(record: Record, _: Context) -> str | None:
    """A list, null, or a map keyed by index: one shape (kommo-api.md 5.13; 9, 39)."""
    sent = record.get("enums")
    options = list(sent.values()) if isinstance(sent, Mapping) else sent
    return None if options is None else orjson.dumps(options).decode()


def first_embedded(column: str, name: str) -> Column:
    """The id of the first record that is embedded under a name."""

    def read(record: Record, _: Context) -> int | None:
        return next((int(each["id"]) for each in _embedded(record, name)), None)

    return computed(column, Type.BIGINT, read, "_embedded", name)


def stages_only(values: Any) -> Any:
    """Of what an event tells: the stage that a lead was in. Figures of stages stand upon it."""
    sent = values if isinstance(values, list) else []
    kept = [
        value["lead_status"]
        for value in sent
        if isinstance(value, Mapping) and "lead_status" in value
    ]
    return [{"lead_status": stage} for stage in kept] or None


COMPANY_ID = first_embedded("company_id", "companies")
"""0 or 1 company is embedded in leads and contacts (kommo-api.md 5.5, 5.6)."""
MAIN_CONTACT_ID = computed("main_contact_id", Type.BIGINT, _main_contact, "_embedded", "contacts")
PHONES = phone(computed("phones", Type.TEXTS, _phones, "custom_fields_values"))
EMAILS = email(computed("emails", Type.TEXTS, _emails, "custom_fields_values"))
(TAGS,) = nobodys(computed("tags", Type.TEXTS, _tags, "_embedded", "tags"))
(CUSTOM_FIELDS,) = written(
    computed("custom_fields", Type.JSON, _custom_fields, "custom_fields_values")
)
(RESULT_TEXT,) = written(computed("result_text", Type.TEXT, _result_text, "result", "text"))
ENUMS = computed("enums", Type.JSON, _enums, "enums")
