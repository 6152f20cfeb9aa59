"""What is held on a person is given whole, written down, and what Ponte cannot erase is named."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from sqlalchemy import event, insert, select, text, update
from typer.testing import CliRunner, Result

from shared import integrations
from shared.db.bookkeeping import person_key
from shared.db.matching import matches
from shared.db.mirror import rows_table
from shared.errors import Misuse
from shared.identities import known_by
from shared.resources import BY_NAME
from shared.resources.columns import Context
from shared.secrets import Keyring
from tests.ground import SECRET_KEY
from tests.worker.people.conftest import CLIENT, PAULO, Stage
from worker.cli import app
from worker.commands import opened
from worker.people import erasing, export, requests, tombstones
from worker.reach import Reach
from worker.sync import rows
from worker.sync.upsert import Mirror


def keys(held: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in held["records"]:
        found.setdefault(each["list"], set()).add(each["key"])
    return found


def test_everything_of_both_mirrors_is_given_with_what_hangs_on_it(stage: Stage) -> None:
    body = b"contacts%5Bupdate%5D%5B0%5D%5Bname%5D=Paulo"
    stage.deliver(body, [f"kommo.contacts:{PAULO}"])
    held = stage.export()
    found = keys(held)
    assert found["kommo.contacts"] == {str(PAULO)}
    assert found["gestao_click.clientes"] == {CLIENT}
    assert found["kommo.leads"]
    assert found["gestao_click.vendas"]
    client = next(r for r in held["records"] if r["list"] == "gestao_click.clientes")
    assert client["row"]["raw"]["nome"] == client["row"]["nome"] == stage.name
    assert [each["body"] for each in held["deliveries"]] == ["contacts[update][0][name]=Paulo"]
    vendors = {each["list"]: each for each in held["at_the_vendors"]}
    assert vendors["kommo.contacts"]["ids"] == [str(PAULO)]
    assert vendors["kommo.contacts"]["where"]
    assert orjson.dumps(held, default=str, option=orjson.OPT_NON_STR_KEYS)


def put(reach: Reach, name: str, *records: dict[str, Any], **asked: str) -> None:
    """Rows of a list, as a look brings them."""
    resource, now = BY_NAME[f"gestao_click.{name}"], datetime.now(UTC)
    with reach.engine.begin() as connection:
        integration = integrations.ensure(connection, reach.settings)[-1]
        assert integration.provider == "gestao-click"
        batch = rows.batch(resource, records, Context(asked))
        Mirror(connection, integration.id, resource, "a test").put(batch, now, now)


def read(reach: Reach, name: str) -> dict[str, Any]:
    with reach.engine.begin() as connection:
        row = connection.execute(select(rows_table(BY_NAME[f"gestao_click.{name}"]))).one()
        return dict(row._mapping)


SALE = {
    "id": "1",
    "cliente_id": "7",
    "nome_cliente": "Ana Exemplo",
    "transportadora_id": "9",
    "nome_transportadora": "Beto Fretes",
    "valor_total": "10.50",
    "more": "x",
}


def test_who_is_only_named_in_a_record_loses_the_name_and_the_other_nothing(reach: Reach) -> None:
    carrier = {"id": "9", "nome": "Beto Fretes", "email": "beto@example.com"}
    put(reach, "transportadoras", carrier)
    put(reach, "vendas", SALE, tipo="produto", loja_id="1")
    person = known_by(emails=["beto@example.com"])
    with reach.engine.begin() as connection:
        found = export.search_all(connection, person)
        held = export.everything(connection, reach.settings, found, person)["records"]
    assert [r["row"] for r in held if r["list"] == "gestao_click.vendas"] == [
        {"nome_transportadora": "Beto Fretes"}
    ]
    erasing.erase(reach, person, "a test")
    row = read(reach, "vendas")
    assert (row["nome_transportadora"], row["nome_cliente"]) == (None, "Ana Exemplo")
    assert row["raw"] == {name: SALE[name] for name in SALE if name != "nome_transportadora"}
    written = row["changed_at"]
    put(reach, "vendas", SALE, tipo="produto", loja_id="1")
    assert read(reach, "vendas")["changed_at"] == written
    assert erasing.keep_erased(reach) == 0


def test_of_a_record_that_is_wholly_a_persons_only_what_is_declared_to_be_nobodys_stays(
    reach: Reach,
) -> None:
    line = {"produto": {"produto_id": 5, "nome_produto": "Mesa", "detalhes": "gravar Ana"}}
    told = {"observacoes": "ligar", "vendedor_id": "3", "nome_vendedor": "Caio"}
    client = {"id": "7", "nome": "Ana Exemplo", "cpf": "529.982.247-25", "celular": ""}
    home = {"enderecos": [{"endereco": {"logradouro": "Rua Exemplo", "cidade_id": "1"}}]}
    put(reach, "clientes", client | home)
    put(reach, "vendas", SALE | told | {"produtos": [line]}, tipo="produto", loja_id="1")
    erasing.erase(reach, known_by(cpfs=["52998224725"]), "a test")
    row = read(reach, "vendas")
    kept = {name: SALE[name] for name in ("id", "cliente_id", "transportadora_id", "valor_total")}
    kept |= {"nome_transportadora": "Beto Fretes", "vendedor_id": "3", "nome_vendedor": "Caio"}
    produtos = [{"produto_id": 5, "nome_produto": "Mesa"}]
    assert row["raw"] == kept | {"produtos": produtos}
    assert (row["nome_vendedor"], row["observacoes"], row["loja_id"]) == ("Caio", None, "1")
    assert read(reach, "clientes")["raw"] == {"id": "7", "enderecos": [{"cidade_id": "1"}]}
    with reach.engine.begin() as connection:
        (lines,) = connection.execute(text("select * from gestao_click.vendas_produtos")).all()
        (places,) = connection.execute(text("select * from gestao_click.clientes_enderecos")).all()
    assert (lines.nome_produto, lines.detalhes) == ("Mesa", None)
    assert (places.cidade_id, places.logradouro) == ("1", None)


def test_where_nobody_was_erased_a_page_costs_one_more_statement(reach: Reach) -> None:
    put(reach, "vendas", SALE, tipo="produto", loja_id="1")
    asked: list[str] = []
    heard = event.listens_for(reach.engine, "before_cursor_execute")
    heard(lambda _c, _cursor, statement, *_: asked.append(statement))
    put(reach, "vendas", SALE, tipo="produto", loja_id="1")
    assert [sql for sql in asked if "erased" in sql or "person" in sql] == [
        sql for sql in asked if "from ponte.erased_people" in sql.lower()
    ]
    assert sum("erased_people" in sql for sql in asked) == 1


def run(reach: Reach, work: Any, *args: Any) -> Any:
    with reach.engine.begin() as connection:
        return work(connection, *args)


def test_requests_are_written_down_without_the_person(reach: Reach) -> None:
    person = known_by(phones=["11 98765-4321"], emails=["ana@example.com"])
    run(reach, requests.note, requests.EXPORT, person, "Rita", {"kommo.contacts": 1})
    erasing.erase(reach, person, "Rita")
    told = run(reach, requests.listed)
    assert [(each["kind"], each["asked_by"]) for each in told] == [
        ("erase", "Rita"),
        ("export", "Rita"),
    ]
    assert told[0]["person"] == told[1]["person"]
    assert "98765" not in str(told)
    assert "ana@" not in str(told)


def test_tombstones_are_known_again_after_the_secret_key_has_changed(reach: Reach) -> None:
    person = known_by(phones=["11 98765-4321"])
    erasing.erase(reach, person, "Rita")
    before = run(reach, tombstones.hashing_key)
    newer = Keyring(["n" * 40, SECRET_KEY])
    reach.engine.update_execution_options(keys=newer)
    assert run(reach, tombstones.hashing_key) == before
    sealed = run(reach, lambda c: c.scalar(select(person_key.c.sealed)))
    again = newer.encrypt(newer.decrypt(bytes(sealed)))
    run(reach, lambda c: c.execute(update(person_key).values(sealed=again)))
    reach.engine.update_execution_options(keys=Keyring(["n" * 40]))
    assert run(reach, tombstones.lift, person) == 1


def test_the_commands_show_first_then_scrub_and_tell_by_their_exit_codes(
    reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "opened", lambda *_, **__: nullcontext(reach))
    put(reach, "clientes", {"id": "7", "nome": "Ana Exemplo", "cpf": "529.982.247-25"})

    def ponte(*argv: str) -> Result:
        return CliRunner().invoke(app, ["person", *argv])

    shown = ponte("erase", "--cpf", "52998224725")
    assert shown.exit_code == 0
    assert "gestao_click.clientes: 1 would be scrubbed (--yes does it)" in shown.stdout
    assert "Ana" not in shown.stdout
    assert read(reach, "clientes")["nome"] == "Ana Exemplo"
    held = ponte("export", "--cpf", "52998224725", "--by", "Rita")
    assert held.exit_code == 0
    assert (
        orjson.loads(held.stdout[held.stdout.index("{\n") :])["records"][0]["row"]["nome"]
        == "Ana Exemplo"
    )
    scrubbed = ponte("erase", "--cpf", "52998224725", "--yes", "--json").stdout
    done = orjson.loads(scrubbed[scrubbed.index("{\n") :])  # what is logged stands before it here
    assert (done["erased"], done["records"]) == (True, {"gestao_click.clientes": 1})
    assert read(reach, "clientes")["nome"] is None
    assert ponte("export", "--cpf", "52998224725").exit_code == 1
    told = ponte("requests").stdout.splitlines()
    assert [line.split()[3] for line in told] == ["export", "erase", "export"]
    assert "Rita: gestao_click.clientes 1" in told[-1]
    assert ponte("lift", "--cpf", "52998224725").exit_code == 0
    assert ponte("lift", "--cpf", "52998224725").exit_code == 1
    assert isinstance(ponte("export").exception, Misuse)


def test_the_pairs_of_a_persons_records_are_given_with_what_was_decided(stage: Stage) -> None:
    with stage.ground.reach.engine.begin() as connection:
        ids = {one.provider: one.id for one in integrations.all_of(connection)}
        pair = {
            "integration_id": ids["kommo"],
            "resource": "kommo.contacts",
            "erp_integration_id": ids["gestao-click"],
            "erp_resource": "gestao_click.clientes",
            "state": "doubtful",
            "strength": 0.5,
            "facts": [],
            "why": "the same phone",
        }
        for contact, client in ((str(PAULO), CLIENT), (str(PAULO), "0"), ("0", "0")):
            row = {**pair, "record": contact, "erp_record": client, "verdict": "accepted"}
            connection.execute(insert(matches).values(row))
    pairs = [each for each in stage.export()["pairs"] if each["of"] == "matches"]
    assert [(p["record"], p["erp_record"]) for p in pairs] == [
        (str(PAULO), CLIENT),
        (str(PAULO), "0"),
    ]
    assert {p["verdict"] for p in pairs} == {"accepted"}
