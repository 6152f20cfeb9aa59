"""Titles and invoices tied to sales, service orders and purchases: how sure, and why; nothing guessed."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text

from shared.db.mirror import child_table, rows_table
from shared.resources import BY_NAME
from tests.ground import Ground
from worker.reach import Reach

DAY = date(2026, 6, 10)
STORE, OTHER = "90001", "90002"
PARENTS = {"vendas": "venda_id", "ordens_servicos": "ordem_servico_id", "compras": "compra_id"}
Found = list[tuple[str | None, str | None, str, str | None]]


class Books:
    """A mirror that is written by hand."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach

    def put(self, name: str, **row: Any) -> None:
        table = rows_table(BY_NAME[f"gestao_click.{name}"])
        common = {"integration_id": 1, "raw": {}, "changed_at": func.now()}
        self._run(insert(table).values(**{**common, **row}))

    def document(
        self, name: str, id_: str, codigo: str, *instalments: tuple[int, str], **more: Any
    ) -> None:
        """instalments: (days after DAY, amount); without any it is due on its day."""
        amounts = [Decimal(amount) for _, amount in instalments]
        usual = {"loja_id": STORE, "valor_total": sum(amounts)}
        party = {"fornecedor_id": "8"} if name == "compras" else {"cliente_id": "7"}
        day = {"data_emissao" if name == "compras" else "data": DAY}
        self.put(name, id=id_, codigo=codigo, **{**usual, **party, **day, **more})
        resource = BY_NAME[f"gestao_click.{name}"]
        child = next(one for one in resource.children if one.name == "pagamentos")
        for ordem, (days, amount) in enumerate(instalments, 1):
            due = {"data_vencimento": DAY + timedelta(days=days), "valor": Decimal(amount)}
            own = {
                "integration_id": more.get("integration_id", 1),
                PARENTS[name]: id_,
                "ordem": ordem,
            }
            self._run(insert(child_table(resource, child)).values(**own, **due))

    def title(
        self,
        id_: str,
        said: str | None,
        value: str,
        days: int = 0,
        list_: str = "recebimentos",
        **more: Any,
    ) -> None:
        party = {"fornecedor_id": "8"} if list_ == "pagamentos" else {"cliente_id": "7"}
        due = {"data_vencimento": DAY + timedelta(days=days), "valor": Decimal(value)}
        self.put(list_, id=id_, descricao=said, **{"loja_id": STORE, **party, **due, **more})

    def found(
        self, id_: str = "1", view: str = "titulos_documentos", key: str = "titulo_id"
    ) -> Found:
        asked = (
            f"select documento, documento_id, certeza, motivo from reports.{view} "
            f"where {key} = :id order by documento, documento_id"
        )
        with self.reach.engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(asked), {"id": id_})]

    def invoice(self, id_: str) -> Found:
        return self.found(id_, "notas_documentos", "nota_id")

    def _run(self, statement: Any) -> None:
        with self.reach.engine.begin() as connection:
            connection.execute(statement)


@pytest.fixture
def books(reach: Reach) -> Books:
    return Books(reach)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("Venda de nº 1002", "v:1002"),
        ("Venda de nº 1002 (1/2)", "v:1002"),
        ("VENDA DE N° 1.002", "v:1002"),
        ("venda\u00a0de\u00a0nº\u00a01.234.567 (2/2)", "v:1234567"),
        ("Venda n. 7", "v:7"),
        ("Venda de n.º 0007.", "v:7"),
        ("venda de no 7", "v:7"),
        ("Venda de número 7", "v:7"),
        ("Ordem de serviço de nº 501", "o:501"),
        ("ORDEM DE SERVIÇO DE Nº 501", "o:501"),
        ("ordem de servico nº 501", "o:501"),
        ("Compra de nº 395 (1/2)", "c:395"),
        ("Ref. à venda de nº 8", "v:8"),
        ("Vendas do dia 10", None),
        ("Revenda de nº 10", None),
        ("Venda de nº 1.0021", None),
        ("Venda de nº", None),
        ("Aluguel", None),
        ("", None),
        (None, None),
    ],
)
def test_a_text_names_a_document_however_it_is_written(
    reach: Reach, said: str | None, key: str | None
) -> None:
    asked = select(func.reports.documento_do_texto(said))
    with reach.engine.begin() as connection:
        assert connection.scalar(asked) == key


def test_one_document_that_agrees_in_all_is_certain(books: Books) -> None:
    books.document("vendas", "50", "1002", (0, "10.00"), (30, "10.01"))
    books.title("1", "Venda de nº 1.002 (2/2)", "10.01", days=30)
    assert books.found() == [("vendas", "50", "certa", None)]
    books.document("ordens_servicos", "60", "1002", (0, "5"))
    books.title("2", "Ordem de serviço de nº 1002", "5")
    assert books.found("2") == [("ordens_servicos", "60", "certa", None)]
    books.document("compras", "70", "395", (0, "5"))
    books.title("3", "Compra de nº 395", "5", list_="pagamentos")
    assert books.found("3") == [("compras", "70", "certa", None)]


def test_a_document_without_instalments_is_due_on_its_day(books: Books) -> None:
    books.document("vendas", "50", "9", valor_total=Decimal("12.5"))
    books.title("1", "Venda de nº 9", "12.50")
    books.title("2", "Venda de nº 9", "12.50", days=1, loja_id=None)
    assert books.found("1") == [("vendas", "50", "certa", None)]
    assert books.found("2")[0][2] == "provavel"


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ({"cliente_id": "8"}, "cliente"),
        ({"cliente_id": None}, "cliente"),
        ({"loja_id": OTHER}, "loja"),
        ({"days": 3}, "vence nesse dia"),
        ({"value": "9.99"}, "nenhuma parcela tem esse valor"),
        ({"said": "Devolução da venda de nº 9"}, "diz mais"),
    ],
)
def test_what_differs_makes_it_likely_and_is_said(
    books: Books, title: dict[str, Any], why: str
) -> None:
    books.document("vendas", "50", "9", (0, "10"))
    usual = {"said": "Venda de nº 9", "value": "10"}
    books.title("1", **{**usual, **title})
    ((document, id_, sure, reason),) = books.found()
    assert (document, id_, sure) == ("vendas", "50", "provavel")
    assert reason
    assert why in reason


def test_a_number_that_repeats_is_decided_by_store_and_then_by_instalments(books: Books) -> None:
    books.document("vendas", "50", "9", (0, "10"), tipo="produto")
    books.document("vendas", "51", "9", (0, "20"), tipo="servico")
    books.document("vendas", "52", "9", (0, "10"), loja_id=OTHER)
    books.title("1", "Venda de nº 9", "20")
    ((_, id_, sure, reason),) = books.found("1")
    assert (id_, sure) == ("51", "certa")
    assert reason == "2 do mesmo número concorda(m) menos"
    books.title("2", "Venda de nº 9", "10", loja_id=OTHER)
    assert books.found("2")[0][1:3] == ("52", "certa")


def test_a_postponed_title_is_told_apart_by_the_sum_and_the_party(books: Books) -> None:
    books.document("vendas", "50", "9", (0, "10"), (30, "11"))
    books.document("vendas", "51", "9", (0, "12"), (30, "13"))
    books.title("1", "Venda de nº 9 (1/2)", "10.50", days=9)
    books.title("2", "Venda de nº 9 (2/2)", "10.50", days=40)
    ((_, id_, sure, reason),) = books.found("1")
    assert (id_, sure) == ("50", "provavel")
    assert reason
    assert "soma" in reason
    books.document("vendas", "60", "10", (0, "1"))
    books.document("vendas", "61", "10", (0, "2"), cliente_id="99")
    books.title("3", "Venda de nº 10", "3", cliente_id="99")
    assert books.found("3")[0][1:3] == ("61", "provavel")


def test_what_cannot_be_decided_lists_all_and_chooses_none(books: Books) -> None:
    books.document("vendas", "50", "9", (0, "10"), tipo="produto")
    books.document("vendas", "51", "9", (0, "10"), tipo="servico")
    books.title("1", "Venda de nº 9", "10")
    said = "2 documentos concordam igualmente"
    assert books.found() == [("vendas", id_, "ambigua", said) for id_ in ("50", "51")]


def test_what_is_not_there_is_said(books: Books) -> None:
    books.document("vendas", "50", "9", (0, "10"), deleted_at=DAY)
    books.document("ordens_servicos", "60", "9", (0, "10"))
    books.title("1", "Venda de nº 9", "10")
    books.title("2", "Aluguel", "10")
    books.title("3", None, "10")
    ((document, id_, sure, reason),) = books.found("1")
    assert (document, id_, sure) == ("vendas", None, "nenhuma")
    assert reason
    assert "9" in reason
    for number in ("2", "3"):
        assert books.found(number) == [
            (None, None, "nenhuma", "o texto não nomeia nenhum documento")
        ]


def test_another_accounts_document_is_none_of_ours(books: Books) -> None:
    books.document("vendas", "50", "9", (0, "10"), integration_id=2)
    books.title("1", "Venda de nº 9", "10")
    assert books.found()[0][2] == "nenhuma"


def test_an_invoice_names_an_id_of_one_of_two_lists_and_what_agrees_decides(books: Books) -> None:
    books.document("vendas", "50", "9", (0, "10"))
    books.document("ordens_servicos", "50", "3", (0, "99"))
    invoice = {"loja_id": STORE, "destinatario_id": "7"}
    books.put(
        "notas_fiscais_produtos", id="1", pedido_id="50", valor_total_nf=Decimal(10), **invoice
    )
    ((document, id_, sure, reason),) = books.invoice("1")
    assert (document, id_, sure) == ("vendas", "50", "certa")
    assert reason
    assert "outra lista" in reason
    books.put(
        "notas_fiscais_produtos", id="2", pedido_id="50", valor_total_nf=Decimal(1), **invoice
    )
    assert [row[:3] for row in books.invoice("2")] == [
        ("ordens_servicos", "50", "ambigua"),
        ("vendas", "50", "ambigua"),
    ]
    service = {"loja_id": STORE, "destinatario_id_cliente": "7", "valor_total": Decimal(99)}
    books.put("notas_fiscais_servicos", id="3", pedido_id="50", **service)
    assert books.invoice("3")[0][:3] == ("ordens_servicos", "50", "certa")
    books.document("compras", "70", "395", (0, "5"))
    books.put(
        "notas_fiscais_produtos", id="4", compra_id="70", loja_id=STORE, valor_total_nf=Decimal(5)
    )
    assert books.invoice("4") == [("compras", "70", "certa", None)]
    books.put("notas_fiscais_consumidores", id="5", loja_id=STORE)
    assert books.invoice("5")[0][2] == "nenhuma"


def test_the_receivables_of_a_sandboxs_shop_find_their_sales(ground: Ground) -> None:
    """By the shop's own word: which sale a title is of is known to it alone, here by the sale's `codigo`."""
    for name in ("vendas", "recebimentos"):
        assert ground.sync(BY_NAME[f"gestao_click.{name}"])["state"] == "done"
    titles = ground.box.truth("gestao-click", "recebimentos")
    numbers = {one["id"]: one["codigo"] for one in ground.box.truth("gestao-click", "vendas")}

    def read(connection: Connection) -> list[Any]:
        asked = "select titulo_id, documento_id, certeza from reports.titulos_documentos"
        return list(connection.execute(text(asked)))

    rows = ground.run(read)
    assert {row.titulo_id for row in rows} == {title["id"] for title in titles}
    said = {title["id"]: str(title["descricao"]) for title in titles}
    certain = [row for row in rows if row.certeza == "certa"]
    assert len(certain) > 10
    for row in certain:
        assert f"Venda de nº {numbers[row.documento_id]}" in said[row.titulo_id]
    named = {id_ for id_, text_ in said.items() if text_.startswith("Venda de nº")}
    assert named == {row.titulo_id for row in rows if row.documento_id}
