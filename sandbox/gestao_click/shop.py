"""What a sale is put together from: stores, buyers, wares, the next code of each store."""

from sandbox.gestao_click.trade import Account, Buyer, Store, Ware
from sandbox.records import Json
from sandbox.world import World

VENDOR = "gestao-click"
FIRST_CODE = 1101


class Shop:
    def __init__(self, world: World) -> None:
        self.world = world
        self.stores = self._stores() or [Store("", "")]
        self.buyers = [Buyer(c["id"], c["nome"]) for c in self._all("clientes")] or [Buyer()]
        self.wares = [
            Ware(int(p["id"]), p["nome"], int(p["valor_venda"].replace(".", "")))
            for p in self._all("produtos")
        ]
        self._codes = self._used_codes()

    def store(self, key: str) -> Store:
        return next((s for s in self.stores if s.key == key), self.stores[0])

    def next_code(self, store: Store) -> int:
        """Each store counts for itself: the same codigo twice (gestaoclick-api.md 10.15)."""
        self._codes[store.key] = self._codes.get(store.key, FIRST_CODE - 1) + 1
        return self._codes[store.key]

    def _stores(self) -> list[Store]:
        """They share the bank accounts that there are; counter sales go to the cash box."""
        accounts = [Account(a["id"], a["nome"]) for a in self._all("contas_bancarias")]
        accounts = accounts or [Account()]
        box = next((a for a in accounts if a.name.startswith("Caixa")), accounts[-1])
        return [
            Store(store["id"], store["nome"], accounts[number % len(accounts)], box)
            for number, store in enumerate(self._all("lojas"))
        ]

    def _used_codes(self) -> dict[str, int]:
        """The code of the newest sale of each store: they are given in rising order."""
        if not self.world.has(VENDOR, "vendas"):
            return {}
        table = self.world.table(VENDOR, "vendas")
        used: dict[str, int] = {}
        for store in self.stores:
            keys = table.shelves.between("", "9999-12-31", store.key)
            last = max((key for key in keys if not table.live[key].planted), default=None)
            code = table.live[last].open()["codigo"] if last is not None else ""
            used[store.key] = max(int(code), FIRST_CODE - 1) if code.isdecimal() else FIRST_CODE - 1
        return used

    def _all(self, name: str) -> list[Json]:
        if not self.world.has(VENDOR, name):
            return []
        table = self.world.table(VENDOR, name)
        return [r.open() for r in (table.live[key] for key in table.ids) if not r.planted]
