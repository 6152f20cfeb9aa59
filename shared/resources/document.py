"""docs/resources.md, written from the declarations: `python -m shared.resources.document` prints it.

Pure: the same declarations give the same text. tests/docs fails while the file says something else.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared import resources
from shared.resources.columns import Column, Personal, Type
from shared.resources.filters import Filter
from shared.resources.grammar import (
    About,
    AnyOf,
    Child,
    Dimension,
    Expansion,
    OneOf,
    PerRow,
    Resource,
    Windows,
)

TITLES = {"kommo": "Kommo", "gestao-click": "Gestão Click"}
HEAD = """\
# What is mirrored

Generated from the declarations in `shared/resources/`. Do not edit it: run

    .venv/bin/python -m shared.resources.document > docs/resources.md

Every table below has these columns besides its own: `integration_id` (the account, first part of the
primary key), `raw` (the record as the vendor sent it), `changed_at` (when the row was last written),
`deleted_at` (the vendor said that it is gone) and `missing_since` (it is gone without a word). A row
that is there has null in both of the last two. There are no foreign keys between the tables.

*personal*: scrubbed when the person is erased ([operations.md](operations.md#a-persons-data)); in brackets by what people
are found there; *text*: whatever somebody wrote, looked into for all of them.

What a record carries in rows of its own (lines, instalments, addresses) stands in a table beside it, with
`integration_id`, the row's key and `ordem`, which counts from 1 in the order sent, as primary key. It is written
with its row, and stays when the row is marked: join the row, and ask that `deleted_at` and `missing_since` be null.

`kommo.links` is a view over what leads, contacts, companies and customers carry of each other:
`integration_id, entity_type, entity_id, to_entity_type, to_entity_id, is_main, catalog_id, quantity`.
"""


def markdown() -> str:
    """The whole page."""
    parts = [HEAD, _index()]
    for provider, title in TITLES.items():
        parts.append(f"## {title}\n")
        parts += [_section(resource) for resource in resources.of_provider(provider)]
    return "\n".join(parts)


def _index() -> str:
    rows = (
        (f"[`{one.full_name}`](#{_anchor(one)})", _route(one), _told(one), _walked(one))
        for one in resources.ALL
    )
    return _table(("table", "HTTP", "told of changes by", "between full walks"), rows)


def _section(resource: Resource) -> str:
    facts = [
        ("at the vendor", f"`GET {resource.path}`"),
        ("sent with every request", _parameters(resource)),
        ("order", _code(" ".join(f"{k}={v}" for k, v in resource.order.items()))),
        ("key", _code(", ".join(("integration_id", *resource.key)))),
        ("cut into", "; ".join(_cut(dimension) for dimension in resource.slices)),
        ("read between full walks", _walked(resource)),
        ("webhook events", _code(*(resource.webhook.events if resource.webhook else ()))),
        ("audit log: looked at after", _code(*resource.news)),
        ("says itself that it is deleted", _code(resource.tombstone or "")),
        ("fetched again by id", _by_id(resource)),
        ("what is there stays", "append-only: nothing is swept" if resource.append_only else ""),
        ("whose it is", _code(*(_whose(about) for about in resource.about))),
        ("masked before it is stored", _code(*resource.masked)),
        ("never stored", _code(*resource.dropped)),
        ("HTTP", _route(resource)),
        ("`query` looks into", _code(*(resource.listed.search if resource.listed else ()))),
        ("`with` may add", _names(_added(resource))),
        ("filters besides columns", _names(resource.filters if resource.listed else ())),
    ]
    said = _table(("", ""), ((name, value) for name, value in facts if value))
    columns = _table(
        ("column", "type", ""),
        ((f"`{c.name}`", c.type, _note(c, resource.key)) for c in resource.columns),
    )
    children = "".join(f"\n{_child(resource, child)}" for child in resource.children)
    return f"### {resource.full_name}\n\n{said}\n{columns}{children}"


def _child(resource: Resource, child: Child) -> str:
    """The table of what a record carries in itself."""
    columns = _table(
        ("column", "type", ""), ((f"`{c.name}`", c.type, _note(c)) for c in child.columns)
    )
    where = f"`{'[].'.join(child.path)}[]`"
    return (
        f"`{resource.full_name}_{child.name}`: one row for each of {where}, by `{child.parent}` and `ordem`.\n\n"
        f"{columns}"
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _anchor(resource: Resource) -> str:
    """GitHub's: lower case, dots dropped."""
    return resource.full_name.replace(".", "")


def _code(*words: str) -> str:
    return ", ".join(f"`{word}`" for word in words if word)


def _names(declared: Iterable[Expansion | Child | Filter]) -> str:
    return _code(*(each.name for each in declared))


def _added(resource: Resource) -> tuple[Expansion | Child, ...]:
    return (*resource.listed.expands, *resource.children) if resource.listed else ()


def _parameters(resource: Resource) -> str:
    return _code(*(f"{name}={value}" for name, value in sorted(resource.params.items())))


def _route(resource: Resource) -> str:
    if resource.listed is None:
        return ""
    names = dict.fromkeys((resource.listed.route, resource.name))
    return _code(*(f"/api/{resource.provider}/{name}" for name in names))


def _whose(about: About) -> str:
    said = [*(f"{name}={value}" for name, value in about.where.items())]
    by = f"_embedded.{about.embedded}" if about.embedded else about.by
    return " ".join([f"{about.to} by {by}", *said])


def _told(resource: Resource) -> str:
    ways = (
        "webhooks" if resource.webhook else "",
        "the audit log" if resource.news else "",
    )
    return ", ".join(filter(None, ways)) or "nothing"


def _by_id(resource: Resource) -> str:
    by_id = resource.by_id
    if by_id is None:
        return "no"
    if by_id.filter is None:
        return f"one at a time: `{resource.path}/{{id}}`"
    return f"up to {by_id.most} at once: `{by_id.filter}`"


def _walked(resource: Resource) -> str:
    if resource.unlisted:
        return "never: the vendor has no list of it"
    if resource.since:
        return f"what changed (`filter[{resource.since.parameter}][from]`)"
    windows = resource.windows
    return _lately(windows) if windows else "the whole list"


def _lately(windows: Windows) -> str:
    back, ahead = windows.near
    near = f"from {back} days back to {ahead} ahead, by {_or(windows.columns)}"
    still = f"; older ones whose `{windows.open.column}` leaves them open" if windows.open else ""
    return f"{near}{still}; a few months of history"


def _or(columns: tuple[str, ...]) -> str:
    return " or else ".join(f"`{name}`" for name in columns)


def _cut(dimension: Dimension) -> str:
    if isinstance(dimension, OneOf):
        return f"one walk for each `{dimension.parameter}`: {_code(*dimension.options)}"
    if isinstance(dimension, AnyOf):
        return "; ".join(_cut(each) for each in dimension.dimensions)
    if isinstance(dimension, PerRow):
        return f"one walk for each row of `{dimension.needs}` (`{dimension.parameter}`)"
    if isinstance(dimension, Windows):
        return f"calendar months (`{dimension.start}`, `{dimension.end}`)"
    return type(dimension).__name__


def _note(column: Column, key: tuple[str, ...] = ()) -> str:
    notes = [
        "key" if column.name in key else "",
        "as asked for; the record does not carry it" if column.asked else "",
        "exact" if column.type is Type.NUMERIC and key else "",
        f"personal{_kind(column)}" if column.is_personal else "",
    ]
    return ", ".join(note for note in notes if note)


def _kind(column: Column) -> str:
    return "" if column.personal is Personal.DATA else f" ({column.personal})"


if __name__ == "__main__":
    print(markdown(), end="")
