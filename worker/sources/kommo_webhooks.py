"""Kommo's webhook bodies: which records to look at. Facts: kommo-api.md 6.1 to 6.5, 6.9.

A body is unsigned, partial and out of order; only (entity, id, action) is taken from it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import parse_qsl

from shared import resources
from shared.resources.grammar import Resource

LARGEST_BODY = 10_000_000
MOST_FIELDS = 100_000
_FIELD = re.compile(r"(\w{1,40})\[(\w{1,40})\](?:\[([0-9]{1,9})\])?(?:\[(id|type)\])?", re.ASCII)
_ACCOUNT = "account[id]"
_ID = re.compile(r"[0-9]{1,18}")

GROUPS: dict[str, Resource] = {
    resource.webhook.group: resource
    for resource in resources.of_provider("kommo")
    if resource.webhook
}
ALIASES = {"lead": "leads", "contact": "contacts", "company": "companies", "tasks": "task"}
"""Digital-pipeline hooks write the singular, old ones the plural (kommo-api.md 6.4, 6.9)."""
ACTIONS = frozenset(("add", "update", "status", "responsible", "delete", "restore"))
PIPELINE_EVENTS = frozenset(("mail_in", "call_in", "chat", "site_visit"))


@dataclass(frozen=True)
class Look:
    """A record to fetch again. deleted: the body says that it was deleted."""

    resource: Resource
    id: str
    deleted: bool


@dataclass(frozen=True)
class Heard:
    """account: the sender's id, None when it does not say; other: what is not mirrored yet."""

    account: str | None
    looks: tuple[Look, ...]
    other: tuple[str, ...]


class Undecodable(ValueError):
    """The body is kept with this reason, and answered 200 all the same."""


def decode(body: bytes) -> Heard:
    """What a body asks to look at; raises Undecodable when it is no form at all."""
    if len(body) >= LARGEST_BODY:
        raise Undecodable(f"longer than {LARGEST_BODY} bytes")
    try:
        sent = parse_qsl(
            body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise Undecodable(f"more than {MOST_FIELDS} fields") from None
    # PostgreSQL's text, where outcomes are kept, cannot hold NUL
    pairs = [(name.replace("\x00", ""), value.replace("\x00", "")) for name, value in sent]
    if not any(_FIELD.match(name) for name, _ in pairs):
        raise Undecodable("no field of the form group[action][n][field]")
    account = next((value for name, value in pairs if name == _ACCOUNT), None)
    return _heard(account, _entries(pairs))


def _entries(pairs: list[tuple[str, str]]) -> dict[tuple[str, str, str], dict[str, str]]:
    """(group, action, index) → its id and type; a delete may come without index or as a bare id."""
    entries: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for name, value in pairs:
        found = _FIELD.match(name)
        if not found or found[1] == "account":
            continue
        group, action, index, field = found.groups()
        entry = entries[(ALIASES.get(group, group), action, index or "")]
        if found.end() == len(name) and (field or (action == "delete" and index)):
            entry.setdefault(field or "id", value)
    return entries


def _heard(account: str | None, entries: dict[tuple[str, str, str], dict[str, str]]) -> Heard:
    looks: dict[Look, None] = {}
    other: dict[str, None] = {}
    for (group, action, _), entry in entries.items():
        targets = _targets(group, action, entry)
        for resource in targets:
            # one spelling: what comes back is compared with what was asked for
            looks[Look(resource, str(int(entry["id"])), action == "delete")] = None
        if not targets:
            other[f"{group}[{action}]"] = None
    return Heard(account, tuple(looks), tuple(other))


def _targets(group: str, action: str, entry: dict[str, str]) -> list[Resource]:
    """The resources that an entry is about: companies come among the contacts (kommo-api.md 6.4)."""
    if action not in ACTIONS | PIPELINE_EVENTS or not _ID.fullmatch(entry.get("id", "")):
        return []
    kind = ALIASES.get(entry.get("type", ""), "")
    if group in ("contacts", "companies"):
        names = (
            [kind]
            if kind in GROUPS
            else ["contacts", "companies"]
            if group == "contacts"
            else [group]
        )
    else:
        names = [group]
    return [GROUPS[name] for name in names if name in GROUPS]
