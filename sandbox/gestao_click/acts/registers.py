"""Catalogues: clients, suppliers, products, the names of accounts and cost centres."""

from sandbox.gestao_click.acts.turn import Done, NothingToDo, Turn
from sandbox.records import Json

RENAMED = ("contas_bancarias", "centros_custos", "grupos_produtos", "formas_pagamentos")


def new_client(turn: Turn) -> Done:
    """a client is entered"""
    turn.table("clientes")
    name = f"Cliente {turn.rng.randrange(10_000)}"
    return {"clientes": [int(turn.actions.create("clientes", {"nome": name})["id"])]}


def edit_client(turn: Turn) -> Done:
    """a client's telephone changes"""
    client = turn.one("clientes", lambda _: True)
    phone = f"(11) 90{turn.rng.randrange(1000):03d}-0000"
    return turn.change("clientes", client, {"telefone": phone})


def edit_supplier(turn: Turn) -> Done:
    """a supplier's or carrier's telephone changes"""
    name = turn.rng.choice(("fornecedores", "fornecedores", "transportadoras"))
    found = turn.one(name, lambda row: "telefone" in row)
    return turn.change(name, found, {"telefone": f"(11) 3000-{turn.rng.randrange(10_000):04d}"})


def edit_product(turn: Turn) -> Done:
    """a product's stock or price changes"""
    product = turn.one("produtos", lambda _: True)
    fields: Json = {"estoque": turn.rng.randrange(90)}
    if turn.rng.random() < 0.3:
        fields["valor_venda"] = f"{turn.rng.randrange(10, 300)}.3333"
    return turn.change("produtos", product, fields)


def delete_client(turn: Turn) -> Done:
    """a client is deleted"""
    return _delete(turn, "clientes")


def delete_product(turn: Turn) -> Done:
    """a product is deleted"""
    return _delete(turn, "produtos")


def rename(turn: Turn) -> Done:
    """a bank account, cost centre, product group or way to pay gets another name"""
    names = [name for name in RENAMED if turn.world.has("gestao-click", name)]
    if not names:
        raise NothingToDo("catalogues")
    name = turn.rng.choice(names)
    row = turn.one(name, lambda row: "nome" in row)
    plain = row.open()["nome"].partition(" (")[0]
    return turn.change(name, row, {"nome": f"{plain} ({turn.rng.randrange(100)})"})


def _delete(turn: Turn, name: str) -> Done:
    if len(turn.table(name).ids) <= 3:
        raise NothingToDo(name)
    record = turn.one(name, lambda _: True)
    turn.actions.delete(name, [record.key])
    return {name: [record.key]}
