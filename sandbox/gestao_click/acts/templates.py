"""New documents in the shape of those that are there: a list's first row, filled anew."""

from typing import Any

from sandbox.gestao_click.acts.turn import NothingToDo, Turn
from sandbox.records import Json, Table


def shaped(turn: Turn, name: str, *contents: Json) -> Json:
    """The keys and the order of the list's first row; later contents win, unknown keys fall out."""
    model = _model(turn.table(name))
    for content in contents:
        model |= {key: value for key, value in content.items() if key in model}
    at = {key: turn.at for key in ("cadastrado_em", "modificado_em") if key in model}
    return model | at | {key: "" for key in ("chave", "protocolo") if key in model}


def next_code(turn: Turn, name: str, field: str = "codigo") -> str:
    """One more than the newest record's."""
    table = turn.table(name)
    newest = next((table.live[k] for k in reversed(table.ids) if not table.live[k].planted), None)
    code = str(newest.open().get(field) or "") if newest else ""
    return str(int(code) + 1) if code.isdecimal() else "1"


def hidden_like(turn: Turn, name: str, **known: Any) -> Json | None:
    """What the list's records know and do not show, as far as the list has such things."""
    table = turn.table(name)
    record = next((table.live[k] for k in table.ids if not table.live[k].planted), None)
    kept = {key: known[key] for key in (record.hidden or {}) if key in known} if record else {}
    return kept or None


def situations(turn: Turn, name: str) -> list[Json]:
    """The ids and names of a list's situations: the usual first one, others, cancelled ones."""
    rows = sorted(turn.all(f"situacoes_{name}"), key=lambda row: row.get("padrao") != "1")
    found = [{"situacao_id": row["id"], "nome_situacao": row["nome"]} for row in rows]
    return sorted(found, key=is_cancelled)


def is_cancelled(row: Json) -> bool:
    name = str(row.get("nome_situacao")).casefold()
    return "cancel" in name or "recusad" in name


def next_situation(turn: Turn, name: str, row: Json) -> Json:
    """The one after the row's; NothingToDo for the last, or a cancelled one."""
    order = [entry for entry in situations(turn, name) if not is_cancelled(entry)]
    ids = [entry["situacao_id"] for entry in order]
    place = ids.index(row["situacao_id"]) if row["situacao_id"] in ids else len(ids)
    if place + 1 >= len(ids):
        raise NothingToDo(name)
    return order[place + 1]


def cancelled(turn: Turn, name: str) -> Json:
    """The cancelled situation, where the account has one."""
    found = [entry for entry in situations(turn, name) if is_cancelled(entry)]
    if not found:
        raise NothingToDo(name)
    return found[0]


def _model(table: Table) -> Json:
    for key in table.ids:
        if not table.live[key].planted:
            return table.live[key].open()
    raise NothingToDo(table.spec.name)
