"""Both vendors in a box: the world, two servers, life, webhooks, control, in this process."""

from pathlib import Path
from typing import Any

from sandbox import tokens
from sandbox.control import Control
from sandbox.door import Door
from sandbox.faults import Faults
from sandbox.gestao_click.actions import GestaoClickActions
from sandbox.gestao_click.api import GestaoClickApi
from sandbox.gestao_click.books import books
from sandbox.gestao_click.business import Trade
from sandbox.gestao_click.seed import seed_gestao_click
from sandbox.gestao_click.vendor import GestaoClick
from sandbox.http import Server
from sandbox.kommo.account import settle
from sandbox.kommo.actions import KommoActions
from sandbox.kommo.acts import Acts
from sandbox.kommo.api import KommoApi
from sandbox.kommo.grants import Grants
from sandbox.kommo.moved import Moved
from sandbox.kommo.seed import seed_kommo
from sandbox.kommo.vendor import Kommo
from sandbox.life import Life
from sandbox.options import Options
from sandbox.records import Json, Key, key_of
from sandbox.state import StateFile
from sandbox.webhooks.courier import Courier
from sandbox.webhooks.notifier import Notifier
from sandbox.webhooks.storm import Storm, rage
from sandbox.webhooks.subscriptions import Subscriptions
from sandbox.world import World


class Sandbox:
    """`box = Sandbox(leads=50, seed=1); box.start(); box.kommo_url ...; box.stop()`.

    Keyword arguments are those of Options. `box.kommo` and `box.gestao_click` do what people do
    there (change, create, delete, restore, merge, pay); `box.acts.do("leads.move")` does anything
    by name; `box.faults`, `box.life`, `box.storm`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        gestao_click_port: int = 0,
        state: Path | None = None,
        fixtures: Path | None = None,
        kommo_token: str | None = None,
        **options: Any,
    ) -> None:
        self.options = Options(**options)
        self.world = World(self.options, fixtures)
        self.state = StateFile(state, self.world) if state else None
        own = tokens.kommo_token(self.options.seed, self.options.account_id)
        self.kommo_token = kommo_token or own
        self.grants = Grants(self.options)
        self.gestao_click_tokens = tokens.gestao_click_tokens(self.options.seed)
        self.faults = Faults(self.options.seed)
        self.subscriptions = Subscriptions(self.world)
        self.courier = Courier(self.options, self.subscriptions)
        self.kommo = KommoActions(
            self.world, Notifier(self.world, self.subscriptions, self.courier)
        )
        self.acts = Acts(self.kommo)
        self.gestao_click = GestaoClickActions(self.world)
        self.trade = Trade(self.world, self.gestao_click)
        self.life = Life(self.world, self.acts, self.trade)
        self._left: list[Server] = []
        """Former addresses of a renamed account."""
        self._started = False
        self._open_doors(port, gestao_click_port)

    def _open_doors(self, port: int, gestao_click_port: int) -> None:
        world, control = self.world, Control(self)
        kommo = Kommo(
            KommoApi(world, self.subscriptions), self.options, self.grants, self.kommo_token
        )
        self._erp = GestaoClick(GestaoClickApi(world), self.options, self.gestao_click_tokens)
        self.doors = {
            "kommo": Door(world, kommo, self.faults, control, self.kommo.delete),
            "gestao-click": Door(world, self._erp, self.faults, control, self.gestao_click.delete),
        }
        self._servers = {
            "kommo": Server(self.doors["kommo"], port),
            "gestao-click": Server(self.doors["gestao-click"], gestao_click_port),
        }

    def rename(self, subdomain: str, answer: int = 401) -> str:
        """The account moves to another address (its new URL); the old one answers 401, 404 or 302."""
        self._servers["kommo"].app = Moved(self.doors["kommo"], answer)
        self._left.append(self._servers["kommo"])
        self._servers["kommo"] = Server(self.doors["kommo"])
        self._servers["kommo"].start()
        self.options.subdomain = subdomain
        self.options.oauth_referer = self.kommo_url.removeprefix("http://")
        settle(self.world)
        return self.kommo_url

    @property
    def kommo_url(self) -> str:
        return self._servers["kommo"].url

    @property
    def gestao_click_url(self) -> str:
        return self._servers["gestao-click"].url

    def start(self) -> "Sandbox":
        """Build the world, or go on with the saved one; then serve."""
        head = self.state.load() if self.state else None
        self._started = True
        if head is None:
            seed_kommo(self.world)
            seed_gestao_click(self.world)
        else:
            self._resume(head)
        settle(self.world)
        for server in self._servers.values():
            server.start()
        self.life.start()
        if self.state:
            self.state.keep_saving(self._head)
        return self

    def stop(self) -> None:
        self.life.stop()
        for door in self.doors.values():
            door.closing.set()
        for server in (*self._servers.values(), *self._left):
            server.stop()
        self.courier.stop()
        self.acts.held.release()
        if self.state and self._started:
            self.state.stop()
            self.state.save(self._head())

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def advance(self, seconds: float) -> None:
        """The sandbox's clock moves on by so much at once."""
        self.world.set_clock(self.world.clock() + seconds)

    def books(self) -> Json:
        """What the ERP's titles add up to today (gestao_click/books.py)."""
        return books(self.world)

    def public(self) -> Json:
        """What a client needs to know; the line printed when ready."""
        access, secret = self.gestao_click_tokens
        return {
            "kommo_url": self.kommo_url,
            "gestao_click_url": self.gestao_click_url,
            "kommo_token": self.kommo_token,
            "gestao_click_access_token": access,
            "gestao_click_secret_token": secret,
            "account_id": self.options.account_id,
        }

    def stats(self) -> Json:
        doors = {vendor: door.stats.public() for vendor, door in self.doors.items()}
        with self.doors["gestao-click"].turn:
            doors["gestao-click"]["day"] = self._erp.used()
        return {**doors, "webhooks": self.courier.public()}

    def reset_stats(self) -> None:
        for door in self.doors.values():
            door.stats.reset()
        self.courier.reset()

    def storm(self, storm: Storm) -> Json:
        return rage(storm, self.world, self.kommo, self.courier, self.subscriptions)

    def truth(self, vendor: str, name: str) -> list[Json]:
        """All live records of a list, in full."""
        with self.world.lock:
            table = self.world.table(vendor, name)
            return [table.live[key].open() for key in table.ids]

    def plant(self, vendor: str, name: str, record: Any, hidden: Json | None = None) -> Key:
        """Put a record into a list as is, however wrong it is (for rejects)."""
        with self.world.lock:
            table = self.world.table(vendor, name)
            key = key_of(record.get(table.spec.id_field)) if isinstance(record, dict) else None
            texts = any(isinstance(known, str) for known in table.ids[:1])
            if not isinstance(key, str if texts else int):
                key = f"planted-{len(table.ids)}" if texts else table.next_id()
            table.put(table.plant(key, record, hidden))
            self.world.changed()
        return key

    def _head(self) -> Json:
        cut = self.world.clock() - 86400
        return {
            "ahead": self.options.ahead,
            "trade": self.trade.kept(),
            "deliveries": self.courier.waiting(),
            "grants": self.grants.kept(),
            "gestao_click_day": [t for t in list(self._erp.day.times) if t > cut],
        }

    def _resume(self, head: Json) -> None:
        self.options.ahead = head.get("ahead", self.options.ahead)
        self.trade.resume(head.get("trade", {}))
        self._erp.day.times.extend(head.get("gestao_click_day", []))
        self.grants.resume(head.get("grants", {}))
        self.courier.take_up(head.get("deliveries", []))
