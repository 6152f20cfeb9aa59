"""Kommo's webhook bodies: which records to look at. Facts: kommo-api.md 6.1 to 6.5, 6.9.

A body is unsigned, partial and out of order; only (entity, id, action) is taken from it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

from shared import resources
from shared.resources.grammar import Resource

LARGEST_BODY = 10_000_000
MOST_FIELDS = 100_000
LONGEST = 1_000
"""Bytes of a name or value, as sent: what tells of a record is far shorter."""
_FIELD = re.compile(
    r"(\w{1,40})\[(\w{1,40})\](?:\[([0-9]{1,9})\])?((?:\[[^\[\]]{0,100}\]){0,12})", re.ASCII
)
_ACCOUNT = "account[id]"
_ID = re.compile(r"[0-9]{1,18}")
_UID = re.compile(r"[A-Za-z0-9-]{1,100}")
_BECAME = ("accept_result.leads.", "decline_result.leads.")
_TELLING = frozenset(("id", "type", "note.id", "talk_id", "catalog_id", "uid", "lead_id"))

GROUPS: dict[str, Resource] = {
    resource.webhook.group: resource
    for resource in resources.of_provider("kommo")
    if resource.webhook
}
ALIASES = {
    "lead": "leads",
    "contact": "contacts",
    "company": "companies",
    "customer": "customers",
    "tasks": "task",
}
"""Digital-pipeline hooks write the singular, old ones the plural (kommo-api.md 6.4, 6.9)."""
ACTIONS = frozenset(("add", "update", "status", "responsible", "delete", "restore"))
PIPELINE_EVENTS = frozenset(("mail_in", "call_in", "chat", "site_visit"))
NOTABLE = ("leads", "contacts", "companies")

Entry = dict[str, str]
"""The fields of one record in a body that say who it is: {"id", "type", "note.id", "lead_id", …}."""


@dataclass(frozen=True)
class Look:
    """A record to fetch again. deleted: the body says that it was deleted; slice: where it stands."""

    resource: Resource
    id: str
    deleted: bool = False
    slice: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Heard:
    """account: the sender's id, None when it does not say; other: what is not mirrored."""

    account: str | None
    looks: tuple[Look, ...]
    other: tuple[str, ...]


class Undecodable(ValueError):
    """The body is kept with this reason, and answered 200 all the same."""


def decode(body: bytes) -> Heard:
    """What a body asks to look at; raises Undecodable when it is no form at all."""
    if len(body) >= LARGEST_BODY:
        raise Undecodable(f"longer than {LARGEST_BODY} bytes")
    if body.count(b"&") >= MOST_FIELDS:
        raise Undecodable(f"more than {MOST_FIELDS} fields")
    account, formed = None, False
    entries: dict[tuple[str, str, str], Entry] = defaultdict(dict)
    for name, value in _fields(body):
        found = _FIELD.match(name)
        formed = formed or found is not None
        if name == _ACCOUNT and account is None:
            account = _text(value)
        elif found and found.end() == len(name) and found[1] != "account":
            _note(entries, found, value)
    if not formed:
        raise Undecodable("no field of the form group[action][n][field]")
    return _heard(account, entries)


def _fields(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and, not yet decoded, their values; one at a time, because a body of 10 MB is not held twice."""
    start = 0
    while start < len(body):
        end = body.find(b"&", start)
        end = len(body) if end < 0 else end
        equal = body.find(b"=", start, end)
        equal = end if equal < 0 else equal
        yield (
            _text(body[start : min(equal, start + LONGEST)]),
            body[equal + 1 : min(end, equal + 1 + LONGEST)],
        )
        start = end + 1


def _text(sent: bytes) -> str:
    """PostgreSQL's text, where outcomes are kept, cannot hold NUL."""
    return unquote_plus(sent.decode(errors="replace")).replace("\x00", "")


def _note(entries: dict[tuple[str, str, str], Entry], found: re.Match[str], value: bytes) -> None:
    """(group, action, index) → its telling fields by dotted path; a delete may come without index or as a bare id.

    The same name may stand for a scalar and for a map (6.2, 3): each has a path of its own here.
    """
    group, action, index, rest = found.groups()
    path = ".".join(rest.strip("[]").split("][")) if rest else ""
    if not path and action == "delete" and index:
        path = "id"
    entry = entries[(ALIASES.get(group, group), action, index or "")]
    if path in _TELLING or path.startswith(_BECAME):
        entry.setdefault(path, _text(value))


def _heard(account: str | None, entries: dict[tuple[str, str, str], Entry]) -> Heard:
    looks: dict[Look, None] = {}
    other: dict[str, None] = {}
    for (group, action, _), entry in entries.items():
        found = list(_looks(group, action, entry))
        looks.update(dict.fromkeys(found))
        if not found:
            other[f"{group}[{action}]"] = None
    return Heard(account, tuple(looks), tuple(other))


def _looks(group: str, action: str, entry: Entry) -> Iterator[Look]:
    """Everything that one entry of a body is about."""
    gone = action == "delete"
    if action == "note" and group in NOTABLE:
        for parent in _kinds(group, entry.get("type")):
            yield from _numbered("note", entry.get("note.id"), entity_type=parent)
    elif action not in ACTIONS | PIPELINE_EVENTS:
        return
    elif group == "unsorted":
        yield from _unsorted(entry, gone)
    elif group == "talk":
        yield from _numbered(group, entry.get("talk_id"), deleted=gone)
    elif group == "catalogs":
        if _ID.fullmatch(entry.get("catalog_id", "")):
            catalog = str(int(entry["catalog_id"]))
            yield from _numbered(group, entry.get("id"), deleted=gone, catalog_id=catalog)
    else:
        for kind in _kinds(group, entry.get("type")):
            yield from _numbered(kind, entry.get("id"), deleted=gone)


def _kinds(group: str, type_: str | None) -> list[str]:
    """Companies come among the contacts; without a type it may be either (kommo-api.md 6.4)."""
    if group != "contacts":
        return [group]
    kind = ALIASES.get(type_ or "", "")
    return [kind] if kind in GROUPS else ["contacts", "companies"]


def _numbered(group: str, id_: str | None, deleted: bool = False, **slice_: str) -> Iterator[Look]:
    """One spelling of the id: what comes back is compared with what was asked for."""
    if group in GROUPS and id_ and _ID.fullmatch(id_):
        yield Look(GROUPS[group], str(int(id_)), deleted, tuple(slice_.items()))


def _unsorted(entry: Entry, gone: bool) -> Iterator[Look]:
    """An incoming lead, and the lead that it is or has become (kommo-api.md 6.5, 9.42)."""
    if _UID.fullmatch(entry.get("uid", "")):
        yield Look(GROUPS["unsorted"], entry["uid"], gone)
    yield from _numbered("leads", entry.get("lead_id"))
    for path, value in entry.items():
        if path.startswith(_BECAME):
            yield from _numbered("leads", value)
