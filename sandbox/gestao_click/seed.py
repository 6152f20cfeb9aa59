"""The seeded ERP: clients, products, sales of the last months, their titles, payables.

Some clients are people of the Kommo world (same number = same phone, CPF, e-mail). Awkward rows
are spread by remainder: 0000-00-00, "" against null, counter sales without client, inactive
clients, overdue and prepaid titles, ids shared by recebimentos and pagamentos.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from sandbox.dealings import Dealings
from sandbox.gestao_click import blank
from sandbox.gestao_click.clock import stamp, today
from sandbox.gestao_click.money import parts
from sandbox.gestao_click.seed_documents import Documents
from sandbox.gestao_click.shop import Shop
from sandbox.gestao_click.trade import (
    CANCELLED,
    Buyer,
    Extras,
    Order,
    fees,
    make_sale,
    paid,
    titles_of,
)
from sandbox.people import FIRST_CLIENT, cnpj, firm_name, person
from sandbox.records import Json, Record
from sandbox.world import World, fixture_records

VENDOR = "gestao-click"
DAY = 86400
FIRST_PRODUCT, FIRST_SALE, FIRST_TITLE = 80101, 51001, 45101
STRANGERS = 5_000_000
"""Numbers of people who are not in Kommo."""
KINDS = ("produto",) * 6 + ("servico",) * 2 + ("vendas_balcao",) * 2
GOODS = ("Halter", "Camiseta", "Colchonete", "Corda", "Garrafa", "Luva", "Tênis", "Faixa")
BILLS = (("Aluguel", "30011"), ("Energia", "30011"), ("Compra de mercadorias", "30012"))
ADDRESS = {
    "endereco": {
        "cep": "01000-000",
        "logradouro": "Rua Exemplo",
        "numero": "10",
        "complemento": "",
        "bairro": "Centro",
        "cidade_id": "1411",
        "nome_cidade": "Belo Horizonte",
        "estado": "MG",
    }
}
SETTLED = timedelta(days=30)
"""Titles due earlier are paid, but for the share `open_titles`."""
OLD_OPEN = 0.005
"""Share of the sales older than that which are still open."""
MANY_CLIENTS, MANY_PAYABLES = 20, 10
"""Where `sales` is given: one client for so many sales, one payable."""


def seed_gestao_click(world: World) -> None:
    for (vendor, name), fixture in world.fixtures.items():
        if vendor == VENDOR:
            table = world.table(vendor, name)
            table.fill(fixture_records(fixture, table))
    Builder(world).build()


class Builder:
    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = Random(world.options.seed + 1)
        self.now = world.started_at
        self.today = today(self.now)
        self.days = max(1, world.options.months * 30)
        leads, sales = world.options.leads, world.options.sales or 0
        self.clients = max(leads // 2, sales // MANY_CLIENTS)
        self.products = min(500, max(leads // 5, sales // 100))
        self.payables = max(1, leads * 3 // 10, sales // MANY_PAYABLES)
        self.open_seen = 0

    def build(self) -> None:
        options = self.world.options
        self.open_stores(options.stores)
        self.stores = Shop(self.world).stores
        self.fill("clientes", self.clients, self.client)
        self.fill("produtos", self.products, self.product)
        sales = options.leads * 6 // 10 if options.sales is None else options.sales
        self.sales(sales)
        self.fill("pagamentos", self.payables, self.payable)
        Documents(self.world, self.days, self.settle).build(sales)

    def open_stores(self, count: int) -> None:
        if not self.world.has(VENDOR, "lojas"):
            return
        table = self.world.table(VENDOR, "lojas")
        for number in range(len(table.ids), count):
            name = f"Filial {number} Exemplo (sandbox)"
            table.put(table.make({"id": str(table.next_id()), "nome": name}))

    def fill(self, name: str, count: int, make: Callable[[int], Json]) -> None:
        if self.world.has(VENDOR, name):
            table = self.world.table(VENDOR, name)
            missing = max(0, count - len(table.ids))
            table.fill([table.make(make(number)) for number in range(missing)])

    def at(self, number: int) -> str:
        return stamp(self.now - (self.days - number % self.days) * DAY - number % 3600)

    def client(self, number: int) -> Json:
        """Six in ten are people of Kommo's contacts."""
        key = FIRST_CLIENT + number
        if number % 11 == 4:
            return self.firm(key, number)
        who = person(number if number % 10 < 6 else STRANGERS + number)
        record = blank.client(
            key,
            self.at(number),
            nome=who.name,
            cpf=who.cpf,
            celular=who.local_phone,
            email=who.email if number % 3 else "",
            data_nascimento=f"19{60 + number % 40}-05-{1 + number % 28:02d}",
            enderecos=[ADDRESS] if number % 2 else [],
        )
        return record | self.awkward_client(number)

    def firm(self, key: int, number: int) -> Json:
        name = firm_name(number)
        more = {"tipo_pessoa": "PJ", "nome": name, "razao_social": name, "cnpj": cnpj(number)}
        return blank.client(key, self.at(number), inscricao_estadual="ISENTO", **more)

    def awkward_client(self, number: int) -> Json:
        if number % 17 == 3:
            return {"ativo": "0"}
        if number % 19 == 5:
            return {"cpf": None, "email": None, "rg": None, "data_nascimento": None, "fax": None}
        if number % 23 == 7:
            return {"data_nascimento": "0000-00-00", "celular": "", "telefone": "recado c/ vizinha"}
        return {}

    def product(self, number: int) -> Json:
        price = self.rng.randrange(50_000, 3_000_000) if number % 3 else 333_333
        return blank.product(
            FIRST_PRODUCT + number,
            self.at(number),
            parts(price // 2),
            parts(price),
            nome=f"{GOODS[number % len(GOODS)]} Exemplo {number}",
            codigo_interno=f"{number + 10:04d}",
            codigo_barra=f"{2_000_000_000_000 + number}" if number % 2 else "",
            estoque=self.rng.randrange(0, 90),
            descricao="linha 1\r\nlinha 2" if number % 7 == 2 else "",
            ativo="0" if number % 29 == 6 else "1",
        )

    def sales(self, count: int) -> None:
        if not (self.world.has(VENDOR, "vendas") and self.world.has(VENDOR, "recebimentos")):
            return
        table = self.world.table(VENDOR, "vendas")
        titles = self.world.table(VENDOR, "recebimentos")
        shop, dealings = Shop(self.world), Dealings(self.world)
        missing = max(0, count - len(table.ids))
        made: list[Record] = []
        due: list[Record] = []
        asked: dict[tuple[str, str], Json] = {}
        for number in range(missing):
            order = self.order(shop, number, missing)
            counter = order.kind == "vendas_balcao"
            deal = None if counter or order.situation == CANCELLED else dealings.due(order.day)
            order = replace(order, buyer=deal.buyer) if deal else order
            sale = make_sale(self.rng, order, shop.wares)
            if deal:
                dealings.sold(deal, sale)
            hidden: Json = {"tipo": order.kind, "loja_id": order.store.key}
            hidden = asked.setdefault((order.kind, order.store.key), hidden)
            made.append(table.make(sale, hidden | {"lead_id": deal.lead} if deal else hidden))
            if order.situation == CANCELLED:
                continue
            for title in titles_of(sale, order.store, FIRST_TITLE + len(due)):
                due.append(titles.make(self.settle(title), {"venda_id": sale["id"]}))
        table.fill(made)
        titles.fill(due)

    def order(self, shop: Shop, number: int, count: int) -> Order:
        """Evenly over the months, rising with the id; one in four not in the head office."""
        back = (self.days - 1) * (count - number) // max(1, count)
        day = self.today - timedelta(days=back)
        kind = KINDS[number % len(KINDS)]
        branches = shop.stores[1:] or shop.stores
        store = branches[number // 4 % len(branches)] if number % 4 == 3 else shop.stores[0]
        buyer = Buyer() if kind == "vendas_balcao" else self.rng.choice(shop.buyers)
        at = f"{day.isoformat()} {9 + number % 9:02d}:{number % 60:02d}:00"
        code, state = shop.next_code(store), self.situation(number, day)
        return Order(FIRST_SALE + number, code, day, at, kind, store, buyer, state)

    def situation(self, number: int, day: date) -> str:
        """One in fifty is cancelled; of the new ones some are open, of the old ones few."""
        if number % 50 == 27:
            return CANCELLED
        open_ = self.rng.random() < (0.1 if self.today - day < SETTLED else OLD_OPEN)
        return self.rng.choice(("60001", "60003")) if open_ else "60002"

    def settle(self, title: Json) -> Json:
        """Paid on time, late or in advance; open and overdue; open and not yet due."""
        due = date.fromisoformat(title["data_vencimento"])
        chance = self.rng.random()
        if due > self.today:
            early = self.today - timedelta(days=1)
            born = date.fromisoformat(title["cadastrado_em"][:10])
            return self.pay(title, max(early, born)) if chance < 0.05 else self.left_open(title)
        settled = due < self.today - SETTLED
        if chance < (self.world.options.open_titles if settled else 0.15):
            return self.left_open(title)
        late = timedelta(days=self.rng.randrange(0, 9)) if chance > 0.85 else timedelta(0)
        return self.pay(title, min(due + late, self.today), 250 if late else 0)

    def left_open(self, title: Json) -> Json:
        """One in three with null instead of ""."""
        self.open_seen += 1
        return title if self.open_seen % 3 else {**title, "data_liquidacao": None}

    def pay(self, title: Json, day: date, interest: int = 0) -> Json:
        extras = Extras(interest=interest, **fees(title))
        return paid(title, day.isoformat(), f"{day.isoformat()} 18:00:00", extras)

    def payable(self, number: int) -> Json:
        """From the first month to three months ahead; ids from 45101 on, as the receivables'."""
        text, account = BILLS[number % len(BILLS)]
        back = max(30, self.days - 30)
        due = self.today + timedelta(days=number * (back + 90) // self.payables - back)
        store = self.stores[0 if number % 5 else -1]
        born = min(due - timedelta(days=20), self.today)
        title = blank.title(
            FIRST_TITLE + number,
            8100 + number,
            f"{text} {number}",
            self.rng.randrange(5_000, 500_000),
            due.isoformat(),
            f"{born.isoformat()} 09:30:01",
            plano_contas_id=account,
            nome_plano_conta=blank.CATEGORIES[account],
            entidade="F",
            fornecedor_id="71001",
            nome_fornecedor="Alfa Comercio Exemplo",
            conta_bancaria_id=store.bank.key,
            nome_conta_bancaria=store.bank.name,
            loja_id=store.key,
            nome_loja=store.name,
        )
        return self.settle(title)
