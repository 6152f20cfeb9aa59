"""How a record looks to one request: what `with` asked for, skeletons of the deleted, links."""

from collections.abc import Iterable

from sandbox.kommo.rules import Rules
from sandbox.records import Json, Record

ACCOUNT_HOST = "https://sandbox.kommo.com"
"""kommo-api.md 1.2: links are built from the account's address, whatever host was called."""
API = "/api/v4"


def href(path: str) -> str:
    return f"{ACCOUNT_HOST}{API}{path}"


def links(path: str) -> Json:
    return {"self": {"href": href(path)}}


def view(record: Record, rules: Rules, asked: Iterable[str], alone: bool = False) -> bytes:
    """The record's bytes with only the extras asked for.

    kommo-api.md 4.1: the self link of a by-id answer carries ?page=1&limit=50.
    """
    wanted = sorted(set(asked) & rules.withs.keys())
    name = ",".join(wanted) + ("|alone" if alone else "")

    def render(full: Json) -> Json:
        for extra in rules.withs.keys() - set(wanted):
            _remove(full, rules.withs[extra])
        return _alone(full) if alone else full

    if not rules.withs and not alone:
        return record.raw
    return record.view(name, render)


def skeleton(record: Record) -> bytes:
    """kommo-api.md 4.4 (ISS-254): id, updated_by, updated_at, is_deleted; the rest is null."""
    return record.view("|skeleton", _skeleton)


def _skeleton(full: Json) -> Json:
    kept = ("id", "updated_by", "updated_at", "account_id", "_links")
    bare = {k: full.get(k) if k in kept else None for k in full if k != "source_id"}
    return {**bare, "is_deleted": True, "_embedded": {"tags": [], "companies": []}}


def _alone(full: Json) -> Json:
    own = full.get("_links", {}).get("self")
    if own:
        own["href"] += "?page=1&limit=50"
    return full


def _remove(full: Json, path: str) -> None:
    first, _, rest = path.partition(".")
    if not rest:
        full.pop(first, None)
    elif isinstance(full.get(first), dict):
        full[first].pop(rest, None)
