"""What an administrator changes: fields, stages, pipelines, tags, users. No webhooks (6.3)."""

from collections.abc import Callable, Iterable
from copy import deepcopy

from sandbox.kommo.acts.turn import Act, Done, NothingToDo, Turn
from sandbox.kommo.views import links
from sandbox.records import Json, Key

ENTITIES = ("leads", "contacts", "companies")
OTHER_TYPE = {"text": "textarea", "textarea": "text", "numeric": "monetary", "monetary": "numeric",
              "url": "text", "streetaddress": "text", "price": "numeric"}  # fmt: skip
"""Types whose values can stay as they are."""


def add_field(turn: Turn) -> Done:
    """A text field, after the first one's pattern; `set` may give {"entity_type", "name", "type"}."""
    name = _fields_of(turn)
    table = turn.table(name)
    if not table.ids:
        raise NothingToDo(name)
    sample = table.live[table.ids[0]].open()
    key = table.next_id()
    title = turn.fields.get("name", f"Campo {key}")
    fresh = {**sample, "id": key, "name": title, "type": turn.fields.get("type", "text")}
    fresh |= {"code": None, "enums": None, "is_predefined": False, "is_deletable": True}
    fresh["_links"] = links(f"{table.spec.path}/{key}")
    table.put(table.make(fresh))
    turn.world.changed()
    return {name: [key]}


def rename_field(turn: Turn) -> Done:
    """Also in every record that has it; no `updated_at` moves (9.10)."""
    title = turn.fields.get("name", f"Campo revisto {turn.rng.randrange(1000)}")
    return _edit_field(turn, {"name": title}, lambda entry: {**entry, "field_name": title})


def retype_field(turn: Turn) -> Done:
    name, key = _a_field(turn, where=lambda r: r["type"] in OTHER_TYPE)
    kind = turn.fields.get("type") or OTHER_TYPE[turn.record(name, key)["type"]]
    return _rewrite(turn, name, key, {"type": kind}, lambda entry: {**entry, "field_type": kind})


def remove_field(turn: Turn) -> Done:
    """The definition and every value of it are gone."""
    name, key = _a_field(turn, where=lambda r: not r["is_predefined"])
    return _rewrite(turn, name, key, None, lambda _: None)


def delete_stage(turn: Turn) -> Done:
    """5.4: its leads move to the first stage, without a webhook; `ids` = [pipeline, status]."""
    pipeline, status = _a_stage(turn)
    record = turn.record("pipelines", pipeline)
    stages = [s for s in record["_embedded"]["statuses"] if s["id"] != status]
    record["_embedded"]["statuses"] = stages
    first = next(s["id"] for s in stages if s["type"] == 0)
    table, leads = turn.table("pipelines"), turn.table("leads")
    table.put(table.make(record))
    mark = b'"status_id":%d,"pipeline_id":%d,' % (status, pipeline)
    keys = [key for key in leads.ids if mark in leads.live[key].raw]
    bump = turn.world.options.stage_deletion_bumps
    turn.actions.change("leads", keys, {"status_id": first}, silent=True, bump=bump)
    turn.world.changed()
    return {"pipelines": [pipeline], "statuses": [status], "leads": keys}


def add_stage(turn: Turn) -> Done:
    key = turn.some("pipelines")[0]
    record = turn.record("pipelines", key)
    stages = record["_embedded"]["statuses"]
    fresh = deepcopy(next(s for s in stages if s["type"] == 0))
    fresh["id"] = 76900000 + turn.world.tick()
    fresh |= {"name": turn.fields.get("name", "Negociação"), "sort": 35}
    stages.insert(-2, fresh)
    _put(turn, "pipelines", record)
    return {"pipelines": [key], "statuses": [fresh["id"]]}


def rename_stage(turn: Turn) -> Done:
    pipeline, status = _a_stage(turn, closed=True)
    record = turn.record("pipelines", pipeline)
    stage = next(s for s in record["_embedded"]["statuses"] if s["id"] == status)
    stage["name"] = turn.fields.get("name", f"Etapa {turn.rng.randrange(1000)}")
    _put(turn, "pipelines", record)
    return {"pipelines": [pipeline], "statuses": [status]}


def rename_pipeline(turn: Turn) -> Done:
    fields = turn.fields or {"name": f"Funil {turn.rng.randrange(1000)}"}
    return _set(turn, "pipelines", fields)


def archive_pipeline(turn: Turn) -> Done:
    key = turn.some("pipelines")[0]
    archived = not turn.record("pipelines", key)["is_archive"]
    _put(turn, "pipelines", turn.record("pipelines", key) | {"is_archive": archived})
    return {"pipelines": [key]}


def rename_tag(turn: Turn) -> Done:
    """9.10: every record that has it shows the new name, its `updated_at` does not move."""
    entity = str(turn.fields.get("entity_type") or turn.any_of(*ENTITIES))
    name = f"{entity}_tags"
    key = turn.some(name)[0]
    title = turn.fields.get("name", f"etiqueta {turn.rng.randrange(1000)}")
    _put(turn, name, turn.record(name, key) | {"name": title})
    table = turn.table(entity)
    for holder in [k for k in table.ids if b'{"id":%d,' % key in table.live[k].raw]:
        record = turn.record(entity, holder)
        for tag in (t for t in record["_embedded"]["tags"] if t["id"] == key):
            tag["name"] = title
        _put(turn, entity, record)
    return {name: [key]}


def deactivate_user(turn: Turn) -> Done:
    key = turn.some("users")[0]
    record = turn.record("users", key)
    record["rights"]["is_active"] = not record["rights"]["is_active"]
    _put(turn, "users", record)
    return {"users": [key]}


def remove_user(turn: Turn) -> Done:
    """5.2: gone from the list, still named by records (9.19)."""
    key = turn.some("users", where=lambda r: not r["rights"]["is_admin"])[0]
    table = turn.table("users")
    table.bury(table.live[key])
    turn.world.changed()
    return {"users": [key]}


def _fields_of(turn: Turn) -> str:
    return f"{turn.fields.get('entity_type') or turn.any_of(*ENTITIES)}_custom_fields"


def _a_field(turn: Turn, where: Callable[[Json], bool] | None = None) -> tuple[str, Key]:
    name = _fields_of(turn)
    return name, turn.some(name, where=where)[0]


def _edit_field(turn: Turn, fields: Json, edited: Callable[[Json], Json | None]) -> Done:
    name, key = _a_field(turn)
    return _rewrite(turn, name, key, fields, edited)


def _rewrite(
    turn: Turn, name: str, key: Key, fields: Json | None, edited: Callable[[Json], Json | None]
) -> Done:
    """Change or remove (None) a definition, and its entry in every record."""
    definitions, entity = turn.table(name), name.removesuffix("_custom_fields")
    if fields is None:
        turn.record(name, key)
        definitions.bury(definitions.live[key])
    else:
        _put(turn, name, turn.record(name, key) | fields)
    holders, mark = turn.table(entity), b'"field_id":%d,' % key
    for holder in [k for k in holders.ids if mark in holders.live[k].raw]:
        record = turn.record(entity, holder)
        entries = [edited(e) if e["field_id"] == key else e for e in record["custom_fields_values"]]
        kept = [entry for entry in entries if entry is not None]
        _put(turn, entity, record | {"custom_fields_values": kept or None})
    turn.world.changed()
    return {name: [key]}


def _a_stage(turn: Turn, closed: bool = False) -> tuple[Key, Key]:
    """[pipeline, status] as given, else one at random; 142, 143 and incoming leads cannot go."""
    if turn.ids:
        pipeline, status = turn.ids
        return pipeline, status
    table = turn.table("pipelines")
    found = []
    for key in table.ids:
        stages = [s for s in table.live[key].open()["_embedded"]["statuses"] if s["type"] == 0]
        free = stages if closed else [s for s in stages if s["id"] not in (142, 143)][1:]
        found += [(key, stage["id"]) for stage in free]
    if not found:
        raise NothingToDo("stages")
    return turn.rng.choice(found)


def _set(turn: Turn, name: str, fields: Json) -> Done:
    key = turn.some(name)[0]
    _put(turn, name, turn.record(name, key) | fields)
    return {name: [key]}


def _put(turn: Turn, name: str, record: Json) -> None:
    table = turn.table(name)
    table.put(table.make(record))
    turn.world.changed()


def acts() -> Iterable[tuple[str, Act]]:
    yield from (
        ("fields.add", add_field), ("fields.rename", rename_field),
        ("fields.retype", retype_field), ("fields.remove", remove_field),
        ("stages.add", add_stage), ("stages.rename", rename_stage),
        ("stages.delete", delete_stage), ("pipelines.rename", rename_pipeline),
        ("pipelines.archive", archive_pipeline), ("tags.rename", rename_tag),
        ("users.deactivate", deactivate_user), ("users.remove", remove_user),
    )  # fmt: skip
